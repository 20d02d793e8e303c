"""Whom chances have singled out of late, and who came: what fairness is judged by."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import JSON, ColumnElement, Integer, String, case, cast, func, select, type_coerce
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS
from domain.days import Span
from domain.statuses import OUTCOMES, Status
from storage.tables import Appointment, Patient

SEX: Final = "sex"
AGE: Final = "age"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Flagged:
    """Past appointments that had a chance, a place for each in all four.

    Attributes:
        outcomes: 1 for a no-show, 0 for a visit.
        chances: 0–1.
        chosen: Whether it was singled out by its chance.
        groups: Where it belongs.
    """

    outcomes: npt.NDArray[np.float64]
    chances: npt.NDArray[np.float64]
    chosen: npt.NDArray[np.bool_]
    groups: npt.NDArray[Any]


def flagged(session: Session, departments: frozenset[int], span: Span, by: str) -> Flagged:
    """The past appointments of some days and departments (none: all), by group.

    Excused no-shows are left out, as they are wherever outcomes count.

    Args:
        session: The unit of work.
        departments: Ids.
        span: Local days.
        by: `SEX`, `AGE`, or a column of the feed that was kept.
    """
    group = _group(session, by)
    missed = case((col(Appointment.status) == Status.NOSHOW, 1), else_=0)
    cell = (group, missed, col(Appointment.chance), col(Appointment.picked))
    wanted = (
        select(*cell, func.count())
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .where(
            col(Appointment.day).between(span.first, span.last),
            col(Appointment.status).in_(OUTCOMES),
            ~col(Appointment.excused),
            col(Appointment.chance) > 0,
        )
        .group_by(*cell)
    )
    if departments:
        wanted = wanted.where(col(Appointment.department_id).in_(departments))
    rows = session.execute(wanted).all()
    times = np.array([row[4] for row in rows], dtype=np.int64)
    names = np.array([_name(row[0], by) for row in rows], dtype=object)
    return Flagged(
        outcomes=np.repeat(np.array([row[1] for row in rows], dtype=np.float64), times),
        chances=np.repeat(np.array([row[2] for row in rows], dtype=np.float64), times) / 1000,
        chosen=np.repeat(np.array([row[3] for row in rows], dtype=np.bool_), times),
        groups=np.repeat(names, times),
    )


def _group(session: Session, by: str) -> ColumnElement[Any]:
    if by == SEX:
        return type_coerce(col(Patient.sex), String)
    if by == AGE:
        return type_coerce(col(Appointment.age_group), Integer)
    # SQLite has no such type to cast to, PostgreSQL needs it.
    kept = col(Appointment.extra)
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    document = type_coerce(kept, JSON) if on_sqlite else cast(kept, JSON)
    value: ColumnElement[Any] = document[by].as_string()
    return value


def _name(value: Any, by: str) -> str:
    if by == AGE:
        return AGE_GROUPS[value]
    return str(value).strip() if value else UNKNOWN
