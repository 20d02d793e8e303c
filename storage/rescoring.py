"""Scoring: which coming appointments get a chance from the model, and whom that singles out.

Whatever may move a chance puts the patient into a queue, in its own transaction: a status, a
correction, an import, a new day, another model. One job takes them from there, so nothing is
forgotten when the process ends. Days whose chances moved wait in a second queue, since who is
among the most likely is a matter of the whole day.
"""
# ruff: noqa: S608 - statements are made of this module's constants; values are bound

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from sqlalchemy import Date, bindparam, delete, func, select, text, update
from sqlmodel import Session, col

from domain.days import Calendar
from domain.statuses import Status
from storage.columns import Moment
from storage.history import visits_of
from storage.locks import lock_appointments
from storage.selecting import IS_BOOKED
from storage.tables import Appointment, Department, Repick, Rescore

SCORED_AHEAD: Final = 30
"""Days ahead, today not counted, within which appointments have a chance."""

USUAL_CAPACITY: Final = 5
"""Appointments of a day and department that are singled out where nobody chose otherwise."""


class Scorer(Protocol):
    """A model at work."""

    @property
    def model_id(self) -> int:
        """The key of the model."""

    def thousandths(
        self, targets: pd.DataFrame, now: datetime, known: pd.DataFrame
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The chance of each target as seen now, 1–999, from all visits of its patients."""


MODEL_IN_CHARGE: Final = """
    EXISTS (
        SELECT 1 FROM model_use
        WHERE id = (SELECT max(id) FROM model_use) AND model_id IS NOT NULL
    )
"""
"""While no model is in charge there is nothing to score."""

QUEUED: Final = "ON CONFLICT (patient_id) DO UPDATE SET patient_id = excluded.patient_id"
"""Not `DO NOTHING`: the row must stay locked until whoever asks for it has committed, so that it
is not taken and done with before."""

_ASK: Final = text(
    f"INSERT INTO rescore (patient_id) SELECT :patient_id WHERE {MODEL_IN_CHARGE} {QUEUED}"
)
_ASK_BOOKED: Final = f"""
    INSERT INTO rescore (patient_id)
    SELECT DISTINCT patient_id FROM appointment WHERE status = '{Status.BOOKED}'
"""
_ASK_ANEW: Final = text(f"{_ASK_BOOKED} {QUEUED}")
_ASK_FOR_THE_DAY: Final = text(
    f"{_ASK_BOOKED} AND start > :now AND day <= :last AND {MODEL_IN_CHARGE} {QUEUED}"
).bindparams(bindparam("now", type_=Moment), bindparam("last", type_=Date))
_ASK_TO_PICK: Final = text(
    "INSERT INTO repick (day) VALUES (:day) ON CONFLICT (day) DO UPDATE SET day = excluded.day"
).bindparams(bindparam("day", type_=Date))


def ask_for(session: Session, patient_id: int) -> None:
    """Have a patient's coming appointments scored anew, if there is a model."""
    session.execute(_ASK, {"patient_id": patient_id})


def ask_anew(session: Session) -> None:
    """Have all coming appointments scored anew: another model, or none, is in charge."""
    session.execute(_ASK_ANEW)


def ask_for_the_day(session: Session, calendar: Calendar, now: datetime) -> None:
    """Have all scored anew that is within reach: a new day knows more, and reaches further."""
    last = calendar.day_of(now) + timedelta(days=SCORED_AHEAD)
    session.execute(_ASK_FOR_THE_DAY, {"now": now, "last": last})


def number_waiting(session: Session) -> int:
    """How many patients wait to be scored."""
    return session.scalar(select(func.count()).select_from(Rescore)) or 0


def days_waiting(session: Session) -> int:
    """On how many days it waits to be singled out anew."""
    return session.scalar(select(func.count()).select_from(Repick)) or 0


@dataclass(frozen=True)
class _Coming:
    """A coming appointment with the chance that is stored."""

    id: int
    department_id: int
    chance: int
    chance_by: int | None


def score(
    session: Session, scorer: Scorer | None, calendar: Calendar, now: datetime, limit: int
) -> int:
    """Score the coming appointments of the patients who wait, so many patients at most.

    Args:
        session: The unit of work; others may do the same at the same time.
        scorer: The model in charge, or `None` to forget all chances.
        calendar: The HMO's.
        now: The present (aware).
        limit: Patients.

    Returns:
        How many patients were done.
    """
    patients = _taken(session, limit)
    if not patients:
        return 0
    if scorer is None:
        _forget(session, patients)
    else:
        coming = _coming(session, patients, calendar, now)
        _keep(session, scorer.model_id, coming, _chances(session, scorer, coming, calendar, now))
        _ask_to_pick(session, _days_of(session, patients, calendar, now))
    session.execute(delete(Rescore).where(col(Rescore.patient_id).in_(patients)))
    return len(patients)


def _taken(session: Session, limit: int) -> Sequence[int]:
    """The next patients who wait, theirs from now on; their appointments are locked first."""
    waiting = select(col(Rescore.patient_id)).order_by(col(Rescore.patient_id))
    wanted = session.scalars(waiting.limit(limit)).all()
    if wanted:
        lock_appointments(session, col(Appointment.patient_id).in_(wanted), IS_BOOKED)
    return session.scalars(
        waiting.where(col(Rescore.patient_id).in_(wanted)).with_for_update(skip_locked=True)
    ).all()


def pick(session: Session, limit: int) -> int:
    """Single out the most likely no-shows of the days that wait; how many days were done.

    What something was proposed or decided about stays singled out beside them, so that nobody is
    asked for a decision that is refused then.
    """
    days = session.scalars(
        select(col(Repick.day))
        .order_by(col(Repick.day))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for day in days:
        moved = session.scalars(_PICK, {"day": day, "usual": USUAL_CAPACITY})
        _touch(session, set(moved))
    session.execute(delete(Repick).where(col(Repick.day).in_(days)))
    return len(days)


def set_capacity(
    session: Session, department_id: int, capacity: int, calendar: Calendar, now: datetime
) -> None:
    """Change how many appointments of a day are singled out in a department."""
    session.execute(
        update(Department).where(col(Department.id) == department_id).values(capacity=capacity)
    )
    today = calendar.day_of(now)
    _ask_to_pick(session, [today + timedelta(days=ahead) for ahead in range(SCORED_AHEAD + 1)])


_PICK: Final = text(f"""
    UPDATE appointment SET picked = NOT picked
    WHERE id IN (
        SELECT id FROM (
            SELECT appointment.id, picked, chance > 0 AND row_number() OVER (
                PARTITION BY department_id
                ORDER BY chance DESC, prior_no_shows DESC, start, appointment.id
            ) <= coalesce(capacity, :usual) OR picked AND action_state IS NOT NULL AS chosen
            FROM appointment JOIN department ON department.id = department_id
            WHERE day = :day AND status = '{Status.BOOKED}'
        ) AS ranked
        WHERE chosen <> picked
    )
    RETURNING department_id
""").bindparams(bindparam("day", type_=Date))


def _coming(
    session: Session, patients: Sequence[int], calendar: Calendar, now: datetime
) -> list[_Coming]:
    rows = session.execute(
        select(
            col(Appointment.id),
            col(Appointment.department_id),
            col(Appointment.chance),
            col(Appointment.chance_by),
        )
        .where(
            col(Appointment.patient_id).in_(patients),
            IS_BOOKED,
            col(Appointment.start) > now,
            col(Appointment.day) <= calendar.day_of(now) + timedelta(days=SCORED_AHEAD),
        )
        .order_by(col(Appointment.id))
    ).all()
    return [_Coming(*row) for row in rows]


def _days_of(
    session: Session, patients: Sequence[int], calendar: Calendar, now: datetime
) -> Sequence[date]:
    """The coming days of all that the patients have had booked: a place may have become free."""
    today = calendar.day_of(now)
    last = today + timedelta(days=SCORED_AHEAD)
    return session.scalars(
        select(col(Appointment.day))
        .where(col(Appointment.patient_id).in_(patients), col(Appointment.day).between(today, last))
        .distinct()
        .order_by(col(Appointment.day))
    ).all()


def _chances(
    session: Session, scorer: Scorer, coming: list[_Coming], calendar: Calendar, now: datetime
) -> list[int]:
    if not coming:
        return []
    wanted = [appointment.id for appointment in coming]
    of_whom = select(col(Appointment.patient_id)).where(col(Appointment.id).in_(wanted)).distinct()
    known = visits_of(session, session.scalars(of_whom).all(), calendar.zone)
    targets = known.set_index("appointment", drop=False).loc[wanted].reset_index(drop=True)
    return [int(chance) for chance in scorer.thousandths(targets, now, known)]


def _keep(session: Session, model_id: int, coming: list[_Coming], chances: list[int]) -> None:
    moved = [
        (appointment, chance)
        for appointment, chance in zip(coming, chances, strict=True)
        if (appointment.chance, appointment.chance_by) != (chance, model_id)
    ]
    if not moved:
        return
    session.connection().execute(
        _KEEP, [{"key": row.id, "gets": chance, "model": model_id} for row, chance in moved]
    )
    _touch(session, {row.department_id for row, chance in moved if row.chance != chance})


_KEEP: Final = (
    update(Appointment)
    .where(col(Appointment.id) == bindparam("key"))
    .values(chance=bindparam("gets"), chance_by=bindparam("model"))
)


def _forget(session: Session, patients: Sequence[int]) -> None:
    touched = session.scalars(
        update(Appointment)
        .where(col(Appointment.patient_id).in_(patients), IS_BOOKED, col(Appointment.chance) > 0)
        .values(chance=0, chance_by=None, picked=False)
        .returning(col(Appointment.department_id))
    )
    _touch(session, set(touched))


def _touch(session: Session, departments: set[int]) -> None:
    """Lists and figures of these departments may show something else now."""
    for department_id in sorted(departments):
        session.execute(
            update(Department)
            .where(col(Department.id) == department_id)
            .values(figures=col(Department.figures) + 1)
        )


def _ask_to_pick(session: Session, days: Sequence[date]) -> None:
    if days:
        session.execute(_ASK_TO_PICK, [{"day": day} for day in days])
