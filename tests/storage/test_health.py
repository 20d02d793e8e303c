"""What somebody who watches asks the database."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from domain.clock import HandClock
from domain.deliveries import Ending, Event
from domain.people import Role
from domain.pushes import PushKind
from storage import health, outbox
from storage.notice_figures import NoticeFigures
from storage.open_messages import Shown
from storage.store import Done, Store
from tests.hmo import join


def test_nothing_waits_in_an_empty_database(store: Store, clock: HandClock) -> None:
    store.read_now(health.answers)
    nothing = {"waiting": 0, "unknown": 0, "sending": 0, "failed": 0}
    unwritten = {"waiting": 0, "sending": 0, "failed": 0, "doubtful": 0}
    found = store.read_now(health.figures, clock.now())
    patients = NoticeFigures(unwritten, None, [])
    assert found == health.Figures(nothing, None, 0, patients)


def test_what_waits_is_counted_by_state_and_what_was_sent_is_not(
    store: Store, clock: HandClock
) -> None:
    first, begun = clock.now(), clock.now() + timedelta(minutes=1)
    for number in range(4):
        member = join(store, Role.MANAGER, 1000 + number, "Noa", first)
        at = first if number == 0 else begun + timedelta(minutes=number)
        store.write_now(
            outbox.enqueue, member.id, "pending", at, key=str(number), kind=PushKind.PROPOSAL
        )
    later = first + timedelta(hours=1)
    sent, begun_, lost = store.write_now(outbox.claim_due, later, 3, [])
    for push in (sent, begun_, lost):
        assert store.write_now(outbox.begin, push, later)
    shown = Shown(sent.member.chat_id, 7, sent.member.id, "pending", None, None, "digest")
    store.write_now(outbox.mark_sent, sent.id, shown, later)
    store.write_now(outbox.end, lost, Ending(Event.LOST, "TimedOut"), later, 0.5)
    found = store.read_now(health.figures, later)
    assert found.pushes == {"waiting": 1, "unknown": 1, "sending": 1, "failed": 0}
    assert found.oldest == begun + timedelta(minutes=1)


def test_the_question_of_what_waits_is_answered_by_an_index(sqlite_store: Store) -> None:
    def plan(session: Session) -> str:
        asked = (
            "EXPLAIN QUERY PLAN SELECT state, count(*), min(created_at) FROM push"
            " WHERE state IN ('waiting', 'sending') GROUP BY state"
        )
        return "\n".join(str(row[3]) for row in session.execute(text(asked)))

    assert "ix_push_due" in sqlite_store.read_now(plan)


def test_a_database_without_its_tables_does_not_pass(store: Store) -> None:
    store.write_now(lambda session: session.execute(text("DROP TABLE push")))
    with pytest.raises(Exception, match="push"):
        store.read_now(health.answers)


def test_every_unit_of_work_is_told_to_who_watches(store: Store) -> None:
    seen: list[Done] = []
    url = store.engine.url.render_as_string(hide_password=False)
    watched = Store(url, seen.append)

    def fails(session: Session) -> None:
        raise LookupError("no such thing")

    try:
        watched.read_now(health.answers)
        with pytest.raises(LookupError):
            watched.write_now(fails)
    finally:
        watched.close()
    assert [(done.work, done.writes) for done in seen] == [(health.answers, False), (fails, True)]
    assert [type(done.error) for done in seen] == [type(None), LookupError]
    assert all(0 <= done.seconds < 60 for done in seen)
