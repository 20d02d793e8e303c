"""Members: who somebody is, and who holds a right."""

from collections.abc import Sequence
from itertools import product

from sqlmodel import Session

from domain.clock import HandClock
from domain.people import Right, Role
from storage import people, risk
from storage.store import Store
from storage.tables import MemberRow
from tests.hmo import join


def test_a_suspended_member_is_nobody(store: Store, clock: HandClock) -> None:
    noa = join(store, Role.MANAGER, 1, "Noa", clock.now())
    suspend(store, noa.id)
    assert store.read_now(people.member_by_telegram, 1) is None
    assert store.read_now(people.member_by_id, noa.id) is None
    assert store.read_now(people.members_with, Right.DECIDE, 1) == []


def test_whoever_holds_a_right_in_a_department_is_found(store: Store, clock: HandClock) -> None:
    places: Sequence[tuple[str, ...]] = ((), ("Cardiology",), ("Eyes",))
    for number, (role, where) in enumerate(product(Role, places), 1):
        join(store, role, number, f"{role} of {'+'.join(where) or 'all'}", clock.now(), where)
    names = {name: key for key, name in store.read_now(risk.departments).items()}
    for right in Right:
        found = store.read_now(people.members_with, right, names["Eyes"])
        assert all(member.may(right, names["Eyes"]) for member in found)
    deciding = store.read_now(people.members_with, Right.DECIDE, names["Eyes"])
    assert {member.name for member in deciding} == {"manager of all", "manager of Eyes"}


def test_who_blocked_the_bot_is_pushed_nothing_until_they_come_back(
    store: Store, clock: HandClock
) -> None:
    noa = join(store, Role.MANAGER, 1, "Noa", clock.now())
    store.write_now(people.mark_unreachable, noa.id)
    assert store.read_now(people.members_with, Right.DECIDE, 1) == []
    assert store.read_now(people.member_by_telegram, 1) == noa
    store.write_now(people.mark_reachable, noa.id)
    assert store.read_now(people.members_with, Right.DECIDE, 1) == [noa]


def suspend(store: Store, member_id: int) -> None:
    def work(session: Session) -> None:
        session.get_one(MemberRow, member_id).suspended = True

    store.write_now(work)
