"""Units of work: wholly done or not at all, one after another, and never on the event loop."""

import asyncio
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, update
from sqlmodel import Session, col

from storage.migrate import upgrade
from storage.people import department_named
from storage.store import Store, StoreUnavailable
from storage.tables import Department, Fact


def test_a_write_is_kept_and_what_it_returns_comes_back(store: Store) -> None:
    assert store.write_now(put, "zone", "UTC") == "UTC"
    assert store.read_now(facts) == {"zone": "UTC"}


def test_a_write_that_fails_keeps_nothing(store: Store) -> None:
    def work(session: Session) -> None:
        put(session, "zone", "UTC")
        session.flush()
        raise LookupError("half way")

    with pytest.raises(LookupError, match="half way"):
        store.write_now(work)
    assert store.read_now(facts) == {}


def test_a_read_keeps_nothing(store: Store) -> None:
    store.read_now(put, "zone", "UTC")
    assert store.read_now(facts) == {}


def test_a_read_sees_one_moment(store: Store) -> None:
    store.write_now(put, "zone", "UTC")

    def reads(session: Session) -> list[str | None]:
        wanted = select(col(Fact.value)).where(col(Fact.name) == "zone")
        first = session.scalar(wanted)
        store.write_now(change, "zone", "Asia/Jerusalem")
        return [first, session.scalar(wanted)]

    assert store.read_now(reads) == ["UTC", "UTC"]
    assert store.read_now(facts) == {"zone": "Asia/Jerusalem"}


async def test_work_runs_beside_the_event_loop(store: Store) -> None:
    def where(_session: Session) -> str:
        return threading.current_thread().name

    assert (await store.read(where)).startswith("store")
    assert (await store.write(where)).startswith("store")
    await store.write(put, "zone", value="UTC")
    assert await store.read(facts) == {"zone": "UTC"}


async def test_many_units_of_work_at_once_are_all_done(store: Store) -> None:
    await store.write(named, "Cardiology")
    await asyncio.gather(*(store.write(counts_up) for _ in range(60)))
    assert await store.read(figures) == 60


def test_two_writers_wait_for_each_other_rather_than_fail(sqlite_store: Store) -> None:
    """Each reads before it writes, which fails at once where a lock is upgraded."""
    url = sqlite_store.engine.url.render_as_string(hide_password=False)
    sqlite_store.write_now(named, "Cardiology")
    another = Store(url)

    def reads_and_writes(store: Store) -> None:
        def work(session: Session) -> None:
            department = session.scalars(select(Department)).one()
            department.figures += 1

        for _ in range(25):
            store.write_now(work)

    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(reads_and_writes, [sqlite_store, another] * 2))
    finally:
        another.close()
    assert sqlite_store.read_now(figures) == 100


def test_a_reader_is_not_held_up_by_a_writer(sqlite_store: Store) -> None:
    def writes(session: Session) -> dict[str, str]:
        put(session, "zone", "UTC")
        session.flush()
        return sqlite_store.read_now(facts)

    assert sqlite_store.write_now(writes) == {}


def test_work_that_was_undone_for_anothers_sake_is_done_again(postgres_store: Store) -> None:
    """Two transactions lock two rows in opposite order: the database undoes one of them."""
    for name in ("Cardiology", "Eyes"):
        postgres_store.write_now(named, name)
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def works(order: tuple[str, str]) -> None:
        def work(session: Session) -> None:
            runs.append(order[0])
            touch(session, order[0])
            if runs.count(order[0]) == 1:
                both_hold_one.wait(10)
            touch(session, order[1])

        postgres_store.write_now(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(works, [("Cardiology", "Eyes"), ("Eyes", "Cardiology")]))
    assert len(runs) >= 3  # one of them at least ran again
    assert postgres_store.read_now(all_figures) == {"Cardiology": 2, "Eyes": 2}


def test_a_mistake_is_not_tried_again(store: Store) -> None:
    runs = []

    def work(session: Session) -> None:
        runs.append(1)
        session.execute(insert(Fact).values(name="zone", value=None))

    with pytest.raises(Exception, match=r"(?i)null"):
        store.write_now(work)
    assert len(runs) == 1


def test_a_server_that_is_not_there_is_told_in_one_line_without_its_password() -> None:
    store = Store("postgresql://slotwise:s3cret@127.0.0.1:1/slotwise")
    try:
        for attempt in (lambda: store.read_now(facts), lambda: upgrade(store)):
            with pytest.raises(StoreUnavailable) as told:
                attempt()
            assert "127.0.0.1" in str(told.value)
            assert "s3cret" not in str(told.value)
            assert len(str(told.value).splitlines()) == 1
    finally:
        store.close()


@pytest.mark.parametrize("name", ["", "text.db", "text.db/inside.db"])
def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.db").write_text("no database, and long enough to see that it is none" * 99)
    with pytest.raises(StoreUnavailable) as told:
        opened(f"sqlite:///{tmp_path / name}")
    assert len(str(told.value).splitlines()) == 1


def test_a_table_that_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(StoreUnavailable, match="no such table: fact"):
        store.read_now(facts)
    store.close()


def test_a_full_database_is_told_keeps_nothing_half_done_and_goes_on_when_there_is_room(
    sqlite_store: Store,
) -> None:
    pages = ["4"]  # far fewer than there are: not one more

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages[0]}")

    sqlite_store.engine.dispose()
    event.listen(sqlite_store.engine, "connect", limit)

    def much(session: Session) -> None:
        for number in range(50):
            put(session, f"fact {number}", "x" * 3000)

    with pytest.raises(StoreUnavailable, match="database or disk is full"):
        sqlite_store.write_now(much)
    assert sqlite_store.read_now(facts) == {}
    pages[0] = "1000000"
    sqlite_store.engine.dispose()
    sqlite_store.write_now(much)
    assert len(sqlite_store.read_now(facts)) == 50


@pytest.mark.parametrize("patience", [0, 1])
def test_a_lock_is_waited_for_as_long_as_the_address_says(tmp_path: Path, patience: int) -> None:
    file = tmp_path / "slotwise.db"
    opened(f"sqlite:///{file}")
    store = Store(f"sqlite:///{file}?timeout={patience}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match="database is locked"):
        store.write_now(put, "zone", "UTC")
    assert patience <= time.monotonic() - began < patience + 20
    other.close()
    store.write_now(put, "zone", "UTC")
    store.close()


def test_the_folder_of_a_database_is_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "slotwise.db"
    opened(f"sqlite:///{path}")
    assert path.exists()


@pytest.mark.parametrize("url", ["mysql://h/d", "oracle://h"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Store(url)


def test_patients_rows_do_not_stand_in_error_texts(store: Store) -> None:
    def work(session: Session) -> None:
        put(session, "phone", "+972-50-1234567")
        session.flush()
        session.execute(insert(Fact).values(name="phone", value="+972-50-7654321"))

    with pytest.raises(Exception, match=r"(?i)unique") as error:
        store.write_now(work)
    assert "7654321" not in str(error.value)


def opened(url: str) -> None:
    store = Store(url)
    try:
        upgrade(store)
    finally:
        store.close()


def put(session: Session, name: str, value: str) -> str:
    session.add(Fact(name=name, value=value))
    return value


def change(session: Session, name: str, value: str) -> None:
    session.execute(update(Fact).where(col(Fact.name) == name).values(value=value))


def facts(session: Session) -> dict[str, str]:
    return {fact.name: fact.value for fact in session.scalars(select(Fact))}


def named(session: Session, name: str) -> None:
    department_named(session, name)


def touch(session: Session, name: str) -> None:
    session.execute(
        update(Department)
        .where(col(Department.name) == name)
        .values(figures=col(Department.figures) + 1)
    )


def counts_up(session: Session) -> None:
    touch(session, "Cardiology")


def figures(session: Session) -> int:
    return all_figures(session)["Cardiology"]


def all_figures(session: Session) -> dict[str, int]:
    return {row.name: row.figures for row in session.scalars(select(Department))}
