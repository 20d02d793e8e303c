"""Histories: appointments as columns, for the model to learn from and to score by.

Moments become the HMO's wall-clock seconds (`domain/prediction/visits.py`), since what counts is
the local hour and day. Cancelled appointments stay in: when they were cancelled is not known, so
that they were booked is all that may count.
"""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import (
    BigInteger,
    Integer,
    Select,
    case,
    func,
    null,
    select,
    type_coerce,
)
from sqlmodel import Session, col

from domain.days import Calendar, Span
from domain.statuses import ATTENDED, OUTCOMES, Status
from storage.tables import Appointment

_OUTCOME: Final = case(
    (col(Appointment.status).in_(ATTENDED), 0),
    ((col(Appointment.status) == Status.NOSHOW) & ~col(Appointment.excused), 1),
    else_=null(),
)
"""1 for a no-show, 0 for a visit, nothing for what is unknown, cancelled or excused."""

_COLUMNS: Final[dict[str, Any]] = {
    "appointment": col(Appointment.id),
    "patient": col(Appointment.patient_id),
    "department": col(Appointment.department_id),
    "clinician": func.coalesce(col(Appointment.clinician_id), -1),
    "start": type_coerce(col(Appointment.start), BigInteger),
    "booked": type_coerce(col(Appointment.booked_at), BigInteger),
    "age": col(Appointment.age),
    "reminder": type_coerce(col(Appointment.reminder_sent), Integer),
    "outcome": _OUTCOME,
}
_WHOLE: Final = frozenset({"appointment", "patient", "department", "clinician", "start"})


def visits_of(session: Session, patients: Collection[int], zone: ZoneInfo) -> pd.DataFrame:
    """All appointments of some patients.

    Returns:
        A frame of visits as `domain/prediction/visits.py` describes it, in no order.
    """
    return _frame(session, _visits().where(col(Appointment.patient_id).in_(patients)), zone)


def histories(session: Session, portion: int, zone: ZoneInfo) -> Iterator[pd.DataFrame]:
    """All appointments of all patients, those of so many patients at a time."""
    first, last = session.execute(
        select(func.min(col(Appointment.patient_id)), func.max(col(Appointment.patient_id)))
    ).one()
    for low in range(first or 0, (last or -1) + 1, portion):
        of_some = col(Appointment.patient_id).between(low, low + portion - 1)
        frame = _frame(session, _visits().where(of_some), zone)
        if len(frame):
            yield frame


def outcomes_by_day(session: Session, span: Span, calendar: Calendar) -> pd.DataFrame:
    """What became known of each day, by department and clinician, booked ahead or on the day.

    The few appointments that were entered after their day are left out.

    Returns:
        Columns `day` (whole days since 1970), `department`, `clinician` (−1: unknown), `ahead`
        (0 or 1), `outcomes` and `misses`.
    """
    rows: list[Any] = []
    for number in range(span.days):
        day = span.first + timedelta(days=number)
        rows += session.execute(_outcomes_of(day, calendar)).all()
    names = ("day", "department", "clinician", "ahead", "outcomes", "misses")
    return pd.DataFrame.from_records(rows, columns=names).astype(np.int64)


def _visits() -> Select[*tuple[Any, ...]]:
    counts = col(Appointment.status) != Status.ENTERED_IN_ERROR
    return select(*(value.label(name) for name, value in _COLUMNS.items())).where(counts)


def _frame(session: Session, visits: Select[*tuple[Any, ...]], zone: ZoneInfo) -> pd.DataFrame:
    rows = session.connection().execute(visits).all()
    frame = pd.DataFrame.from_records(rows, columns=list(_COLUMNS))
    kinds = {name: np.int64 if name in _WHOLE else np.float64 for name in _COLUMNS}
    frame = frame.astype(kinds)
    frame["start"] = _on_the_wall(frame["start"].to_numpy(), zone)
    frame["booked"] = _on_the_wall(frame["booked"].to_numpy(), zone)
    return frame


def _on_the_wall(seconds: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Seconds since 1970 UTC as what a clock of the zone shows, in seconds since its 1970."""
    moments = pd.to_datetime(seconds, unit="s", utc=True).tz_convert(zone)
    offsets = moments.tz_localize(None) - moments.tz_convert(None)
    return np.asarray(seconds + offsets.total_seconds().to_numpy(), dtype=seconds.dtype)


def _outcomes_of(day: date, calendar: Calendar) -> Select[*tuple[Any, ...]]:
    since_1970 = (day - date(1970, 1, 1)).days
    booked, begins = col(Appointment.booked_at), calendar.start_of(day)
    ends = calendar.start_of(day + timedelta(days=1))
    clinician = func.coalesce(col(Appointment.clinician_id), -1)
    ahead = case((booked < begins, 1), else_=0)
    return (
        select(
            type_coerce(since_1970, Integer),
            col(Appointment.department_id),
            clinician,
            ahead,
            func.count(_OUTCOME),
            func.coalesce(func.sum(_OUTCOME), 0),
        )
        .where(
            col(Appointment.day) == day,
            col(Appointment.status).in_(OUTCOMES),
            booked.is_(None) | (booked < ends),
        )
        .group_by(col(Appointment.department_id), clinician, ahead)
    )
