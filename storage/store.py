"""The store: one engine, and units of work that run on worker threads.

A unit of work is a plain function whose first argument is a session. `read` and `write` run it
in one transaction on a worker thread, so the event loop never waits for a database and a
function of several statements costs one thread hop (`docs/decisions/0006`).
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import psycopg
from sqlalchemy import (
    URL,
    Connection,
    CursorResult,
    Engine,
    Executable,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

from storage import audit

P = ParamSpec("P")
T = TypeVar("T")

Work = Callable[Concatenate[Session, P], T]

PATIENCE: Final = 30
"""Seconds that SQLite waits for a lock; `?timeout=` in the database's address changes it."""

_CONNECTS_WITHIN: Final = 5
_GIVES_UP_AFTER: Final = 15
"""Seconds until a PostgreSQL that has fallen silent counts as gone."""

_THREADS: Final = 8
_TRIES: Final = 4
_RETRY_STATES: Final = frozenset({"40001", "40P01", "23505"})
"""PostgreSQL's serialization failure, deadlock, and a row that another was quicker to add: the
same work may well pass again."""


class StoreUnavailable(Exception):  # noqa: N818 - a state, told to people in these words
    """The database cannot be reached, is locked for too long or its disk is full."""


@dataclass(frozen=True)
class Done:
    """A unit of work that has ended, whether well or not.

    Attributes:
        work: The function.
        writes: Whether it was to change something.
        seconds: How long it took, waiting for locks included.
        error: What it raised.
    """

    work: Callable[..., object]
    writes: bool
    seconds: float
    error: Exception | None


class Store:
    """Runs units of work against one database.

    Args:
        url: `sqlite:///path` or `postgresql://…`; a driver in the URL is not needed.
        watch: Told of every unit of work, on the thread that ran it.
    """

    def __init__(self, url: str, watch: Callable[[Done], None] = lambda _: None) -> None:
        self.engine = open_engine(url)
        self._watch = watch
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # A read sees one moment: by itself in SQLite, where it is asked for in PostgreSQL.
        self._snapshots = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._readers = ThreadPoolExecutor(_THREADS, "store")
        # SQLite has one writer at a time: a queue of our own is fairer than its busy wait.
        self._writers = ThreadPoolExecutor(1, "store-write") if self.is_sqlite else self._readers

    async def read(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(session, …)` in a transaction that keeps nothing."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._readers, partial(self.read_now, work, *args, **kwargs)
        )

    async def write(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(session, …)` in a transaction that is committed, or wholly undone if it raises.

        Work must be repeatable: PostgreSQL may undo it for another's sake, and then it is run
        again.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._writers, partial(self.write_now, work, *args, **kwargs)
        )

    def read_now(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`read` for programs without an event loop."""
        with self._watched(work, writes=False), Session(self._snapshots) as session:
            return work(session, *args, **kwargs)

    def write_now(self, work: Work[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`write` for programs without an event loop."""
        with self._watched(work, writes=True):
            for attempt in range(_TRIES):
                try:
                    with Session(self.engine.execution_options(writes=True)) as session:
                        done = work(session, *args, **kwargs)
                        audit.seal(session)
                        session.commit()
                        return done
                except DBAPIError as error:
                    if attempt == _TRIES - 1 or not may_pass_again(error):
                        raise
            raise AssertionError("unreachable")

    @contextmanager
    def _watched(self, work: Callable[..., object], *, writes: bool) -> Iterator[None]:
        began, error = time.monotonic(), None
        try:
            with told_plainly():
                yield
        except Exception as raised:
            error = raised
            raise
        finally:
            self._watch(Done(work, writes, time.monotonic() - began, error))

    def close(self) -> None:
        """End the threads, once what runs has finished, and the connections."""
        self._writers.shutdown()
        self._readers.shutdown()
        self.engine.dispose()


def ask(
    session: Session, statement: Executable, values: Mapping[str, object] | None = None
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement that is built once and asked many times a second, in half the time.

    It goes past the ORM, which has nothing to add to plain columns: so what is only pending in
    the session must have been flushed.
    """
    return session.connection().execute(statement, values)


def open_engine(url: str) -> Engine:
    """An engine with the driver, pragmas and pool this project uses.

    Raises:
        ValueError: The URL names neither SQLite nor PostgreSQL.
        StoreUnavailable: The folder of the database cannot be made.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if parsed.database:
            _make_folder(Path(parsed.database).parent)
        engine = create_engine(
            parsed.set(drivername="sqlite"),
            hide_parameters=True,
            pool_size=_THREADS + 2,
            connect_args=_unless_given(parsed, timeout=PATIENCE),
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_size=_THREADS,
            max_overflow=4,
            pool_pre_ping=True,
            connect_args=_unless_given(
                parsed,
                connect_timeout=_CONNECTS_WITHIN,
                keepalives_idle=_GIVES_UP_AFTER,
                tcp_user_timeout=_GIVES_UP_AFTER * 1000,
            ),
        )
    raise ValueError("the database must be sqlite:///… or postgresql://…")


def _unless_given(url: URL, **usual: int) -> dict[str, int]:
    """The usual options of a connection, without those that stand in the address."""
    return {name: value for name, value in usual.items() if name not in url.query}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite` alone
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "cache_size = -32768",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: upgrading a read lock later can fail without waiting.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def may_pass_again(error: DBAPIError) -> bool:
    """Whether the same work may well pass if it is run again."""
    return getattr(error.orig, "sqlstate", None) in _RETRY_STATES


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"{folder}: {error.strerror}") from error


@contextmanager
def told_plainly() -> Iterator[None]:
    """Tell of a database that cannot be used as `StoreUnavailable`, in one line."""
    try:
        yield
    except (DBAPIError, psycopg.OperationalError) as error:
        # psycopg speaks for itself where rows are copied in.
        if isinstance(error, DBAPIError) and not _is_unusable(error):
            raise
        reason = str(getattr(error, "orig", error)).strip().splitlines()
        raise StoreUnavailable(reason[0] if reason else "the database gave no reason") from error


def _is_unusable(error: DBAPIError) -> bool:
    """Whether it is about the database rather than about what was asked of it.

    SQLite says of a file that is no database just that, under the general name.
    """
    return error.connection_invalidated or type(error) in {
        OperationalError,
        DatabaseError,
        InterfaceError,
    }
