"""The audit trail: what chaining a row costs beside a bare INSERT, and how fast it verifies."""

from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy import BigInteger, Column, MetaData, String, Table, insert, select
from sqlmodel import Session

from storage import audit
from storage.store import Store
from storage.tables import AuditEntry
from tests.bench.databases import POSTGRESQL, SQLITE, Databases
from tests.bench.history import NOW
from tests.bench.measuring import medians
from tests.bench.results import Result, Target, at_least, short

_MANY: Final = 10_000
_SINGLE: Final = 100
"""Transactions of one row each that make up a round."""

_KEPT: Final = AuditEntry.metadata.tables["audit_entry"]
_BARE: Final = Table(
    "bare_entry",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("at", BigInteger, index=True),
    Column("event", String(40)),
    Column("member_id", BigInteger, index=True),
    Column("appointment_id", BigInteger, index=True),
    Column("department_id", BigInteger, index=True),
    Column("detail", String),
    Column("hash", String(64)),
)
"""The same columns and indexes, but no chain, no end to lock and nothing that refuses a change."""


def audit_trail(databases: Databases, rounds: int) -> Iterator[Result]:
    """Append and verify, on both databases, each beside the least that could be done instead."""
    for where in (SQLITE, POSTGRESQL):
        store = databases.empty(where, "audit")
        with store.engine.execution_options(writes=True).begin() as connection:
            _BARE.create(connection)
        many = min(_MANY, databases.large)
        rivals = _Rivals(store, many)
        yield from _compared(
            f"audit rows appended, {short(many)} at once",
            where,
            many,
            medians(rivals.chained, rivals.bare, rounds=rounds),
            at_least(0.2),
        )
        yield from _compared(
            "audit rows appended, one at a time",
            where,
            _SINGLE,
            medians(rivals.chained_singly, rivals.bare_singly, rounds=rounds),
            at_least(0.3),
        )
        rows = store.read_now(audit.head)
        assert rows is not None
        yield from _compared(
            "audit rows verified",
            where,
            rows.id,
            medians(rivals.verify, rivals.read, rounds=rounds),
        )


def _compared(
    work: str, where: str, rows: int, taken: list[float], target: Target | None = None
) -> Iterator[Result]:
    ours, bare = taken
    yield Result(work, where, rows / ours * 1000, "/s")
    yield Result(f"{work} ÷ bare", where, bare / ours, "×", target)


class _Rivals:
    """What is measured, against the bare way to do it."""

    def __init__(self, store: Store, many: int) -> None:
        self.store = store
        self.many = many
        self.last = 0

    def chained(self) -> None:
        self.store.write_now(_record, self.many)

    def bare(self) -> None:
        self.store.write_now(self._insert, self.many)

    def chained_singly(self) -> None:
        _repeat(lambda: self.store.write_now(_record, 1))

    def bare_singly(self) -> None:
        _repeat(lambda: self.store.write_now(self._insert, 1))

    def verify(self) -> None:
        assert self.store.read_now(audit.verify) is None

    def read(self) -> None:
        self.store.read_now(_read)

    def _insert(self, session: Session, number: int) -> None:
        first, self.last = self.last + 1, self.last + number
        rows = [
            {
                "id": key,
                "at": int(NOW.timestamp()),
                "event": "authorize",
                "member_id": None,
                "appointment_id": None,
                "department_id": None,
                "detail": f'{{"action": {key}, "kind": "transfer"}}',
                "hash": f"{key:064}",
            }
            for key in range(first, self.last + 1)
        ]
        session.connection().execute(insert(_BARE), rows)


def _record(session: Session, number: int) -> None:
    for key in range(number):
        audit.record(session, "authorize", at=NOW, action=key, kind="transfer")


def _read(session: Session) -> None:
    """All rows, as they are."""
    wanted = select(_KEPT).order_by(_KEPT.c.id).execution_options(yield_per=2_000)
    for _row in session.connection().execute(wanted):
        pass


def _repeat(work: Callable[[], None]) -> None:
    for _ in range(_SINGLE):
        work()
