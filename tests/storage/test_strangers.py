"""Strangers and refusals: counted and recorded, but neither fills the database."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, SQLModel, col

from domain.clock import HandClock
from domain.people import Member, Refused, Right, Role
from domain.strangers import ANSWERED, FORGOTTEN_AFTER, TOLD_EVERY
from storage import invitations, joining, membership, refusals, strangers
from storage.joining import Ending, Newcomer
from storage.store import Store
from storage.strangers import IGNORED, AtTheDoor, Reply
from storage.tables import AuditEntry, Push, Stranger
from tests.hmo import join

WHO = 4711
BEARER = Newcomer(WHO, WHO, "Dana")
MINUTE = timedelta(minutes=1)


def test_five_tries_are_answered_and_recorded_and_then_none(store: Store, clock: HandClock) -> None:
    replies = [turn_away(store, clock) for _ in range(9)]
    assert replies[: ANSWERED - 1] == [Reply(answered=True)] * 4
    assert replies[ANSWERED - 1] == Reply(answered=True, quiet_until=clock.now() + MINUTE)
    assert replies[ANSWERED:] == [IGNORED] * 4
    assert store.read_now(events) == ["stranger refused"] * ANSWERED + ["stranger slowed"]
    assert store.read_now(strangers.at_the_door, WHO, clock.now()) == AtTheDoor(ignored=True)
    clock.move(MINUTE)
    assert store.read_now(strangers.at_the_door, WHO, clock.now()) == AtTheDoor()


def test_a_right_code_is_not_looked_at_while_quiet_and_works_after(
    store: Store, clock: HandClock
) -> None:
    code = store.write_now(invitations.invite, Role.STAFF, (), clock.now())
    endings = [try_code(store, clock, "wrong") for _ in range(4)]
    assert endings == [Ending.REFUSED] * 3 + [Ending.IGNORED]
    assert try_code(store, clock, code) is Ending.IGNORED
    clock.move(2 * MINUTE)
    assert try_code(store, clock, code) is Ending.JOINED
    assert count(store, Stranger) == 0


def test_admins_are_told_once_a_day_of_who_keeps_trying(store: Store, clock: HandClock) -> None:
    first, second = (
        join(store, Role.ADMIN, number, f"No. {number}", clock.now()) for number in (1, 2)
    )
    join(store, Role.MANAGER, 3, "Noa", clock.now())
    for _ in range(9):
        turn_away(store, clock)
        clock.move(timedelta(minutes=5))
    assert store.read_now(told) == [(first.id, f"stranger:{WHO}"), (second.id, f"stranger:{WHO}")]
    clock.move(TOLD_EVERY)
    for _ in range(ANSWERED):
        turn_away(store, clock)
    assert len(store.read_now(told)) == 4
    assert store.read_now(events).count("stranger slowed") == 2


def test_a_suspended_member_who_keeps_trying_is_named_to_admins(
    store: Store, clock: HandClock
) -> None:
    root = join(store, Role.ADMIN, 1, "Root", clock.now())
    dana = join(store, Role.STAFF, WHO, "Dana", clock.now())
    store.write_now(membership.suspend, root, dana.id, clock.now())
    turn_away(store, clock)
    seen = store.read_now(strangers.sighting, WHO)
    assert seen
    assert (seen.suspended, seen.tries.number) == ("Dana", 1)
    assert store.read_now(strangers.sighting, 1) is None


def test_a_flood_of_strangers_fills_neither_the_trail_nor_the_table(
    store: Store, clock: HandClock
) -> None:
    join(store, Role.ADMIN, 1, "Root", clock.now())

    def many(first: int) -> int:
        return sum(turn_away(store, clock, key).answered for key in range(first, first + 300))

    assert many(20_000) == refusals.OF_STRANGERS + 1
    assert many(30_000) == 0
    recorded = store.read_now(events)
    assert recorded.count("stranger refused") == refusals.OF_STRANGERS
    assert recorded.count("more strangers") == 1
    assert count(store, Stranger) == refusals.OF_STRANGERS + 1
    code = store.write_now(invitations.invite, Role.STAFF, (), clock.now())
    assert try_code(store, clock, code) is Ending.JOINED, "who is invited comes in all the same"
    clock.move(FORGOTTEN_AFTER)
    assert turn_away(store, clock, 1_000_000).answered
    assert count(store, Stranger) == 1


def test_admins_are_not_flooded_with_alerts(store: Store, clock: HandClock) -> None:
    join(store, Role.ADMIN, 1, "Root", clock.now())
    for key in range(30, 40):
        for _ in range(ANSWERED):
            turn_away(store, clock, key)
    assert len(store.read_now(told)) == 5


@pytest.mark.parametrize("refusal", [Refused(Right.DECIDE, "Eyes"), None])
def test_of_a_members_refusals_thirty_an_hour_are_recorded_and_then_one_says_so(
    store: Store, clock: HandClock, refusal: Refused | None
) -> None:
    dana, avi = (join(store, Role.STAFF, key, f"No. {key}", clock.now()) for key in (1, 2))
    before = len(store.read_now(events))

    def hits(member: Member, times: int) -> None:
        for _ in range(times):
            store.write_now(refusals.of_member, member, clock.now(), refusal)

    hits(dana, 99)
    hits(avi, 2)
    event = "code refused" if refusal is None else "refused"
    recorded = store.read_now(events)[before:]
    assert recorded == [event] * refusals.OF_A_MEMBER + ["more refusals"] + [event] * 2
    clock.move(timedelta(hours=1))
    hits(dana, 1)
    assert store.read_now(events)[before:][-1] == event


def turn_away(store: Store, clock: HandClock, key: int = WHO) -> Reply:
    return store.write_now(strangers.turn_away, key, clock.now())


def try_code(store: Store, clock: HandClock, code: str) -> Ending:
    return store.write_now(joining.redeem, code, BEARER, clock.now()).ending


def events(session: Session) -> list[str]:
    return list(session.scalars(select(col(AuditEntry.event)).order_by(col(AuditEntry.id))))


def told(session: Session) -> list[tuple[int, str]]:
    rows = session.execute(select(col(Push.member_id), col(Push.address)).order_by(col(Push.id)))
    return [(member_id, address) for member_id, address in rows]


def count(store: Store, table: type[SQLModel]) -> int:
    def work(session: Session) -> int:
        return session.scalar(select(func.count()).select_from(table)) or 0

    return store.read_now(work)
