"""The summary for admins: whether data comes in, messages go out, and who there is."""

from collections.abc import Mapping

from sqlmodel import Session

from domain.criteria import Criteria
from domain.people import Role
from handlers import words
from handlers.addresses import join, pack
from handlers.heatmap import DEFAULT as HEATMAP_DEFAULT
from handlers.manager_morning import import_line
from handlers.people import PEOPLE
from handlers.risk_list import LIST
from handlers.screens import Screen, Visit, button
from storage import lately
from storage.lately import Import, People


async def summary(visit: Visit) -> Screen:
    """A few facts on how the program does."""
    imported, pushes, people = await visit.desk.store.read(_read, visit)
    lines = [
        import_line(visit, imported) if imported else "No import in the last 30 days",
        _deliveries_line(pushes),
        *_people_lines(people),
    ]
    buttons = [
        [button("People", join(PEOPLE, 0))],
        [
            button("Risk list", join(LIST, pack(Criteria()), 0)),
            button("Heatmap", HEATMAP_DEFAULT),
        ],
    ]
    return Screen("\n".join(lines), buttons)


def _read(session: Session, visit: Visit) -> tuple[Import | None, Mapping[str, int], People]:
    now = visit.desk.clock.now()
    return (
        lately.last_import(session, now),
        lately.deliveries(session, now),
        lately.people(session),
    )


def _deliveries_line(pushes: Mapping[str, int]) -> str:
    """`Last 24 hours: 120 messages delivered, 2 not delivered, 3 still waiting`."""
    sent = words.count(pushes.get("sent", 0), "message")
    failed = words.number(pushes.get("failed", 0))
    waiting = words.number(pushes.get("waiting", 0) + pushes.get("sending", 0))
    return f"Last 24 hours: {sent} delivered, {failed} not delivered, {waiting} still waiting"


def _people_lines(people: People) -> list[str]:
    """`24 people: 10 staff, 12 managers, 2 admins`, and who of them cannot be told anything."""
    total = words.count(sum(people.roles.values()), "person", "people")
    of_role = [
        f"{words.number(people.roles.get(Role.STAFF, 0))} staff",
        words.count(people.roles.get(Role.MANAGER, 0), "manager"),
        words.count(people.roles.get(Role.ADMIN, 0), "admin"),
    ]
    lines = [f"{total}: {', '.join(of_role)}"]
    if people.suspended or people.unreachable:
        suspended, unreachable = words.number(people.suspended), words.number(people.unreachable)
        lines.append(f"{suspended} suspended, {unreachable} unreachable")
    return lines
