"""The outbox: everything is told once, whoever delivers it and whenever they die."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.people import Member, Role
from domain.pushes import Choice, PushKind
from storage import outbox
from storage.outbox import ATTEMPTS, TAKEN_FOR, DuePush
from storage.store import Store
from storage.tables import MemberRow, Push, PushChoice
from tests.hmo import join

SECOND = timedelta(seconds=1)


@pytest.fixture
def noa(store: Store, clock: HandClock) -> Member:
    return join(store, Role.MANAGER, 1, "Noa", clock.now())


@pytest.fixture
def avi(store: Store, clock: HandClock) -> Member:
    return join(store, Role.MANAGER, 2, "Avi", clock.now())


def test_a_key_is_told_once(store: Store, clock: HandClock, noa: Member) -> None:
    for address in ("proposal:1", "proposal:1", "proposal:2"):
        tell(store, clock, noa, address, key="the same")
    assert [push.address for push in take(store, clock)] == ["proposal:1"]


def test_a_push_says_what_to_show_whom_and_how_loudly(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "told:7", key="a", kind=PushKind.DECISION)
    (push,) = take(store, clock)
    assert (push.member, push.address, push.silent, push.attempts) == (noa, "told:7", True, 1)


@pytest.mark.parametrize(
    ("choice", "told"), [(Choice.ON, [False]), (Choice.SILENT, [True]), (Choice.OFF, [])]
)
def test_a_kind_of_push_comes_as_the_person_chose(
    store: Store, clock: HandClock, noa: Member, choice: Choice, told: list[bool]
) -> None:
    def choose(session: Session) -> None:
        session.add(PushChoice(member_id=noa.id, kind=PushKind.PROPOSAL, choice=choice))

    store.write_now(choose)
    assert tell(store, clock, noa, "proposal:1", key="a") == bool(told)
    assert [push.silent for push in take(store, clock)] == told


def test_what_is_told_in_a_transaction_that_fails_is_never_told(
    store: Store, clock: HandClock, noa: Member
) -> None:
    def work(session: Session) -> None:
        outbox.enqueue(session, noa.id, "proposal:1", clock.now(), key="a", kind=PushKind.PROPOSAL)
        raise LookupError

    with pytest.raises(LookupError):
        store.write_now(work)
    assert take(store, clock) == []


def test_several_who_deliver_at_once_share_the_pushes_without_a_double(
    store: Store, clock: HandClock
) -> None:
    for number in range(1, 25):
        person = join(store, Role.STAFF, number, f"No. {number}", clock.now())
        tell(store, clock, person, "proposal:1", key=str(number))

    def deliverer(_: int) -> list[int]:
        taken = []
        while some := take(store, clock, limit=3):
            taken += [push.id for push in some]
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [key for part in pool.map(deliverer, range(4)) for key in part]
    taken += [push.id for push in take(store, clock)]
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 24


def test_of_one_chat_one_push_is_taken_at_a_time_the_oldest_first(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    for number in range(3):
        tell(store, clock, noa, f"proposal:{number}", key=f"n{number}")
        clock.move(SECOND)
    tell(store, clock, avi, "proposal:9", key="a")
    first = take(store, clock)
    assert [(push.member.name, push.address) for push in first] == [
        ("Noa", "proposal:0"),
        ("Avi", "proposal:9"),
    ]
    store.write_now(outbox.mark_sent, first[0].id, 1, clock.now())
    assert [push.address for push in take(store, clock)] == ["proposal:1"]


def test_closed_chats_are_left_alone(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    tell(store, clock, avi, "proposal:1", key="a")
    taken = take(store, clock, closed={noa.chat_id})
    assert [push.member for push in taken] == [avi]
    assert [(push.member, push.attempts) for push in take(store, clock)] == [(noa, 1)]


def test_a_closed_chat_with_a_long_queue_holds_up_nobody_else(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    for number in range(20):
        tell(store, clock, noa, "proposal:1", key=f"n{number}")
    clock.move(SECOND)
    tell(store, clock, avi, "proposal:1", key="a")
    taken = take(store, clock, limit=5, closed={noa.chat_id})
    assert [push.member for push in taken] == [avi]


def test_what_was_taken_by_who_died_is_taken_again_after_its_time(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (first,) = take(store, clock)
    clock.move(TAKEN_FOR - SECOND)
    assert take(store, clock) == []
    clock.move(SECOND)
    (again,) = take(store, clock)
    assert (again.id, again.attempts) == (first.id, 2)


def test_what_was_sent_is_not_sent_again(store: Store, clock: HandClock, noa: Member) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (push,) = take(store, clock)
    store.write_now(outbox.mark_sent, push.id, 77, clock.now())
    clock.move(timedelta(days=2))
    tell(store, clock, noa, "proposal:1", key="n")
    assert take(store, clock) == []
    row = store.read_now(the_push)
    assert (row.state, row.message_id, row.sent_at) == (
        "sent",
        77,
        clock.now() - timedelta(days=2),
    )


def test_what_is_put_off_comes_again_at_its_time_and_ends_as_failed(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    for attempt in range(1, ATTEMPTS + 1):
        (push,) = take(store, clock)
        assert push.attempts == attempt
        store.write_now(outbox.put_off, push.id, clock.now() + 5 * SECOND, "TimedOut" * 99)
        assert take(store, clock) == []
        clock.move(5 * SECOND)
    assert take(store, clock) == []
    row = store.read_now(the_push)
    assert row.state == "failed"
    assert row.problem is not None
    assert row.problem.startswith("TimedOut")


def test_what_was_given_up_is_not_tried_again(store: Store, clock: HandClock, noa: Member) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (push,) = take(store, clock)
    store.write_now(outbox.give_up, push.id, "Forbidden")
    clock.move(timedelta(days=1))
    assert take(store, clock) == []


def test_who_is_no_member_any_more_is_told_nothing(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")

    def suspend(session: Session) -> None:
        session.execute(update(MemberRow).values(suspended=True))

    store.write_now(suspend)
    assert take(store, clock) == []
    assert store.read_now(the_push).state == "failed"


def tell(
    store: Store,
    clock: HandClock,
    member: Member,
    address: str,
    *,
    key: str,
    kind: PushKind = PushKind.PROPOSAL,
) -> bool:
    return store.write_now(outbox.enqueue, member.id, address, clock.now(), key=key, kind=kind)


def take(
    store: Store, clock: HandClock, limit: int = 100, closed: set[int] | None = None
) -> list[DuePush]:
    return store.write_now(outbox.take_due, clock.now(), limit, closed or set())


def the_push(session: Session) -> Push:
    found = session.scalars(select(Push).order_by(col(Push.id))).one()
    session.expunge(found)
    return found
