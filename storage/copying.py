"""Copying: the schedule alone into an empty SQLite store, to try something out on it."""

from typing import Final

from sqlalchemy import Connection, delete, insert, select
from sqlmodel import Session, SQLModel

from storage.store import Store

_SCHEDULE: Final = ("fact", "department", "clinician", "patient", "appointment", "daily_count")
"""Tables, each after those that it refers to."""

_ROWS_AT_ONCE: Final = 5_000


def copy_schedule(source: Store, target: Store) -> None:
    """Copy appointments, patients, departments and their counts; no people, decisions or models.

    Args:
        source: Any store; it is only read.
        target: A migrated store with nothing in it.
    """
    with target.engine.execution_options(writes=True).begin() as connection:
        source.read_now(_copy, connection)


def _copy(session: Session, target: Connection) -> None:
    for name in _SCHEDULE:
        table = SQLModel.metadata.tables[name]
        target.execute(delete(table))
        found = session.execute(select(table).execution_options(yield_per=_ROWS_AT_ONCE))
        for rows in found.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in rows])
