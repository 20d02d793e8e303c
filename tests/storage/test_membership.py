"""Membership: changes that are decided by the database, audited, and told."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.membership import Obstacle
from domain.people import Member, Refused, Right, Role
from domain.pushes import Choice, PushKind
from storage import joining, membership, outbox, people, risk
from storage.invitations import invite
from storage.joining import Ending, Joining, Newcomer
from storage.store import Store
from storage.tables import AuditEntry, Push, PushChoice
from tests.hmo import join

Change = Callable[[Session, Member, int], Obstacle | None]


@pytest.fixture
def root(store: Store, clock: HandClock) -> Member:
    return join(store, Role.ADMIN, 1, "Root", clock.now())


@pytest.fixture
def dana(store: Store, clock: HandClock) -> Member:
    return join(store, Role.STAFF, 2, "Dana", clock.now(), ("Cardiology",))


def test_a_change_of_role_holds_is_audited_and_told(
    store: Store, clock: HandClock, root: Member, dana: Member
) -> None:
    assert store.write_now(membership.change_role, root, dana.id, Role.MANAGER, clock.now()) is None
    assert now_is(store, dana).role is Role.MANAGER
    event, detail = store.read_now(last_entry, root)
    assert event == "change role"
    assert detail == {"person_id": dana.id, "person": "Dana", "role": "manager", "was": "staff"}
    assert store.read_now(told) == [(dana.id, f"you:{root.id}:{int(clock.now().timestamp())}")]
    again = store.write_now(membership.change_role, root, dana.id, Role.MANAGER, clock.now())
    assert again is Obstacle.SAME
    assert len(store.read_now(told)) == 1


def test_who_wants_no_decisions_is_told_of_a_new_role_all_the_same(
    store: Store, clock: HandClock, root: Member, dana: Member
) -> None:
    def work(session: Session) -> None:
        session.add(PushChoice(member_id=dana.id, kind=PushKind.DECISION, choice=Choice.OFF))

    store.write_now(work)
    store.write_now(membership.change_role, root, dana.id, Role.MANAGER, clock.now())
    assert [to for to, _ in store.read_now(told)] == [dana.id]


def test_departments_are_added_taken_away_and_lifted_and_told_of_once(
    store: Store, clock: HandClock, root: Member, dana: Member
) -> None:
    store.write_now(people.department_named, "Eyes")
    keys = {name: key for key, name in store.read_now(risk.departments).items()}

    def change(name: str | None, *, in_it: bool) -> Obstacle | None:
        key = keys[name] if name else None
        return store.write_now(
            membership.change_departments, root, dana.id, key, in_it=in_it, now=clock.now()
        )

    assert change("Cardiology", in_it=True) is Obstacle.SAME
    assert change("Cardiology", in_it=False) is Obstacle.ONLY_DEPARTMENT
    assert now_is(store, dana).departments == {keys["Cardiology"]}
    assert change("Eyes", in_it=True) is None
    assert change("Cardiology", in_it=False) is None
    assert now_is(store, dana).departments == {keys["Eyes"]}
    event, detail = store.read_now(last_entry, root)
    assert event == "change departments"
    assert (detail["departments"], detail["was"]) == (["Eyes"], ["Cardiology", "Eyes"])
    assert change(None, in_it=False) is None
    assert change(None, in_it=False) is Obstacle.SAME
    assert now_is(store, dana).departments == frozenset()
    assert len(store.read_now(told)) == 1
    assert due(store, clock) == []
    clock.move(membership.SETTLES_WITHIN)
    assert due(store, clock) == [dana.id]


def test_a_suspended_member_is_nobody_and_gets_nothing_that_waits(
    store: Store, clock: HandClock, root: Member, dana: Member
) -> None:
    store.write_now(membership.change_role, root, dana.id, Role.MANAGER, clock.now())
    assert store.write_now(membership.suspend, root, dana.id, clock.now()) is None
    assert store.read_now(people.member_by_telegram, dana.telegram_id) is None
    assert store.read_now(people.members_with, Right.DECIDE) == []
    assert due(store, clock) == []
    assert store.write_now(membership.suspend, root, dana.id, clock.now()) is Obstacle.SAME
    assert store.write_now(membership.reinstate, root, dana.id, clock.now()) is None
    assert now_is(store, dana).role is Role.MANAGER
    assert store.write_now(membership.reinstate, root, dana.id, clock.now()) is Obstacle.SAME
    assert store.read_now(events, root)[-3:] == ["change role", "suspend", "reinstate"]


def test_the_last_admin_stays_whoever_asks(store: Store, clock: HandClock, root: Member) -> None:
    other = join(store, Role.ADMIN, 9, "Other", clock.now())
    assert store.write_now(membership.suspend, root, other.id, clock.now()) is None
    for change in (suspends, demotes):
        assert store.write_now(change(clock), root, root.id) is Obstacle.LAST_ADMIN
    assert store.write_now(membership.reinstate, root, other.id, clock.now()) is None
    assert store.write_now(demotes(clock), root, root.id) is None
    assert store.write_now(suspends(clock), now_is(store, other), other.id) is Obstacle.LAST_ADMIN


def demotes(clock: HandClock) -> Change:
    def work(session: Session, by: Member, key: int) -> Obstacle | None:
        return membership.change_role(session, by, key, Role.STAFF, clock.now())

    return work


def suspends(clock: HandClock) -> Change:
    def work(session: Session, by: Member, key: int) -> Obstacle | None:
        return membership.suspend(session, by, key, clock.now())

    return work


@pytest.mark.parametrize("change", [demotes, suspends])
def test_of_admins_who_remove_each_other_at_once_one_remains(
    store: Store, clock: HandClock, change: Callable[[HandClock], Change]
) -> None:
    first = join(store, Role.ADMIN, 1, "First", clock.now())
    second = join(store, Role.ADMIN, 2, "Second", clock.now())
    for _ in range(5):
        together = Barrier(2)

        def press(pair: tuple[Member, Member], together: Barrier = together) -> bool:
            by, whom = pair
            together.wait(10)
            try:
                return store.write_now(change(clock), by, whom.id) is None
            except Refused:
                return False

        with ThreadPoolExecutor(2) as pool:
            done = list(pool.map(press, [(first, second), (second, first)]))
        assert sum(done) == 1
        (left,) = store.read_now(people.members_with, Right.PEOPLE)
        lost = second if left.id == first.id else first
        store.write_now(membership.reinstate, left, lost.id, clock.now())
        store.write_now(membership.change_role, left, lost.id, Role.ADMIN, clock.now())


def test_of_admins_who_leave_at_once_one_remains(store: Store, clock: HandClock) -> None:
    admins = [join(store, Role.ADMIN, number, f"No. {number}", clock.now()) for number in (1, 2)]
    together = Barrier(2)

    def press(admin: Member) -> Obstacle | None:
        together.wait(10)
        return store.write_now(demotes(clock), admin, admin.id)

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(press, admins))
    assert sorted(outcomes, key=str) == [None, Obstacle.LAST_ADMIN]


def test_who_is_no_admin_or_no_longer_one_changes_nobody(
    store: Store, clock: HandClock, root: Member, dana: Member
) -> None:
    was_admin = Member(dana.id, 2, 2, "Dana", Role.ADMIN)
    for change in (suspends, demotes):
        for by in (dana, was_admin):
            with pytest.raises(Refused):
                store.write_now(change(clock), by, root.id)
    for work in (membership.suspend, membership.reinstate):
        with pytest.raises(NoResultFound):
            store.write_now(work, root, 999, clock.now())


def test_everybody_is_listed_the_highest_role_first_and_the_suspended_last(
    store: Store, clock: HandClock, root: Member
) -> None:
    for number, (role, name) in enumerate(
        [(Role.STAFF, "Avi"), (Role.MANAGER, "Noa"), (Role.STAFF, "Dana"), (Role.ADMIN, "Ada")], 2
    ):
        join(store, role, number, name, clock.now())
    store.write_now(membership.suspend, root, 5, clock.now())
    store.write_now(people.mark_unreachable, 2)
    found = store.read_now(membership.everybody, 0, 9)
    assert [row.member.name for row in found.rows] == ["Root", "Noa", "Avi", "Dana", "Ada"]
    assert found.active == {Role.ADMIN: 1, Role.MANAGER: 1, Role.STAFF: 2}
    assert (found.suspended, found.unreachable, found.found) == (1, 1, 5)
    assert [row.suspended for row in found.rows] == [False] * 4 + [True]
    rest = store.read_now(membership.everybody, 3, 9)
    assert [row.member.name for row in rest.rows] == ["Dana", "Ada"]
    some = store.read_now(membership.everybody, 0, 9, "DA")
    assert [row.member.name for row in some.rows] == ["Dana", "Ada"]
    assert (some.found, some.active, some.suspended) == (2, found.active, 1)
    assert store.read_now(membership.everybody, 0, 9, "%").found == 0


# What an invitation makes of a member.


def test_a_lower_role_is_asked_about_and_taken_only_when_agreed(
    store: Store, clock: HandClock, root: Member
) -> None:
    noa = join(store, Role.MANAGER, 3, "Noa", clock.now())
    asked = redeemed(store, clock, noa, Role.STAFF, "Eyes")
    assert (asked.ending, asked.offered) == (Ending.LOWER, Role.STAFF)
    assert now_is(store, noa) == noa
    taken = store.write_now(joining.agree, noa, asked.mark, clock.now())
    assert taken.ending is Ending.JOINED
    assert (now_is(store, noa).role, len(now_is(store, noa).departments)) == (Role.STAFF, 1)
    assert store.write_now(joining.agree, noa, asked.mark, clock.now()).ending is Ending.YOURS


def test_an_invitation_never_lowers_the_last_admin(
    store: Store, clock: HandClock, root: Member
) -> None:
    alone = redeemed(store, clock, root, Role.STAFF)
    assert alone.ending is Ending.LAST_ADMIN
    assert redeemed(store, clock, root, Role.ADMIN).ending is Ending.JOINED
    join(store, Role.ADMIN, 9, "Other", clock.now())
    asked = redeemed(store, clock, root, Role.STAFF)
    assert asked.ending is Ending.LOWER
    store.write_now(suspends(clock), root, 2)
    late = store.write_now(joining.agree, root, asked.mark, clock.now())
    assert late.ending is Ending.LAST_ADMIN
    assert now_is(store, root).role is Role.ADMIN


@pytest.mark.parametrize("mark", ["", "d", "draft:", "%", "_" * 32, "%" * 32, "0" * 32, "0" * 64])
def test_who_had_no_code_takes_no_invitation(
    store: Store, clock: HandClock, dana: Member, mark: str
) -> None:
    store.write_now(invite, Role.ADMIN, (), clock.now())
    assert store.write_now(joining.agree, dana, mark, clock.now()).ending is Ending.REFUSED
    assert now_is(store, dana) == dana


def test_who_invited_is_told_who_came(store: Store, clock: HandClock, root: Member) -> None:
    code = store.write_now(invite, Role.STAFF, (), clock.now(), root.id)
    joined = store.write_now(joining.redeem, code, Newcomer(5, 5, "Avi"), clock.now())
    assert joined.member
    assert store.read_now(told) == [(root.id, "invitation:2:0")]


def redeemed(
    store: Store, clock: HandClock, member: Member, role: Role, *departments: str
) -> Joining:
    code = store.write_now(invite, role, departments, clock.now())
    bearer = Newcomer(member.telegram_id, member.chat_id, member.name)
    return store.write_now(joining.redeem, code, bearer, clock.now())


def now_is(store: Store, member: Member) -> Member:
    found = store.read_now(people.member_by_id, member.id)
    assert found is not None
    return found


def due(store: Store, clock: HandClock) -> list[int]:
    """Who would be pushed something now."""
    taken = store.write_now(outbox.claim_due, clock.now() + timedelta(seconds=1), 9, ())
    return [push.member.id for push in taken]


def told(session: Session) -> list[tuple[int, str]]:
    rows = session.execute(select(col(Push.member_id), col(Push.address)).order_by(col(Push.id)))
    return [(member_id, address) for member_id, address in rows]


def events(session: Session, by: Member) -> list[str]:
    wanted = select(col(AuditEntry.event)).where(col(AuditEntry.member_id) == by.id)
    return list(session.scalars(wanted.order_by(col(AuditEntry.id))))


def last_entry(session: Session, by: Member) -> tuple[str, dict[str, object]]:
    wanted = select(AuditEntry).where(col(AuditEntry.member_id) == by.id)
    entry = session.scalars(wanted.order_by(col(AuditEntry.id).desc())).first()
    assert entry is not None
    return entry.event, json.loads(entry.detail)
