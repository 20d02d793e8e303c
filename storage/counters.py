"""The kept-up-to-date columns: how they change with a status, and a recount from scratch.

- `Appointment.prior_no_shows`: the patient's no-shows that started strictly before it.
- `DailyCount`: what each appointment contributes to its day, department and age group.
  An excused no-show is none in either; it stays scheduled.
- `Appointment.action_state`: the furthest of the appointment's actions.
- `Appointment.excused`: whether a correction of it is in force (`storage/corrections.py`).

Imports keep them by sets (`storage/feeds/merging.py`), decisions in `storage/actions.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import func, select, text, update
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS
from domain.statuses import ATTENDED, NOT_SCHEDULED, Status, status_known_at
from domain.transfers import State
from storage import rescoring
from storage.tables import Appointment, Department


def _listed(statuses: frozenset[Status]) -> str:
    return ", ".join(f"'{status}'" for status in sorted(statuses))


_SCHEDULED: Final = f"status NOT IN ({_listed(NOT_SCHEDULED)})"
_NO_SHOW: Final = f"status = '{Status.NOSHOW}' AND NOT excused"

CONTRIBUTION: Final = f"""
    CASE WHEN {_SCHEDULED} THEN 1 ELSE 0 END AS scheduled,
    CASE WHEN status IN ({_listed(ATTENDED)}) THEN 1 ELSE 0 END AS attended,
    CASE WHEN {_NO_SHOW} THEN 1 ELSE 0 END AS no_shows,
    CASE WHEN {_SCHEDULED} AND action_state = '{State.AUTHORIZED}' THEN 1 ELSE 0 END AS actioned
"""
"""What one appointment adds to the rollup, as columns of a SELECT."""

EARLIER_NO_SHOWS: Final = f"""
    count(*) FILTER (WHERE {_NO_SHOW}) OVER (
        PARTITION BY patient_id ORDER BY start
        RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
"""
"""`prior_no_shows` from scratch: starts are whole seconds, so "1 PRECEDING" is strictly before."""


def add_to_rollup(contributions: str, sign: str = "+") -> str:
    """The statement that adds rows of contributions to the rollup, or takes them off.

    Args:
        contributions: A SELECT or a table with day, department_id, age_group and the columns
            of `CONTRIBUTION`.
        sign: `+` or `-`.
    """
    return f"""
        INSERT INTO daily_count
            (day, department_id, age_group, scheduled, attended, no_shows, actioned)
        SELECT day, department_id, age_group, {sign}sum(scheduled), {sign}sum(attended),
            {sign}sum(no_shows), {sign}sum(actioned)
        FROM {contributions} AS contributed
        WHERE true
        GROUP BY day, department_id, age_group
        ON CONFLICT (day, department_id, age_group) DO UPDATE SET
            scheduled = daily_count.scheduled + excluded.scheduled,
            attended = daily_count.attended + excluded.attended,
            no_shows = daily_count.no_shows + excluded.no_shows,
            actioned = daily_count.actioned + excluded.actioned
    """  # noqa: S608 - made of constants


_ONE: Final = f"""
    (SELECT day, department_id, age_group, {CONTRIBUTION} FROM appointment WHERE id = :id)
"""  # noqa: S608
_TAKE_ONE: Final = text(add_to_rollup(_ONE, "-"))
_ADD_ONE: Final = text(add_to_rollup(_ONE))


def apply_status_change(
    session: Session, appointment_id: int, new_status: Status, now: datetime
) -> Status:
    """Correct one appointment's status, and with it all that is counted from it.

    Args:
        session: Within a transaction that writes.
        appointment_id: The appointment's key.
        new_status: What is to hold from now on.
        now: The present; an outcome of an appointment still to come is kept as `booked`.

    Returns:
        The status that is stored.

    Raises:
        LookupError: There is no such appointment.
    """
    kept = _locked(session, appointment_id)
    status = status_known_at(new_status, started=kept.start <= now)
    _change(session, kept, status, excused=kept.excused)
    return status


def add_booked(session: Session, appointment: Appointment) -> None:
    """Add an appointment that is booked, and all that is counted from it.

    Args:
        session: Within a transaction that writes.
        appointment: Not in the store yet, without an action; `prior_no_shows` is set here.
    """
    missed = (col(Appointment.status) == Status.NOSHOW) & ~col(Appointment.excused)
    appointment.prior_no_shows = (
        session.scalar(
            select(func.count()).where(
                col(Appointment.patient_id) == appointment.patient_id,
                col(Appointment.start) < appointment.start,
                missed,
            )
        )
        or 0
    )
    session.add(appointment)
    session.flush()
    rescoring.ask_for(session, appointment.patient_id)
    session.execute(_ADD_ONE, {"id": appointment.id})


def apply_excuse(session: Session, appointment_id: int, *, excused: bool) -> None:
    """Excuse a no-show, or let it count again, and with it all that is counted from it.

    Args:
        session: Within a transaction that writes.
        appointment_id: The appointment's key; those that come after it are changed too, and
            `lock_with_later` holds them. The mark stays with it whatever a feed says of its
            status afterwards.
        excused: Whether it is to count as none.

    Raises:
        LookupError: There is no such appointment.
    """
    kept = _locked(session, appointment_id)
    _change(session, kept, kept.status, excused=excused)


class _Kept(NamedTuple):
    """An appointment as it stands, locked."""

    id: int
    patient_id: int
    department_id: int
    start: datetime
    status: Status
    excused: bool


def _locked(session: Session, appointment_id: int) -> _Kept:
    session.flush()
    row = session.execute(
        select(*(getattr(Appointment, name) for name in _Kept._fields))
        .where(col(Appointment.id) == appointment_id)
        .with_for_update(key_share=True)
    ).first()
    if row is None:
        raise LookupError(f"there is no appointment {appointment_id}")
    return _Kept(*row)


def _change(session: Session, kept: _Kept, status: Status, *, excused: bool) -> None:
    if (status, excused) == (kept.status, kept.excused):
        return
    step = _counts(status, excused) - _counts(kept.status, kept.excused)
    touched = _move_later_ones(session, kept, step) if step else set()
    rescoring.ask_for(session, kept.patient_id)
    key = {"id": kept.id}
    session.execute(_TAKE_ONE, key)
    session.execute(
        update(Appointment)
        .where(col(Appointment.id) == kept.id)
        .values(status=status, excused=excused, released_at=None)
    )
    session.execute(_ADD_ONE, key)
    for department_id in sorted(touched | {kept.department_id}):
        department = col(Department.id) == department_id
        known = 1 if department_id == kept.department_id else 0
        session.execute(
            update(Department)
            .where(department)
            .values(figures=col(Department.figures) + 1, outcomes=col(Department.outcomes) + known)
        )


def _counts(status: Status, excused: bool) -> int:
    """As `_NO_SHOW`."""
    return int(status is Status.NOSHOW and not excused)


def _move_later_ones(session: Session, kept: _Kept, step: int) -> set[int]:
    """Change the earlier no-shows of what comes after; the departments whose lists that moves."""
    later = session.scalars(
        update(Appointment)
        .where(col(Appointment.patient_id) == kept.patient_id, col(Appointment.start) > kept.start)
        .values(prior_no_shows=col(Appointment.prior_no_shows) + step)
        .returning(col(Appointment.department_id))
    )
    return set(later)


@dataclass(frozen=True)
class Disagreement:
    """A kept value that a recount does not confirm.

    Attributes:
        what: The column or table.
        where: Which row of it.
        kept: What is stored.
        counted: What it should be.
    """

    what: str
    where: str
    kept: str
    counted: str

    def __str__(self) -> str:
        return f"{self.what} of {self.where}: kept {self.kept}, counted {self.counted}"


_NAMED_AT_MOST: Final = 10

_RECOUNT_PRIOR: Final = text(f"""
    SELECT id, kept, counted
    FROM (
        SELECT id, prior_no_shows AS kept, {EARLIER_NO_SHOWS} AS counted FROM appointment
    ) AS recount
    WHERE kept <> counted
    ORDER BY id LIMIT :limit
""")  # noqa: S608

_RECOUNT_ROLLUP: Final = text(f"""
    SELECT day, department_id, age_group,
        sum(CASE WHEN kept = 1 THEN scheduled ELSE 0 END),
        sum(CASE WHEN kept = 1 THEN attended ELSE 0 END),
        sum(CASE WHEN kept = 1 THEN no_shows ELSE 0 END),
        sum(CASE WHEN kept = 1 THEN actioned ELSE 0 END),
        sum(CASE WHEN kept = 0 THEN scheduled ELSE 0 END),
        sum(CASE WHEN kept = 0 THEN attended ELSE 0 END),
        sum(CASE WHEN kept = 0 THEN no_shows ELSE 0 END),
        sum(CASE WHEN kept = 0 THEN actioned ELSE 0 END)
    FROM (
        SELECT 1 AS kept, day, department_id, age_group, scheduled, attended, no_shows, actioned
        FROM daily_count
        UNION ALL
        SELECT 0, day, department_id, age_group, {CONTRIBUTION} FROM appointment
    ) AS both_counts
    GROUP BY day, department_id, age_group
    HAVING sum(scheduled * (2 * kept - 1)) <> 0 OR sum(attended * (2 * kept - 1)) <> 0
        OR sum(no_shows * (2 * kept - 1)) <> 0 OR sum(actioned * (2 * kept - 1)) <> 0
    ORDER BY day, department_id, age_group LIMIT :limit
""")  # noqa: S608

_RECOUNT_EXCUSED: Final = text("""
    SELECT id, 1, 0 FROM appointment
    WHERE excused AND id NOT IN (SELECT appointment_id FROM correction WHERE undone_at IS NULL)
    UNION ALL
    SELECT appointment.id, 0, 1
    FROM correction JOIN appointment ON appointment.id = correction.appointment_id
    WHERE undone_at IS NULL AND NOT excused
    ORDER BY 1 LIMIT :limit
""")

_RANKS: Final = (None, State.DECLINED, State.PROPOSED, State.AUTHORIZED)
"""Action states, the furthest last; a revoked action counts as none."""


def _rank(column: str) -> str:
    ranks = " ".join(f"WHEN '{state}' THEN {rank}" for rank, state in enumerate(_RANKS) if state)
    return f"CASE {column} {ranks} ELSE 0 END"


_RECOUNT_ACTIONS: Final = text(f"""
    SELECT appointment.id, {_rank("appointment.action_state")}, coalesce(furthest.rank, 0)
    FROM appointment LEFT JOIN (
        SELECT appointment_id, max({_rank("state")}) AS rank FROM action GROUP BY appointment_id
    ) AS furthest ON furthest.appointment_id = appointment.id
    WHERE {_rank("appointment.action_state")} <> coalesce(furthest.rank, 0)
    ORDER BY appointment.id LIMIT :limit
""")  # noqa: S608


def verify(session: Session) -> list[Disagreement]:
    """Recount everything that is kept up to date, and name the first disagreements of each kind.

    The database counts; of a store of any size only the answers reach this process.
    """
    limit = {"limit": _NAMED_AT_MOST}
    return [
        *map(_about_prior, session.execute(_RECOUNT_PRIOR, limit)),
        *map(_about_rollup, session.execute(_RECOUNT_ROLLUP, limit)),
        *map(_about_action, session.execute(_RECOUNT_ACTIONS, limit)),
        *map(_about_excused, session.execute(_RECOUNT_EXCUSED, limit)),
    ]


def _about_prior(row: Sequence[Any]) -> Disagreement:
    key, kept, counted = row
    return Disagreement("prior_no_shows", f"appointment {key}", str(kept), str(counted))


def _about_rollup(row: Sequence[Any]) -> Disagreement:
    day, department, group, *counts = row
    where = f"{day}, department {department}, {AGE_GROUPS[group]}"
    return Disagreement("daily_count", where, _told(counts[:4]), _told(counts[4:]))


def _told(counts: list[int]) -> str:
    names = ("scheduled", "attended", "no_shows", "actioned")
    return ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True))


def _about_action(row: Sequence[Any]) -> Disagreement:
    key, kept, counted = row
    return Disagreement(
        "action_state",
        f"appointment {key}",
        _RANKS[kept] or "none",
        _RANKS[counted] or "none",
    )


def _about_excused(row: Sequence[Any]) -> Disagreement:
    key, kept, counted = row
    return Disagreement("excused", f"appointment {key}", str(kept), str(counted))
