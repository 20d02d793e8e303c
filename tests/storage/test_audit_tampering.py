"""Whatever somebody does to the trail behind the product's back, `verify` finds it.

What no chain can show is a trail that was written anew from some row on, its head included: a
head that was noted elsewhere shows that (`tests/storage/test_audit.py`).
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from domain.chain import BEFORE_THE_FIRST, Entry, Head, Problem, link
from domain.clock import HandClock
from storage import audit
from storage.store import Store
from tests.storage.tampering import unguard

ROWS = 6
COLUMNS = ("id", *Entry._fields, "hash")

Row = dict[str, Any]
Tamper = Callable[[Session], int]
"""Changes the trail; the first row that is wrong then."""

ids = st.integers(1, ROWS)
values: dict[str, st.SearchStrategy[Any]] = {
    "at": st.integers(0, 2**33),
    "event": st.text("abc", max_size=5),
    "member_id": st.none() | st.integers(1, 9),
    "appointment_id": st.none() | st.integers(1, 9),
    "department_id": st.none() | st.integers(1, 9),
    "detail": st.just("{}") | st.text("{}a:1", max_size=6),
    "hash": st.text("0123456789abcdef", min_size=64, max_size=64),
}


@pytest.fixture
def trail(store: Store, clock: HandClock) -> Store:
    """A store with a trail of `ROWS` rows that all differ."""

    def work(session: Session) -> None:
        for number in range(ROWS):
            audit.record(session, f"event {number}", at=clock.now(), number=number)

    store.write_now(work)
    return store


@st.composite
def changes(draw: st.DrawFn) -> Tamper:
    """One column of one row has another value."""
    number, column = draw(ids), draw(st.sampled_from(sorted(values)))
    value = draw(values[column])

    def tamper(session: Session) -> int:
        assume(row(session, number)[column] != value)
        put(session, number, {column: value})
        return number

    return tamper


@st.composite
def forgeries(draw: st.DrawFn) -> Tamper:
    """A changed row has got the hash that it would have had."""
    number, event = draw(ids), draw(values["event"])

    def tamper(session: Session) -> int:
        before = row(session, number - 1)["hash"] if number > 1 else ""
        found = row(session, number) | {"event": event}
        entry = Entry(**{name: found[name] for name in Entry._fields})
        put(session, number, {"event": event, "hash": link(Head(number - 1, before), entry).hash})
        return min(number + 1, ROWS)

    return tamper


@st.composite
def removals(draw: st.DrawFn) -> Tamper:
    """Rows are gone, and the gap they leave may be closed."""
    gone, close = sorted(draw(st.sets(ids, min_size=1))), draw(st.booleans())

    def tamper(session: Session) -> int:
        for number in gone:
            run(session, "DELETE FROM audit_entry WHERE id = :id", id=number)
        if close:
            left = [number for number in range(1, ROWS + 1) if number not in gone]
            for place, number in enumerate(left, 1):
                run(session, "UPDATE audit_entry SET id = :to WHERE id = :id", to=place, id=number)
        return gone[0]

    return tamper


@st.composite
def insertions(draw: st.DrawFn) -> Tamper:
    """A row has come in at the front, at the end or beyond, or later ones have made room for it."""
    number, copied = draw(st.integers(-2, ROWS + 3)), draw(ids)

    def tamper(session: Session) -> int:
        new = row(session, copied) | {"id": number}
        for later in range(ROWS, max(number, 1) - 1, -1):
            if number >= 1:
                run(
                    session,
                    "UPDATE audit_entry SET id = :to WHERE id = :id",
                    to=later + 1,
                    id=later,
                )
        names = ", ".join(COLUMNS)
        places = ", ".join(f":{name}" for name in COLUMNS)
        run(session, f"INSERT INTO audit_entry ({names}) VALUES ({places})", **new)  # noqa: S608
        if number == copied:  # in the place of its twin, which stands behind it now
            return number + 1
        return min(number, ROWS + 1)

    return tamper


@st.composite
def orders(draw: st.DrawFn) -> Tamper:
    """The same rows in another order."""
    order = draw(st.permutations(range(1, ROWS + 1)))

    def tamper(session: Session) -> int:
        assume(list(order) != sorted(order))
        run(session, "UPDATE audit_entry SET id = id + 1000")
        for place, number in enumerate(order, 1):
            run(
                session,
                "UPDATE audit_entry SET id = :to WHERE id = :id",
                to=place,
                id=number + 1000,
            )
        return next(place for place, number in enumerate(order, 1) if place != number)

    return tamper


@st.composite
def ends(draw: st.DrawFn) -> Tamper:
    """The end of the chain is said to be elsewhere, or not at all."""
    number, sealed = draw(st.integers(0, ROWS + 2)), draw(values["hash"] | st.none())

    def tamper(session: Session) -> int:
        if sealed is None:
            run(session, "DELETE FROM audit_head")
            return ROWS
        run(session, "UPDATE audit_head SET entry_id = :id, hash = :hash", id=number, hash=sealed)
        return min(number, ROWS) + (number != ROWS)

    return tamper


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, derandomize=True
)
@given(
    tamper=st.one_of(changes(), forgeries(), removals(), insertions(), orders(), ends()),
)
def test_any_tampering_is_found_and_the_first_wrong_row_named(trail: Store, tamper: Tamper) -> None:
    problem, first = tampered(trail, tamper)
    assert problem is not None
    assert problem.id == first
    assert trail.read_now(audit.verify) is None


def tampered(store: Store, tamper: Tamper) -> tuple[Problem | None, int]:
    """What `verify` finds after a change that is undone again."""
    with Session(store.engine.execution_options(writes=True)) as session:
        try:
            unguard(session)
            first = tamper(session)
            return audit.verify(session), first
        finally:
            session.rollback()


def row(session: Session, number: int) -> Row:
    wanted = text(f"SELECT {', '.join(COLUMNS)} FROM audit_entry WHERE id = :id")  # noqa: S608
    return dict(zip(COLUMNS, session.execute(wanted, {"id": number}).one(), strict=True))


def put(session: Session, number: int, changed: Row) -> None:
    places = ", ".join(f"{name} = :{name}" for name in changed)
    run(session, f"UPDATE audit_entry SET {places} WHERE id = :key", key=number, **changed)  # noqa: S608


def run(session: Session, statement: str, **given_: object) -> None:
    session.execute(text(statement), given_)


def test_a_trail_of_nothing_is_whole(store: Store) -> None:
    assert store.read_now(audit.verify) is None
    assert store.read_now(audit.head) == BEFORE_THE_FIRST
