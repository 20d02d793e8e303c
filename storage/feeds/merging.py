"""The merge: one transaction that takes staged rows into the store, by sets.

It holds the store's write lock from its first statement on, so what it compares with stays
true until it commits; decisions made by others meanwhile wait for it. Names and patients are taken
in here; what a kind of file is about, in its own module.
"""
# ruff: noqa: S608 - statements are made of constants; values are bound

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from sqlalchemy import Connection, insert, text
from sqlmodel import col, select

from domain.chain import Entry
from domain.days import Calendar
from domain.references import draw_references
from storage.feeds.report import ImportRefused
from storage.feeds.staging import Staging
from storage.retention import forgotten_before
from storage.tables import Fact

_ZONE: Final = "timezone"
_PATIENTS_AT_ONCE: Final = 20_000


@dataclass(frozen=True)
class Changes:
    """What became of the things that the rows are about.

    Attributes:
        entries: What the audit trail is to say of it, beside the import itself.
    """

    inserted: int
    updated: int
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Merged:
    """What a merge did; `forgotten` counts the rows that were left out."""

    changes: Changes
    new_patients: int
    patients_updated: int
    new_departments: tuple[str, ...]
    forgotten: int


def merge(
    staged: Staging,
    take_in: Callable[[Staging], Changes],
    calendar: Calendar,
    chance: np.random.Generator,
) -> Merged:
    """Take the staged rows into the store and keep true all that is counted from them.

    To be called in a transaction that writes. An empty cell never erases what is known.

    Args:
        staged: A finished staging.
        take_in: Takes in what the rows are about, once names and patients are in.
        calendar: The zone of the feed, which must be the store's.
        chance: Where new patients' references come from.

    Raises:
        ImportRefused: The store was filled in another zone.
    """
    if not staged.is_sqlite:
        # As on SQLite: decisions wait, reading goes on.
        staged.run("LOCK TABLE appointment IN EXCLUSIVE MODE")
    if not refuse_other_zone(staged.connection, calendar):
        zone = {"name": _ZONE, "value": calendar.zone.key}
        staged.connection.execute(insert(Fact).values(**zone))
    forgotten = _leave_out_forgotten(staged)
    new_departments = _take_names(staged, "department", ", figures, outcomes", ", 0, 0")
    _take_names(staged, "clinician")
    patients_updated = new_patients = 0
    if staged.shape.people:
        patients_updated = _update_patients(staged)
        new_patients = _add_patients(staged, chance)
    changes = take_in(staged)
    return Merged(changes, new_patients, patients_updated, new_departments, forgotten)


def refuse_other_zone(connection: Connection, calendar: Calendar) -> bool:
    """Hold imports to the zone of the first one: days are counted by it.

    Returns:
        Whether there was an import before.

    Raises:
        ImportRefused: The store was filled in another zone.
    """
    kept = connection.scalar(select(Fact.value).where(col(Fact.name) == _ZONE))
    if kept not in (None, calendar.zone.key):
        raise ImportRefused(
            f"the store was filled in the time zone {kept}; this is {calendar.zone.key}"
        )
    return kept is not None


def _leave_out_forgotten(staged: Staging) -> int:
    """Leave out what is of before patients were forgotten, unless it is known.

    Appointments of anonymous patients are among it: taken in, they would make a second patient of
    each and count everything twice.

    Returns:
        How many rows that is.
    """
    before = forgotten_before(staged.connection)
    if before is None or staged.shape.forgotten is None:
        return 0
    left_out = staged.run(f"DELETE FROM feed_row WHERE {staged.shape.forgotten}", before=before)
    if left_out:
        staged.drop_unused()
    return left_out


def _take_names(
    staged: Staging, table: str, columns: str = "", defaults: str = ""
) -> tuple[str, ...]:
    """Add the unknown departments or clinicians, and note everybody's key."""
    unknown = f"""
        FROM feed_{table} AS feed
        WHERE NOT EXISTS (SELECT 1 FROM {table} AS known WHERE known.name = feed.name)
        ORDER BY feed.number
    """
    names = tuple(staged.connection.scalars(text(f"SELECT feed.name {unknown}")))
    staged.run(f"INSERT INTO {table} (name{columns}) SELECT feed.name{defaults} {unknown}")
    staged.run(f"""
        UPDATE feed_{table} SET id = (SELECT id FROM {table} AS t WHERE t.name = feed_{table}.name)
    """)
    return names


def _update_patients(staged: Staging) -> int:
    people = staged.shape.people
    fields = ", ".join(f"{name} = coalesce(feed.{name}, patient.{name})" for name in people)
    news = " OR ".join(
        f"(feed.{name} IS NOT NULL AND feed.{name} {staged.dialect.differs} patient.{name})"
        for name in people
    )
    return staged.run(f"""
        UPDATE patient SET {fields} FROM feed_patient AS feed
        WHERE feed.external_id = patient.external_id AND ({news})
    """)


def _add_patients(staged: Staging, chance: np.random.Generator) -> int:
    """Add the unknown patients; whose drawn reference is taken gets another in the next round."""
    fields = ", ".join(("external_id", *staged.shape.people))
    unknown = text(f"""
        SELECT number FROM feed_patient AS feed
        WHERE number > :after
            AND NOT EXISTS (SELECT 1 FROM patient WHERE patient.external_id = feed.external_id)
        ORDER BY number LIMIT {_PATIENTS_AT_ONCE}
    """)
    added = after = 0
    while True:
        numbers = staged.connection.scalars(unknown, {"after": after}).all()
        if numbers:
            references = draw_references(len(numbers), chance)
            staged.fill("feed_reference", list(zip(numbers, references, strict=True)))
            added += staged.run(f"""
                INSERT INTO patient (reference, {fields})
                SELECT reference, {fields} FROM feed_reference JOIN feed_patient USING (number)
                WHERE true
                ORDER BY number
                ON CONFLICT (reference) DO NOTHING
            """)
            staged.run("DELETE FROM feed_reference")
            after = numbers[-1]
        elif after:
            after = 0
        else:
            return added
