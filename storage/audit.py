"""The audit trail: who did what, when. Rows are only ever added, each chained to the one before.

What a unit of work records is only queued; `Store.write_now` seals it right before the commit.
So the chain's end, which one transaction at a time may move, is held for a moment, and by
somebody who waits for nothing else.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import Connection, Select, column, select, table, update
from sqlmodel import Session, col

from domain.chain import Entry, Head, Problem, first_problem, link
from storage.tables import Appointment, MemberRow

_QUEUE: Final = "audit"
_KEYS_AT_ONCE: Final = 10_000
_ROWS_AT_ONCE: Final = 2_000

_DETAIL: Final = json.JSONEncoder(ensure_ascii=False, default=str)

# Plain columns: the chain is made of what is kept, not of what Python makes of it.
_ROWS: Final = table("audit_entry", *map(column, ("id", *Entry._fields, "hash")))
_HEAD: Final = table("audit_head", column("entry_id"), column("hash"))


def record(
    session: Session,
    event: str,
    *,
    at: datetime,
    member_id: int | None = None,
    appointment_id: int | None = None,
    department_id: int | None = None,
    **detail: object,
) -> None:
    """Add one row to the trail, in the transaction of what it tells about.

    Args:
        session: The unit of work, one that writes.
        event: What happened, one or two words, e.g. `authorize`; `handlers/audit_words.py` has
            a sentence for each.
        at: When (aware).
        member_id: Who did it; `None` for the command line.
        appointment_id: What it was about, if it was about one appointment.
        department_id: … or about one department; that of the appointment need not be given.
        detail: Further facts, such as `person_id`, the member it happened to. Never a patient's
            name, phone number or national id, and so no words that somebody typed: they could
            never be removed.
    """
    made = entry(
        event,
        at=at,
        member_id=member_id,
        appointment_id=appointment_id,
        department_id=department_id,
        **detail,
    )
    session.info.setdefault(_QUEUE, []).append(made)


def entry(
    event: str,
    *,
    at: datetime,
    member_id: int | None = None,
    appointment_id: int | None = None,
    department_id: int | None = None,
    **detail: object,
) -> Entry:
    """A row as `record` adds it, for who appends it themselves."""
    kept = _DETAIL.encode(detail)
    return Entry(int(at.timestamp()), event, member_id, appointment_id, department_id, kept)


def seal(session: Session) -> None:
    """Add to the chain what was recorded; the last thing before the commit."""
    entries: list[Entry] = session.info.pop(_QUEUE, [])
    if entries:
        session.flush()
        append(session.connection(), entries)


def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Add rows to the chain, which stays locked until the transaction ends.

    To be called last of all: who holds the chain's end must wait for nobody, or two transactions
    could wait for each other.

    Raises:
        RuntimeError: The chain's end is not known any more.
    """
    departments = _held(connection, entries)
    entries = [
        each
        if each.department_id or not each.appointment_id
        else each._replace(department_id=departments.get(each.appointment_id))
        for each in entries
    ]
    ends = select(_HEAD.c.entry_id, _HEAD.c.hash).with_for_update()
    found = connection.execute(ends).first()
    if found is None:
        raise RuntimeError("audit_head is empty, so nothing can be recorded: restore a backup")
    heads = list(accumulate(entries, link, initial=Head(*found)))
    _insert(connection, list(zip(heads[1:], entries, strict=True)))
    connection.execute(update(_HEAD).values(entry_id=heads[-1].id, hash=heads[-1].hash))


def _insert(connection: Connection, rows: Sequence[tuple[Head, Entry]]) -> None:
    """By the driver itself, which takes half the time for thousands of rows."""
    columns = (*Head._fields, *Entry._fields)
    places = ", ".join(["?" if connection.dialect.name == "sqlite" else "%s"] * len(columns))
    statement = f"INSERT INTO audit_entry ({', '.join(columns)}) VALUES ({places})"  # noqa: S608
    connection.exec_driver_sql(statement, [(*head, *each) for head, each in rows])


def head(session: Session) -> Head | None:
    """The last row's number and hash: worth noting where the database's owner cannot write."""
    found = session.connection().execute(select(_HEAD.c.entry_id, _HEAD.c.hash)).first()
    return Head(*found) if found else None


def verify(session: Session, noted: Head | None = None) -> Problem | None:
    """Recompute the whole chain; the first row that is not as it was written, or `None`.

    Args:
        session: A unit of work that sees one moment.
        noted: A head from earlier, which must still be part of the chain.
    """
    wanted = select(_ROWS).order_by(_ROWS.c.id).execution_options(yield_per=_ROWS_AT_ONCE)
    end = head(session)
    with session.connection().execute(wanted) as found:
        rows = ((Head(number, sealed), Entry(*told)) for number, *told, sealed in found)
        return first_problem(rows, end, noted)


def _held(connection: Connection, entries: Sequence[Entry]) -> dict[int, int]:
    """The departments of the entries' appointments.

    PostgreSQL locks the rows that a new row refers to. That happens here, before the chain's end
    is held, and in the order of their keys.
    """
    if connection.dialect.name != "sqlite":
        members = {each.member_id for each in entries if each.member_id}
        for keys in _portions(members):
            _hold(connection, select(col(MemberRow.id)).where(col(MemberRow.id).in_(keys)))
    appointments = {each.appointment_id for each in entries if each.appointment_id}
    found: dict[int, int] = {}
    for keys in _portions(appointments):
        wanted = select(col(Appointment.id), col(Appointment.department_id))
        found |= _hold(connection, wanted.where(col(Appointment.id).in_(keys)))
    return found


def _hold(connection: Connection, wanted: Select[*tuple[Any, ...]]) -> dict[Any, Any]:
    key = wanted.selected_columns[0]
    rows = connection.execute(wanted.order_by(key).with_for_update(read=True, key_share=True))
    return {row[0]: row[-1] for row in rows}


def _portions(keys: Collection[int]) -> Iterator[list[int]]:
    """Keys in order, no more at once than a statement takes."""
    ordered = sorted(keys)
    for first in range(0, len(ordered), _KEYS_AT_ONCE):
        yield ordered[first : first + _KEYS_AT_ONCE]
