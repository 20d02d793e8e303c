"""The outbox: everything is told once, whoever delivers it and whenever they die."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.deliveries import TRIES, Ending, Event, Reason, State, back_off
from domain.people import Member, Role
from domain.pushes import Choice, PushKind
from storage import open_messages, outbox, people
from storage.open_messages import Shown
from storage.outbox import BEGUN_FOR, CLAIMED_FOR, DuePush
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
    assert (push.member, push.address, push.silent, push.attempts) == (noa, "told:7", True, 0)


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
    store.write_now(outbox.mark_sent, first[0].id, shown(noa, 1), clock.now())
    assert [push.address for push in take(store, clock)] == ["proposal:1"]


def test_closed_chats_are_left_alone(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    tell(store, clock, avi, "proposal:1", key="a")
    taken = take(store, clock, closed={noa.chat_id})
    assert [push.member for push in taken] == [avi]
    assert [push.member for push in take(store, clock)] == [noa]


def test_a_closed_chat_with_a_long_queue_holds_up_nobody_else(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    for number in range(20):
        tell(store, clock, noa, "proposal:1", key=f"n{number}")
    clock.move(SECOND)
    tell(store, clock, avi, "proposal:1", key="a")
    taken = take(store, clock, limit=5, closed={noa.chat_id})
    assert [push.member for push in taken] == [avi]


def test_what_somebody_waits_for_overtakes_a_flood_of_what_all_get(
    store: Store, clock: HandClock, noa: Member
) -> None:
    for number in range(10, 40):
        person = join(store, Role.STAFF, number, f"No. {number}", clock.now())
        tell(store, clock, person, "summary", key=str(number), kind=PushKind.SUMMARY)
    clock.move(SECOND)
    kinds = (PushKind.ALERT, PushKind.PEOPLE, PushKind.DECISION, PushKind.PROPOSAL)
    for number, kind in enumerate(kinds):
        person = join(store, Role.MANAGER, 100 + number, kind, clock.now())
        tell(store, clock, person, "told:1", key=kind, kind=kind)
    taken = [push.kind for push in take(store, clock, limit=6)]
    assert taken == [*reversed(kinds), PushKind.SUMMARY, PushKind.SUMMARY]


def test_what_is_due_later_waits_until_then(store: Store, clock: HandClock, noa: Member) -> None:
    def later(session: Session) -> None:
        due = clock.now() + 5 * SECOND
        kind = PushKind.PROPOSAL
        outbox.enqueue(session, noa.id, "proposal:1", clock.now(), key="a", kind=kind, due=due)

    store.write_now(later)
    clock.move(4 * SECOND)
    assert take(store, clock) == []
    clock.move(SECOND)
    assert len(take(store, clock)) == 1


def test_what_was_claimed_by_who_died_is_claimed_again_as_if_nothing_had_happened(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (first,) = take(store, clock)
    clock.move(CLAIMED_FOR - SECOND)
    assert take(store, clock) == []
    clock.move(SECOND)
    (again,) = take(store, clock)
    assert (again.id, again.attempts, again.uncertain) == (first.id, 0, False)
    assert not begin(store, clock, first)
    assert begin(store, clock, again)


def test_what_was_begun_by_who_died_is_claimed_again_in_doubt(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (first,) = take(store, clock)
    assert begin(store, clock, first)
    clock.move(BEGUN_FOR - SECOND)
    assert take(store, clock) == []
    clock.move(SECOND)
    (again,) = take(store, clock)
    assert (again.id, again.attempts, again.uncertain) == (first.id, 1, True)


def test_a_push_that_kills_who_sends_it_ends_as_failed(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    for _ in range(TRIES):
        (push,) = take(store, clock)
        assert begin(store, clock, push)
        clock.move(BEGUN_FOR)
    assert take(store, clock) == []
    row = store.read_now(the_push)
    assert (row.state, row.problem) == (State.FAILED, Reason.TRIES)


def test_what_was_given_back_is_claimed_at_once_and_what_was_begun_is_not(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    for member in (noa, avi):
        tell(store, clock, member, "proposal:1", key=member.name)
    first, second = take(store, clock)
    assert begin(store, clock, first)
    store.write_now(outbox.release, [first, second], clock.now())
    assert [push.id for push in take(store, clock)] == [second.id]


def test_giving_back_a_claim_that_lapsed_leaves_the_claim_of_another_alone(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (lapsed,) = take(store, clock)
    clock.move(CLAIMED_FOR)
    (taken,) = take(store, clock)
    store.write_now(outbox.release, [lapsed], clock.now())
    assert take(store, clock) == []
    assert begin(store, clock, taken)


def test_a_push_is_begun_once(store: Store, clock: HandClock, noa: Member) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (push,) = take(store, clock)
    assert [begin(store, clock, push) for _ in range(3)] == [True, False, False]


def test_that_a_push_arrived_is_noted_together_with_what_its_message_shows(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (push,) = take(store, clock)
    begin(store, clock, push)
    store.write_now(outbox.mark_sent, push.id, shown(noa, 77), clock.now())
    assert store.read_now(open_messages.address_of, noa.chat_id, 77) == "proposal:1"
    clock.move(timedelta(days=2))
    tell(store, clock, noa, "proposal:1", key="n")
    assert take(store, clock) == []
    row = store.read_now(the_push)
    sent_at = clock.now() - timedelta(days=2)
    assert (row.state, row.message_id, row.sent_at) == (State.SENT, 77, sent_at)


def test_what_failed_comes_again_each_time_later_and_ends_as_failed(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    for attempt in range(TRIES):
        (push,) = take(store, clock)
        assert (push.attempts, push.uncertain) == (attempt, attempt > 0)
        begin(store, clock, push)
        fails(store, clock, push, Ending(Event.LOST, "TimedOut" * 99))
        wait = back_off(attempt + 1, 1)
        clock.move(wait - SECOND)
        assert take(store, clock) == []
        clock.move(SECOND)
    assert take(store, clock) == []
    row = store.read_now(the_push)
    assert row.state is State.FAILED
    assert (row.problem or "").startswith(f"{Reason.TRIES.value}: TimedOut")


def test_what_certainly_did_not_arrive_is_not_in_doubt(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (push,) = take(store, clock)
    begin(store, clock, push)
    fails(store, clock, push, Ending(Event.NOT_YET, "RetryAfter", wait=3 * SECOND))
    clock.move(2 * SECOND)
    assert take(store, clock) == []
    clock.move(SECOND)
    (again,) = take(store, clock)
    assert not again.uncertain


def test_a_wait_that_was_asked_for_never_makes_a_push_fail(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    for _ in range(3 * TRIES):
        (push,) = take(store, clock)
        assert push.attempts == 0
        begin(store, clock, push)
        fails(store, clock, push, Ending(Event.NOT_YET, "RetryAfter", wait=SECOND))
        clock.move(SECOND)
    assert len(take(store, clock)) == 1


def test_what_cannot_be_made_ready_is_tried_again_and_ends_as_failed(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    for _ in range(TRIES):
        (push,) = take(store, clock)
        fails(store, clock, push, Ending(Event.NOT_YET, "ZeroDivisionError"))
        clock.move(timedelta(hours=1))
    assert take(store, clock) == []
    row = store.read_now(the_push)
    assert (row.state, row.uncertain) == (State.FAILED, False)


def test_the_ending_of_a_try_that_others_have_taken_over_changes_nothing(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (slow,) = take(store, clock)
    begin(store, clock, slow)
    clock.move(BEGUN_FOR)
    (quick,) = take(store, clock)
    fails(store, clock, slow, Ending(Event.HOPELESS, "late"))
    begin(store, clock, quick)
    fails(store, clock, slow, Ending(Event.HOPELESS, "late"))
    assert store.read_now(the_push).state is State.SENDING
    store.write_now(outbox.mark_sent, quick.id, shown(noa, 7), clock.now())
    fails(store, clock, quick, Ending(Event.LOST, "odd"))
    store.write_now(outbox.mark_sent, slow.id, shown(noa, 8), clock.now())
    row = store.read_now(the_push)
    assert (row.state, row.message_id) == (State.SENT, 7)


def test_a_late_answer_that_it_arrived_counts_even_when_the_push_was_given_up(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")
    (slow,) = take(store, clock)
    begin(store, clock, slow)
    clock.move(BEGUN_FOR)
    (quick,) = take(store, clock)
    fails(store, clock, quick, Ending(Event.HOPELESS, "refused"))
    assert store.read_now(the_push).state is State.FAILED
    store.write_now(outbox.mark_sent, slow.id, shown(noa, 8), clock.now())
    assert store.read_now(the_push).state is State.SENT


@pytest.mark.parametrize("kind", [PushKind.PROPOSAL, PushKind.DECISION, PushKind.ALERT])
def test_a_push_in_doubt_whose_message_is_known_is_not_repeated(
    store: Store, clock: HandClock, noa: Member, kind: PushKind
) -> None:
    in_doubt(store, clock, noa, kind)
    store.write_now(open_messages.remember, shown(noa, 55), clock.now())
    clock.move(timedelta(minutes=1))
    assert take(store, clock) == []
    row = store.read_now(the_push)
    assert (row.state, row.message_id) == (State.SENT, 55)


@pytest.mark.parametrize(
    ("address", "is_known"),
    [
        ("why:1:proposal:1", True),
        ("card:7:proposal:1", True),
        ("why:1:proposal:11", False),
        ("why:1:pending:0", False),
        ("xproposal:1", False),
    ],
)
def test_a_push_in_doubt_is_known_by_what_a_button_on_it_opened(
    store: Store, clock: HandClock, noa: Member, address: str, is_known: bool
) -> None:
    in_doubt(store, clock, noa, PushKind.PROPOSAL)
    store.write_now(open_messages.remember, shown(noa, 55, address), clock.now())
    clock.move(timedelta(minutes=1))
    assert (take(store, clock) == []) == is_known


def test_a_message_from_before_or_in_another_chat_proves_nothing(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    store.write_now(open_messages.remember, shown(noa, 54), clock.now())
    clock.move(SECOND)
    in_doubt(store, clock, noa, PushKind.PROPOSAL)
    store.write_now(open_messages.remember, shown(avi, 55), clock.now())
    clock.move(timedelta(minutes=1))
    assert [push.uncertain for push in take(store, clock)] == [True]


def test_a_summary_in_doubt_is_repeated_whatever_else_was_opened(
    store: Store, clock: HandClock, noa: Member
) -> None:
    in_doubt(store, clock, noa, PushKind.SUMMARY)
    store.write_now(open_messages.remember, shown(noa, 55), clock.now())
    clock.move(timedelta(minutes=1))
    assert [push.uncertain for push in take(store, clock)] == [True]


def test_who_is_no_member_any_more_is_told_nothing(
    store: Store, clock: HandClock, noa: Member
) -> None:
    tell(store, clock, noa, "proposal:1", key="n")

    def suspend(session: Session) -> None:
        session.execute(update(MemberRow).values(suspended=True))

    store.write_now(suspend)
    assert take(store, clock) == []
    assert store.read_now(the_push).state is State.FAILED


def test_who_cannot_be_reached_is_told_nothing_until_they_come_back(
    store: Store, clock: HandClock, noa: Member
) -> None:
    for number in range(3):
        tell(store, clock, noa, f"proposal:{number}", key=str(number))
    (push,) = take(store, clock)
    begin(store, clock, push)
    fails(store, clock, push, Ending(Event.HOPELESS, "Forbidden", Reason.UNREACHABLE))
    clock.move(timedelta(hours=1))
    assert take(store, clock) == []
    assert not tell(store, clock, noa, "proposal:9", key="while away")
    states = store.read_now(lambda session: session.scalars(select(col(Push.state))).all())
    assert states == [State.FAILED] * 3
    store.write_now(people.mark_reachable, noa.id)
    assert tell(store, clock, noa, "proposal:9", key="back")
    assert [push.address for push in take(store, clock)] == ["proposal:9"]


def test_what_waits_gives_way_to_something_newer_unless_it_may_have_arrived(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    in_doubt(store, clock, avi, PushKind.SUMMARY)
    for member, key in ((noa, "yesterday"), (avi, "also yesterday")):
        tell(store, clock, member, "summary", key=key, kind=PushKind.SUMMARY)
    tell(store, clock, noa, "proposal:1", key="of another kind")
    for member in (noa, avi):
        store.write_now(outbox.supersede, [member.id], PushKind.SUMMARY)
    tell(store, clock, noa, "summary", key="today", kind=PushKind.SUMMARY)

    def states(session: Session) -> dict[str, State]:
        return {push.key: push.state for push in session.scalars(select(Push))}

    dropped = {key for key, state in store.read_now(states).items() if state is State.DROPPED}
    assert dropped == {"yesterday", "also yesterday"}


def in_doubt(store: Store, clock: HandClock, member: Member, kind: PushKind) -> None:
    """A push of which a try was lost."""
    tell(store, clock, member, "proposal:1", key="n", kind=kind)
    (push,) = take(store, clock)
    begin(store, clock, push)
    fails(store, clock, push, Ending(Event.LOST, "TimedOut"))


def begin(store: Store, clock: HandClock, push: DuePush) -> bool:
    return store.write_now(outbox.begin, push, clock.now())


def fails(store: Store, clock: HandClock, push: DuePush, ending: Ending) -> None:
    store.write_now(outbox.end, push, ending, clock.now(), 1.0)


def shown(member: Member, message_id: int, address: str = "proposal:1") -> Shown:
    return Shown(member.chat_id, message_id, member.id, address, None, 1, "digest")


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
    return store.write_now(outbox.claim_due, clock.now(), limit, closed or set())


def the_push(session: Session) -> Push:
    found = session.scalars(select(Push).order_by(col(Push.id))).one()
    session.expunge(found)
    return found
