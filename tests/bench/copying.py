"""Copies a history from SQLite to PostgreSQL: the same rows and counts, sooner than an import."""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection
from sqlmodel import SQLModel

from storage.migrate import upgrade
from storage.store import Store

_TABLES: Final = ("fact", "department", "clinician", "patient", "appointment", "daily_count")
_ROWS_AT_ONCE: Final = 10_000


def copy_history(source: Store, url: str) -> None:
    """Fill an empty database with what was imported into `source`."""
    target = Store(url)
    try:
        upgrade(target)
        with target.engine.begin() as connection, source.engine.connect() as origin:
            # The rows fit together already, so references need no second look.
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            for table in _TABLES:
                _copy(table, origin, connection)
    finally:
        target.close()


def _copy(name: str, origin: Connection, connection: Connection) -> None:
    table = SQLModel.metadata.tables[name]
    for index in table.indexes:
        index.drop(connection)
    columns = ", ".join(column.name for column in table.columns)
    driver: Any = connection.connection.dbapi_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {name} ({columns}) FROM STDIN") as copy:
        for row in _rows(origin, f"SELECT {columns} FROM {name}"):  # noqa: S608 - own names
            copy.write_row(row)
    for index in table.indexes:
        index.create(connection)


def _rows(origin: Connection, question: str) -> Iterator[tuple[Any, ...]]:
    driver: sqlite3.Connection = origin.connection.dbapi_connection  # type: ignore[assignment]
    cursor = driver.execute(question)
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        yield from rows
