"""The audit trail: what is recorded is kept, in one chain, and cannot be changed."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from domain.chain import Head
from domain.clock import HandClock
from domain.people import Member, Role
from domain.transfers import Kind
from storage import actions, audit
from storage.store import Store
from storage.trail import whole_trail
from tests.hmo import HOUSE, Hmo, join
from tests.storage.tampering import unguard


@pytest.fixture
def noa(store: Store, clock: HandClock) -> Member:
    return join(store, Role.MANAGER, 1, "Noa", clock.now())


def test_the_trail_tells_who_did_what_when_oldest_first(
    store: Store, clock: HandClock, noa: Member
) -> None:
    def work(session: Session) -> None:
        said = "פנוי <now>"
        audit.record(session, "authorize", at=clock.now(), member_id=noa.id, reason=said, number=3)
        audit.record(session, "import", at=clock.now())

    store.write_now(work)
    rows = store.read_now(trail)
    assert [(event, name) for event, name, _ in rows] == [
        ("invite", None),
        ("join", "Noa"),
        ("authorize", "Noa"),
        ("import", None),
    ]
    assert json.loads(rows[2][2]) == {"reason": "פנוי <now>", "number": 3}
    assert "פנוי" in rows[2][2]
    assert rows[3][2] == "{}"
    assert store.read_now(audit.verify) is None


def test_what_is_undone_leaves_no_trace_and_no_gap(store: Store, clock: HandClock) -> None:
    def work(session: Session) -> None:
        audit.record(session, "authorize", at=clock.now())
        raise LookupError

    for _ in range(2):
        with pytest.raises(LookupError):
            store.write_now(work)
    assert store.read_now(trail) == []
    store.write_now(recorded(clock, "authorize"))
    assert store.read_now(audit.head) is not None
    assert numbers(store) == [1]


def test_work_that_is_run_again_is_recorded_once(postgres_store: Store, clock: HandClock) -> None:
    """PostgreSQL ends one of two that wait for each other; it passes the second time."""
    tried: list[int] = []
    both = threading.Barrier(2)

    def work(session: Session, first: str, second: str) -> None:
        again = threading.get_ident() in tried
        tried.append(threading.get_ident())
        audit.record(session, "authorize", at=clock.now())
        put = text("INSERT INTO fact VALUES (:name, 'x') ON CONFLICT (name) DO NOTHING")
        session.execute(put, {"name": first})
        if not again:
            both.wait(10)
        session.execute(put, {"name": second})

    with ThreadPoolExecutor(2) as pool:
        names = [("a", "b"), ("b", "a")]
        list(pool.map(lambda pair: postgres_store.write_now(work, *pair), names))
    assert len(tried) >= 3
    assert [event for event, *_ in postgres_store.read_now(trail)] == ["authorize"] * 2
    assert postgres_store.read_now(audit.verify) is None


def test_many_at_once_add_to_one_chain(store: Store, clock: HandClock) -> None:
    with ThreadPoolExecutor(8) as pool:
        works = [recorded(clock, *[f"event {n}"] * (n % 3 + 1)) for n in range(48)]
        list(pool.map(store.write_now, works))
    assert numbers(store) == list(range(1, 97))
    assert store.read_now(audit.verify) is None


def test_who_holds_the_chain_waits_for_nobody(postgres_store: Store, clock: HandClock) -> None:
    """A member is locked by one who then records; another records what the member did."""
    noa = join(postgres_store, Role.MANAGER, 1, "Noa", clock.now())
    locked, runs = threading.Event(), []

    def first(session: Session) -> None:
        runs.append("first")
        session.execute(text("SELECT id FROM member FOR UPDATE"))
        locked.set()
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        while not session.scalar(waiting):
            session.execute(text("SELECT pg_stat_clear_snapshot()"))
        audit.record(session, "suspend", at=clock.now())

    def second(session: Session) -> None:
        locked.wait(10)
        runs.append("second")
        audit.record(session, "refused", at=clock.now(), member_id=noa.id)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(postgres_store.write_now, work) for work in (first, second)]:
            done.result(30)
    assert sorted(runs) == ["first", "second"]
    assert [event for event, *_ in postgres_store.read_now(trail)][2:] == ["suspend", "refused"]


def test_a_row_about_an_appointment_names_its_department(
    store: Store, clock: HandClock, noa: Member
) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("p1", 3, department="Eyes")
    hmo.load(store)
    store.write_now(decide, noa, clock)
    row = store.read_now(lambda session: list(whole_trail(session))[-1])
    assert (row.event, row.by, row.department) == ("authorize", "Noa", "Eyes")
    assert row.reference.startswith("P-")
    assert store.read_now(audit.verify) is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_entry SET event = 'other' WHERE id = 1",
        "UPDATE audit_entry SET event = event",
        "DELETE FROM audit_entry WHERE id = 2",
        "DELETE FROM audit_entry",
    ],
)
def test_the_database_refuses_to_change_a_row(store: Store, clock: HandClock, change: str) -> None:
    store.write_now(recorded(clock, "one", "two"))
    before = store.read_now(trail)
    with pytest.raises(DBAPIError, match="the audit trail is append-only"):
        store.write_now(run, change)
    assert store.read_now(trail) == before


@pytest.mark.parametrize(
    "change",
    [
        "INSERT OR REPLACE INTO audit_entry (id, at, event, detail) VALUES (1, 0, 'other', '{}')",
        "UPDATE OR REPLACE audit_entry SET id = 2 WHERE id = 1",
    ],
)
def test_sqlite_refuses_to_replace_a_row(
    sqlite_store: Store, clock: HandClock, change: str
) -> None:
    sqlite_store.write_now(recorded(clock, "one", "two"))
    with pytest.raises(DBAPIError, match="the audit trail is append-only"):
        sqlite_store.write_now(run, change)
    assert [event for event, *_ in sqlite_store.read_now(trail)] == ["one", "two"]


def test_postgresql_refuses_to_empty_the_trail(postgres_store: Store, clock: HandClock) -> None:
    postgres_store.write_now(recorded(clock, "one"))
    with pytest.raises(DBAPIError, match="the audit trail is append-only"):
        postgres_store.write_now(run, "TRUNCATE audit_entry CASCADE")


def test_nothing_is_decided_that_cannot_be_recorded(store: Store, clock: HandClock) -> None:
    store.write_now(run, "DELETE FROM audit_head")

    def work(session: Session) -> None:
        session.execute(text("INSERT INTO fact VALUES ('a', 'b')"))
        audit.record(session, "authorize", at=clock.now())

    with pytest.raises(RuntimeError, match="audit_head is empty"):
        store.write_now(work)
    assert store.read_now(lambda session: session.scalar(text("SELECT count(*) FROM fact"))) == 0


def test_a_trail_longer_than_a_portion_is_chained_and_read_to_its_end(
    store: Store, clock: HandClock
) -> None:
    store.write_now(recorded(clock, *(f"event {number}" for number in range(5500))))
    assert [event for event, *_ in store.read_now(trail)] == [f"event {n}" for n in range(5500)]
    assert store.read_now(audit.verify) is None
    head = store.read_now(audit.head)
    assert head is not None
    assert (head.id, len(head.hash)) == (5500, 64)


def test_a_trail_that_was_written_anew_is_found_by_a_noted_head(
    store: Store, clock: HandClock
) -> None:
    store.write_now(recorded(clock, "one", "two", "three"))
    noted = store.read_now(audit.head)
    assert noted

    def rewrite(session: Session) -> None:
        unguard(session)
        session.execute(text("DELETE FROM audit_entry"))
        session.execute(text("UPDATE audit_head SET entry_id = 0, hash = ''"))
        recorded(clock, "one", "two", "four", "five")(session)

    store.write_now(rewrite)
    assert store.read_now(audit.verify) is None
    assert str(store.read_now(audit.verify, noted)).startswith("row 3 is not the one")
    assert store.read_now(audit.verify, store.read_now(audit.head)) is None
    assert str(store.read_now(audit.verify, Head(9, ""))) == "row 5 is missing: row 9 was noted"


def trail(session: Session) -> list[tuple[str, str | None, str]]:
    return [(row.event, row.by, row.detail) for row in whole_trail(session)]


def numbers(store: Store) -> list[int]:
    return store.read_now(lambda session: [row.id for row in whole_trail(session)])


def recorded(clock: HandClock, *events: str) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        for event in events:
            audit.record(session, event, at=clock.now())

    return work


def run(session: Session, statement: str) -> None:
    session.execute(text(statement))


def decide(session: Session, member: Member, clock: HandClock) -> None:
    key = session.scalar(text("SELECT id FROM appointment WHERE status = 'booked'"))
    assert key
    actions.authorize_directly(session, member, key, Kind.TRANSFER, clock.now(), HOUSE.threshold)
