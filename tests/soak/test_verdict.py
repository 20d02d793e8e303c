"""That the verdict sees what must not be: each of these was made to go wrong."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session

from bot.demo.server import Call
from domain.clock import HandClock
from domain.deliveries import State
from domain.people import Role
from domain.pushes import PushKind
from handlers.gateway import SENT_AGAIN
from storage import audit, membership, outbox
from storage.store import Store
from storage.tables import MemberRow, Push
from tests.hmo import Hmo, join
from tests.soak import arrivals, decisions, feeds
from tests.soak.arrivals import Arrivals, Mishaps
from tests.soak.crowd import Answer
from tests.soak.feeds import Feed

NOA, DANA = 1002, 1001
CALM = Mishaps([], [], [])
KEYBOARD = '{"inline_keyboard": [[{"callback_data": "act:yes:7:proposal:7"}]]}'


@pytest.fixture
def sent(store: Store, clock: HandClock) -> Store:
    """A push that counts as sent, by message 5."""
    join(store, Role.MANAGER, NOA, "Noa", clock.now())

    def work(session: Session) -> None:
        outbox.enqueue(session, 1, "proposal:7", clock.now(), key="7", kind=PushKind.PROPOSAL)
        session.flush()
        session.execute(update(Push).values(state=State.SENT, message_id=5))

    store.write_now(work)
    return store


def message(number: int | None, at: datetime, text: str = "Proposed", outcome: str = "ok") -> Call:
    params = {"text": text, "reply_markup": KEYBOARD}
    return Call("sendMessage", NOA, params, at, outcome, 200 if outcome == "ok" else 0, number)


def found(store: Store, calls: list[Call], mishaps: Mishaps = CALM) -> Arrivals:
    return store.read_now(arrivals.account_for, calls, mishaps)


def test_a_push_that_came_once_is_delivered(sent: Store, clock: HandClock) -> None:
    all_is_well = found(sent, [message(5, clock.now())])
    assert (all_is_well.due, all_is_well.delivered, all_is_well.problems) == (1, 1, [])


def test_a_push_that_is_in_no_chat_is_named(sent: Store, clock: HandClock) -> None:
    (problem,) = found(sent, [message(6, clock.now())]).problems
    assert problem == "push 1 (7) counts as sent and is in no chat"


def test_a_push_that_still_waits_is_named(sent: Store) -> None:
    sent.write_now(lambda session: session.execute(update(Push).values(state=State.WAITING)))
    assert found(sent, []).problems == ["push 1 (7) is waiting: "]


def test_a_repeat_that_does_not_say_so_is_named(sent: Store, clock: HandClock) -> None:
    (problem,) = found(sent, [message(5, clock.now()), message(6, clock.now())]).problems
    assert "push 1" in problem
    assert "2× without a word" in problem


def test_a_repeat_that_says_so_needs_a_reason(sent: Store, clock: HandClock) -> None:
    now = clock.now()
    again = message(5, now + timedelta(minutes=1), f"{SENT_AGAIN}\nProposed")
    lost = message(4, now, outcome="done, dropped")
    assert found(sent, [lost, again]).repeats == {"its answer was lost": 1}
    unheard = message(None, now, outcome="dropped")
    assert found(sent, [unheard, again]).for_safety == 1
    arrived = message(4, now)
    killed = Mishaps([now + timedelta(seconds=1)], [], [])
    assert found(sent, [arrived, again], killed).repeats == {"the bot was killed": 1}
    (problem,) = found(sent, [arrived, again]).problems
    assert "for no reason" in problem


def test_a_failure_needs_a_person_who_blocked_the_bot(sent: Store) -> None:
    failed = {"state": State.FAILED, "problem": "cannot be reached: Forbidden"}
    sent.write_now(lambda session: session.execute(update(Push).values(**failed)))
    assert len(found(sent, []).problems) == 1
    blocked = found(sent, [], Mishaps([], [], [NOA]))
    assert (blocked.problems, blocked.failed) == ([], {"cannot be reached": 1})


def test_an_answer_that_is_not_in_the_trail_is_named(store: Store) -> None:
    account = store.read_now(decisions.account_for, [Answer(NOA, "confirm:3", "Authorized 12.")])
    assert (account.answered, account.recorded) == (1, 0)
    assert account.problems == ["('authorize batch', 1002, 'batch 3') was answered 1×, kept 0×"]


def test_a_change_that_is_recorded_twice_is_named(store: Store, clock: HandClock) -> None:
    now = clock.now()
    admin = join(store, Role.ADMIN, NOA, "Noa", now)
    dana = join(store, Role.STAFF, DANA, "Dana", now)
    store.write_now(membership.change_role, admin, dana.id, Role.MANAGER, now)
    pressed = [Answer(NOA, f"setrole:{dana.id}:manager:0", "Now manager.")]
    assert store.read_now(decisions.account_for, pressed).problems == []

    def again(session: Session) -> None:
        audit.record(
            session,
            "change role",
            at=now,
            member_id=admin.id,
            person_id=dana.id,
            role=Role.MANAGER,
            was=Role.STAFF,
        )

    store.write_now(again)
    (problem,) = store.read_now(decisions.account_for, pressed).problems
    assert problem.endswith(f"change role of person {dana.id}, follows on nothing")


def test_a_change_that_the_trail_does_not_know_is_named(store: Store, clock: HandClock) -> None:
    join(store, Role.STAFF, DANA, "Dana", clock.now())
    store.write_now(lambda session: session.execute(update(MemberRow).values(suspended=True)))
    (problem,) = store.read_now(decisions.account_for, []).problems
    assert "person 1 is kept as ('staff', True)" in problem


def test_an_action_that_was_authorized_twice_is_named(store: Store, clock: HandClock) -> None:
    def work(session: Session) -> None:
        for _ in range(2):
            audit.record(session, "authorize", at=clock.now(), action=7)

    store.write_now(work)
    assert store.read_now(decisions.account_for, []).problems == [
        "authorize of action 7 is kept 2×"
    ]


def test_a_file_that_is_half_in_is_named(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    kept = hmo.visit("p1", 3)
    hmo.load(store)
    hmo.visit("p2", 4)
    feed = Feed("feed-1.csv", hmo.rows)
    assert kept in feed.expected()
    (problem,) = store.read_now(feeds.problems_of, [feed])
    assert problem == "feed-1.csv, not told of, is not kept for A2"
    feed.rows = hmo.rows[1:]
    assert store.read_now(feeds.problems_of, [feed]) == []
    feed.came_in = True
    assert len(store.read_now(feeds.problems_of, [feed])) == 1
    assert len(feeds.unrecorded([feed], Counter())) == 1
