"""How staged appointments are taken in, with all that is counted from them."""
# ruff: noqa: S608 - statements are made of this module's constants; values are bound

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlmodel import SQLModel

from domain.statuses import Status
from storage.counters import CONTRIBUTION, EARLIER_NO_SHOWS, add_to_rollup
from storage.feeds.adopting import adopt
from storage.feeds.merging import Changes
from storage.feeds.overtaken import end_overtaken, end_taken
from storage.feeds.staging import Staging
from storage.rescoring import MODEL_IN_CHARGE, QUEUED

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
    known.released_at IS NOT NULL AND patient.id = known.patient_id
    AND feed.start = known.start AND feed.status = '{Status.BOOKED}'
"""
"""The feed does not know yet that the patient gave the slot back."""
_CHANGING: Final = "id IN (SELECT id FROM feed_change)"


def take_in(staged: Staging, now: datetime, member_id: int | None) -> Changes:
    """Add and update appointments; see `storage.feeds.kind.Kind.take_in`."""
    entries = adopt(staged, now, member_id)
    _find_changes(staged)
    _count(staged, _CHANGING, "-")
    entries += end_overtaken(staged, now, member_id)
    _ask_for_places(staged)
    updated = _update_appointments(staged)
    last = staged.one("SELECT coalesce(max(id), 0) FROM appointment")
    with _indexes_aside(staged, last):
        inserted = _add_appointments(staged)
        _count(staged, f"{_CHANGING} OR id > {last}", "+")
        _recount_earlier_no_shows(staged)
    end_taken(staged, now)
    _ask_for_chances(staged)
    # What a patient missed in one department moves the lists of others too.
    staged.run("""
        UPDATE department SET figures = figures + 1, outcomes = outcomes
            + CASE WHEN id IN (SELECT id FROM touched_department) THEN 1 ELSE 0 END
        WHERE id IN (SELECT id FROM touched_department)
            OR id IN (SELECT department_id FROM feed_recount)
    """)
    return Changes(inserted, updated, entries)


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
