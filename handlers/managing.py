"""The presses by which an admin changes what a member may do."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from domain.membership import Obstacle
from domain.people import Right, Role
from handlers import menus, words
from handlers.addresses import UnknownAddress, whole
from handlers.department_choice import read_change
from handlers.people import choose_places, member, you
from handlers.screens import Answer, Screen, Visit
from storage import membership, people

SUSPENDED_ONESELF: Final = "You have suspended yourself. Another admin can reinstate you."


async def set_role(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Give a member another role: who, which, the list's page."""
    key, role, page = whole(arguments[0]), arguments[1], whole(arguments[2])
    if role not in list(Role):
        raise UnknownAddress(role)
    obstacle = await visit.desk.store.write(
        membership.change_role, visit.member, key, Role(role), visit.desk.clock.now()
    )
    return await _done(visit, (key, page), obstacle, f"Now {role}.")


async def set_places(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Change a member's departments: who, what, department, page, the list's page."""
    key, page, back = whole(arguments[0]), whole(arguments[3]), whole(arguments[4])
    department_id, in_it = read_change(arguments[1:3])
    obstacle = await visit.desk.store.write(
        membership.change_departments,
        visit.member,
        key,
        department_id,
        in_it=in_it,
        now=visit.desk.clock.now(),
    )
    return Answer(
        await choose_places(visit, [str(key), str(page), str(back)]), words.why_not(obstacle)
    )


async def suspend(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Suspend a member: who, the list's page."""
    key, page = whole(arguments[0]), whole(arguments[1])
    obstacle = await visit.desk.store.write(
        membership.suspend, visit.member, key, visit.desk.clock.now()
    )
    return await _done(visit, (key, page), obstacle, "Suspended.")


async def reinstate(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Reinstate a member: who, the list's page."""
    key, page = whole(arguments[0]), whole(arguments[1])
    obstacle = await visit.desk.store.write(
        membership.reinstate, visit.member, key, visit.desk.clock.now()
    )
    return await _done(visit, (key, page), obstacle, "Reinstated.")


async def _done(
    visit: Visit, here: tuple[int, int], obstacle: Obstacle | None, said: str
) -> Answer:
    """The member's screen again, with the menu of whom it concerns set right."""
    if obstacle is None:
        visit.desk.changed.set()
        await menus.follow(visit.desk, here[0])
    return Answer(await _left_to(visit, *here), words.why_not(obstacle) or said)


async def _left_to(visit: Visit, member_id: int, page: int) -> Screen:
    """The screen of the member, or what is left to admins who have changed themselves."""
    actor = await visit.desk.store.read(people.member_by_id, visit.member.id)
    if actor is None:
        return Screen(SUSPENDED_ONESELF)
    if not actor.may(Right.PEOPLE):
        return await you(replace(visit, member=actor), [])
    return await member(visit, [str(member_id), str(page)])
