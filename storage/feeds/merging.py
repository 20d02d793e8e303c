"""The merge: one transaction that takes staged rows into the store, by sets.

It holds the store's write lock from its first statement on, so what it compares with stays
true until it commits; decisions made by others meanwhile wait for it.
"""
# ruff: noqa: S608 - statements are made of this module's constants; values are bound

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy import Connection, insert, text
from sqlmodel import SQLModel, col, select

from domain.chain import Entry
from domain.days import Calendar
from domain.references import draw_references
from domain.statuses import Status
from storage.counters import CONTRIBUTION, EARLIER_NO_SHOWS, add_to_rollup
from storage.feeds.overtaken import end_overtaken
from storage.feeds.report import ImportRefused
from storage.feeds.staging import PATIENT_FIELDS, Staging
from storage.rescoring import MODEL_IN_CHARGE, QUEUED
from storage.retention import forgotten_before
from storage.tables import Fact

_ZONE: Final = "timezone"
_PATIENTS_AT_ONCE: Final = 20_000
_MANY: Final = 50_000
"""New rows from which it may pay to build SQLite's indexes afresh."""

_FED: Final = {
    "patient_id": "patient.id",
    "department_id": "department.id",
    "clinician_id": "clinician.id",
    **{
        name: f"feed.{name}"
        for name in (
            "start", "day", "status", "booked_at", "age", "age_group", "duration",
            "reminder_sent", "extra",
        )
    },
}  # fmt: skip
"""The columns of an appointment that a feed fills, `external_id` apart, and from what."""

_VALUES: Final = tuple(_FED)

_STAGED: Final = """
    FROM feed_row AS feed
    JOIN patient ON patient.external_id = feed.patient
    JOIN feed_department AS department ON department.number = feed.department
    LEFT JOIN feed_clinician AS clinician ON clinician.number = feed.clinician
"""
_STALE: Final = f"""
    known.released_at IS NOT NULL AND feed.start = known.start AND feed.status = '{Status.BOOKED}'
"""
"""The feed does not know yet that the patient gave the slot back by phone."""
_CHANGING: Final = "id IN (SELECT id FROM feed_change)"


@dataclass(frozen=True)
class Merged:
    """What a merge did.

    Attributes:
        entries: What the audit trail is to say of it, beside the import itself.
    """

    inserted: int
    updated: int
    new_patients: int
    patients_updated: int
    new_departments: tuple[str, ...]
    forgotten: int
    entries: list[Entry]


def merge(
    staged: Staging,
    calendar: Calendar,
    chance: np.random.Generator,
    now: datetime,
    member_id: int | None,
) -> Merged:
    """Take the staged rows into the store and keep true all that is counted from them.

    To be called in a transaction that writes. An empty cell never erases what is known.

    Args:
        staged: A finished staging.
        calendar: The zone of the feed, which must be the store's.
        chance: Where new patients' references come from.
        now: The present (aware).
        member_id: Who imports; `None` is the command line.

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
    patients_updated = _update_patients(staged)
    new_patients = _add_patients(staged, chance)

    _find_changes(staged)
    entries = end_overtaken(staged, now, member_id)
    _count(staged, _CHANGING, "-")
    _ask_for_places(staged)
    updated = _update_appointments(staged)
    last = staged.one("SELECT coalesce(max(id), 0) FROM appointment")
    with _indexes_aside(staged, last):
        inserted = _add_appointments(staged)
        _count(staged, f"{_CHANGING} OR id > {last}", "+")
        _recount_earlier_no_shows(staged)
    _ask_for_chances(staged)
    # What a patient missed in one department moves the lists of others too.
    staged.run("""
        UPDATE department SET figures = figures + 1, outcomes = outcomes
            + CASE WHEN id IN (SELECT id FROM touched_department) THEN 1 ELSE 0 END
        WHERE id IN (SELECT id FROM touched_department)
            OR id IN (SELECT department_id FROM feed_recount)
    """)
    return Merged(
        inserted, updated, new_patients, patients_updated, new_departments, forgotten, entries
    )


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
    """Leave out appointments of before patients were forgotten, unless they are known.

    Those of anonymous patients are among them: taken in, they would make a second patient of each
    and count everything twice.

    Returns:
        How many rows that is.
    """
    before = forgotten_before(staged.connection)
    if before is None:
        return 0
    left_out = staged.run(
        """
        DELETE FROM feed_row WHERE start < :before
            AND NOT EXISTS (SELECT 1 FROM appointment AS a WHERE a.external_id = appointment)
        """,
        before=before,
    )
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
    fields = ", ".join(f"{name} = coalesce(feed.{name}, patient.{name})" for name in PATIENT_FIELDS)
    news = " OR ".join(
        f"(feed.{name} IS NOT NULL AND feed.{name} {staged.dialect.differs} patient.{name})"
        for name in PATIENT_FIELDS
    )
    return staged.run(f"""
        UPDATE patient SET {fields} FROM feed_patient AS feed
        WHERE feed.external_id = patient.external_id AND ({news})
    """)


def _add_patients(staged: Staging, chance: np.random.Generator) -> int:
    """Add the unknown patients; whose drawn reference is taken gets another in the next round."""
    fields = ", ".join(("external_id", *PATIENT_FIELDS))
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


def _find_changes(staged: Staging) -> None:
    """The known appointments of which the feed says something new, as they are to become."""
    kept = (*_VALUES, "released_at")
    values = ", ".join(f"{_new(name)} AS {name}" for name in kept)
    news = " OR ".join(f"known.{name} {staged.dialect.differs} {_new(name)}" for name in kept)
    staged.run(f"""
        INSERT INTO feed_change (id, {", ".join(kept)})
        SELECT known.id, {values} {_STAGED}
        JOIN appointment AS known ON known.external_id = feed.appointment
        WHERE {news}
    """)


def _new(name: str) -> str:
    if name == "age_group":  # goes with the age
        return f"CASE WHEN {_FED['age']} IS NULL THEN known.age_group ELSE feed.age_group END"
    if name == "released_at":
        return f"CASE WHEN {_STALE} THEN known.released_at END"
    if name == "status":
        return f"CASE WHEN {_STALE} THEN known.status ELSE feed.status END"
    return f"coalesce({_FED[name]}, known.{name})"


def _update_appointments(staged: Staging) -> int:
    values = ", ".join(f"{name} = new.{name}" for name in (*_VALUES, "released_at"))
    return staged.run(f"""
        UPDATE appointment SET {values} FROM feed_change AS new WHERE new.id = appointment.id
    """)


def _add_appointments(staged: Staging) -> int:
    names = ", ".join(_VALUES)
    values = ", ".join(_FED[name] for name in _VALUES)
    return staged.run(f"""
        INSERT INTO appointment (external_id, prior_no_shows, {names})
        SELECT feed.appointment, 0, {values} {_STAGED}
        WHERE true
        ORDER BY feed.line
        ON CONFLICT (external_id) DO NOTHING
    """)


def _count(staged: Staging, which: str, sign: str) -> None:
    """Take appointments off the rollup or add them, and note whom that touches."""
    each = f"SELECT day, department_id, age_group, {CONTRIBUTION} FROM appointment WHERE {which}"
    staged.run(add_to_rollup(f"({each})", sign))
    for whom in ("patient", "department"):
        staged.run(f"""
            INSERT INTO touched_{whom} (id)
            SELECT DISTINCT {whom}_id FROM appointment WHERE {which}
            ON CONFLICT (id) DO NOTHING
        """)


def _ask_for_places(staged: Staging) -> None:
    """Where an appointment is leaving, somebody else may be singled out."""
    staged.run(f"""
        INSERT INTO repick (day)
        SELECT DISTINCT day FROM appointment WHERE {_CHANGING} AND {MODEL_IN_CHARGE}
        ON CONFLICT (day) DO UPDATE SET day = excluded.day
    """)


def _ask_for_chances(staged: Staging) -> None:
    """Have the coming appointments of the touched patients scored anew."""
    staged.run(f"""
        INSERT INTO rescore (patient_id)
        SELECT id FROM touched_patient WHERE {MODEL_IN_CHARGE} {QUEUED}
    """)


def _recount_earlier_no_shows(staged: Staging) -> None:
    """Also of appointments that the feed does not name, maybe in other departments."""
    staged.run(f"""
        INSERT INTO feed_recount (id, department_id, counted)
        SELECT id, department_id, counted
        FROM (
            SELECT id, department_id, prior_no_shows AS kept, {EARLIER_NO_SHOWS} AS counted
            FROM appointment WHERE patient_id IN (SELECT id FROM touched_patient)
        ) AS recount
        WHERE kept <> counted
    """)
    staged.run("""
        UPDATE appointment SET prior_no_shows = counted
        FROM feed_recount WHERE feed_recount.id = appointment.id
    """)


@contextmanager
def _indexes_aside(staged: Staging, last: int) -> Iterator[None]:
    """On SQLite, build the indexes after a load that at least doubles the table.

    Keeping them in step with rows in another order would rewrite most of their pages again
    and again. The transaction holds: undone, the old indexes are back.
    """
    many = staged.is_sqlite and staged.one("SELECT count(*) FROM feed_row") > max(_MANY, last)
    table = SQLModel.metadata.tables["appointment"]
    aside = sorted(table.indexes, key=lambda index: str(index.name)) if many else []
    for index in aside:
        index.drop(staged.connection)
    yield
    for index in aside:
        index.create(staged.connection)
