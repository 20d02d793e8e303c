"""Clinicians' sessions: how full they are, how much of them was used, and the next open slots."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, func, select, type_coerce
from sqlmodel import Session, col

from domain.days import Calendar, Span
from domain.sessions import THIRD, Fill, Opening, Time, Use, open_slots
from domain.statuses import ATTENDED, NOT_SCHEDULED
from storage.tables import Appointment, ClinicSession, DailyCount, Department

HORIZON_DAYS: Final = 91
"""How far ahead the third open slot is looked for."""

_LOOKS: Final = (2, 7, 28, HORIZON_DAYS)
"""Days ahead: most often the first look finds it."""

_LONGEST_VISIT: Final = timedelta(hours=4)
"""A visit that began earlier than this before a session is over when that begins."""


@dataclass(frozen=True)
class DepartmentFill:
    """How full the sessions of a department are."""

    department_id: int
    department: str
    fill: Fill


def fills(
    session: Session, departments: Collection[int], span: Span, calendar: Calendar
) -> list[DepartmentFill]:
    """How full the departments (none: all) are on some days, those with most free time first.

    Departments with neither sessions nor appointments then are left out.
    """
    names = _names(session, departments)
    slots = {
        key: (int(number), int(minutes))
        for key, number, minutes in session.execute(_slots(names, span, calendar))
    }
    scheduled = {key: int(number) for key, number in session.execute(_scheduled(names, span))}
    found = [
        DepartmentFill(key, name, Fill(scheduled.get(key, 0), *slots.get(key, (0, 0))))
        for key, name in names.items()
        if slots.get(key) or scheduled.get(key)
    ]
    return sorted(found, key=lambda each: (-each.fill.free_hours, each.department))


def use(session: Session, department_id: int, span: Span, calendar: Calendar) -> Use:
    """How much of a department's sessions on some days was spent with patients who came.

    A visit without a duration took a slot; one outside all sessions of its clinician is left out.
    """
    available, attended = _minutes(ClinicSession), col(Appointment.duration)
    within = _takes_patients([department_id], span, calendar)
    visits = (
        select(func.coalesce(func.sum(func.coalesce(attended, col(ClinicSession.slot_minutes))), 0))
        .select_from(ClinicSession)
        .join(
            Appointment,
            (col(Appointment.clinician_id) == col(ClinicSession.clinician_id))
            & (col(Appointment.start) >= col(ClinicSession.start))
            & (col(Appointment.start) < col(ClinicSession.until)),
        )
        .where(
            *within,
            col(Appointment.status).in_(ATTENDED),
            col(Appointment.department_id) == department_id,
        )
    )
    time = select(func.coalesce(func.sum(available), 0)).where(*within)
    return Use(int(session.scalar(visits) or 0), int(session.scalar(time) or 0))


def third_next(
    session: Session, department_id: int, calendar: Calendar, now: datetime
) -> datetime | None:
    """When the third open slot of a department starts; `None` if there is none in reach.

    Reads no further ahead than it has to.
    """
    today = calendar.day_of(now)
    for days in _LOOKS:
        # A night's session has begun yesterday.
        span = Span(today - timedelta(days=1), today + timedelta(days=days))
        openings = _openings(session, department_id, span, calendar, now)
        found = open_slots(openings, _taken(session, openings), now)
        if len(found) >= THIRD:
            return found[THIRD - 1]
    return None


def _openings(
    session: Session, department_id: int, span: Span, calendar: Calendar, now: datetime
) -> list[Opening]:
    """The sessions that take patients and are not over, by start."""
    table = ClinicSession
    wanted = (
        select(col(table.clinician_id), col(table.start), col(table.until), col(table.slot_minutes))
        .where(*_takes_patients([department_id], span, calendar), col(table.until) > now)
        .order_by(col(table.start))
    )
    return [
        Opening(clinician, start, until, timedelta(minutes=minutes))
        for clinician, start, until, minutes in session.execute(wanted)
    ]


def _taken(session: Session, openings: list[Opening]) -> Iterator[Time]:
    """The visits that these clinicians have meanwhile, in whatever department."""
    if not openings:
        return
    usual = {opening.clinician_id: opening.slot for opening in openings}
    wanted = select(
        col(Appointment.clinician_id), col(Appointment.start), col(Appointment.duration)
    ).where(
        col(Appointment.clinician_id).in_(usual),
        col(Appointment.start) > openings[0].start - _LONGEST_VISIT,
        col(Appointment.start) < max(opening.until for opening in openings),
        col(Appointment.status).not_in(NOT_SCHEDULED),
    )
    for clinician, start, minutes in session.execute(wanted):
        length = timedelta(minutes=minutes) if minutes else usual[clinician]
        yield Time(clinician, start, start + length)


def _names(session: Session, departments: Collection[int]) -> dict[int, str]:
    wanted = select(col(Department.id), col(Department.name)).order_by(col(Department.name))
    if departments:
        wanted = wanted.where(col(Department.id).in_(departments))
    return {key: name for key, name in session.execute(wanted) if key is not None}


def _slots(departments: Collection[int], span: Span, calendar: Calendar) -> Select[int, int, int]:
    """Template slots and their minutes, by department.

    Departments are named one by one: the index that begins with them then narrows the days too.
    """
    length = col(ClinicSession.slot_minutes)
    slots: ColumnElement[int] = _minutes(ClinicSession) // length
    return (
        select(col(ClinicSession.department_id), func.sum(slots), func.sum(slots * length))
        .where(*_takes_patients(departments, span, calendar))
        .group_by(col(ClinicSession.department_id))
    )


def _scheduled(departments: Collection[int], span: Span) -> Select[int, int]:
    return (
        select(col(DailyCount.department_id), func.sum(col(DailyCount.scheduled)))
        .where(
            col(DailyCount.day).between(span.first, span.last),
            col(DailyCount.department_id).in_(departments),
        )
        .group_by(col(DailyCount.department_id))
    )


def _minutes(table: type[ClinicSession]) -> ColumnElement[int]:
    start, until = (type_coerce(col(it), BigInteger) for it in (table.start, table.until))
    return (until - start) // 60


def _takes_patients(departments: Collection[int], span: Span, calendar: Calendar) -> list[Any]:
    return [
        col(ClinicSession.department_id).in_(departments),
        col(ClinicSession.start) >= calendar.start_of(span.first),
        col(ClinicSession.start) < calendar.end_of(span),
        ~col(ClinicSession.blocked),
    ]
