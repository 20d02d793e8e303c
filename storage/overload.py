"""Overload: which departments are short of time for who waits, and which clinicians could help."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Row, and_, exists, func, or_, select, type_coerce
from sqlmodel import Session, col

from domain.backfills import FREE
from domain.balance.overload import Move, Need, OpenSession, Overload, relief
from domain.days import Calendar, Span
from domain.statuses import NOT_SCHEDULED
from domain.waiting import WaitState
from storage.free_slots import USUAL_MINUTES
from storage.tables import Appointment, BackfillRow, Clinician, ClinicSession, Department, Waiting


@dataclass(frozen=True)
class Shortage:
    """A department that is short of time for a kind of visit.

    Attributes:
        waiting: Patients who wait for it.
        free_hours: What is free in the department's own sessions, of all kinds of visit.
    """

    overload: Overload
    waiting: int
    free_hours: float


@dataclass(frozen=True)
class Help:
    """A clinician who could work elsewhere for some hours of a session.

    Attributes:
        start: When the session starts (aware) …
        until: … and ends.
        shortage: What it would help with.
    """

    move: Move
    clinician: str
    start: datetime
    until: datetime
    shortage: Shortage


@dataclass(frozen=True)
class Overloads:
    """Who is short of time, the worst first, and who could help."""

    shortages: tuple[Shortage, ...]
    helps: tuple[Help, ...]


def overloads(
    session: Session, departments: frozenset[int], span: Span, calendar: Calendar
) -> Overloads:
    """Compare the time that patients wait for with what is free.

    Args:
        session: The unit of work.
        departments: Ids, of who is short and of who could help; empty means all.
        span: The days to look at, from tomorrow on.
        calendar: The HMO's.
    """
    # Named one by one: the index that begins with departments then narrows the days too.
    named = departments or {key for key in session.scalars(select(col(Department.id))) if key}
    sessions = _sessions(session, named, span, calendar)
    waiting = _waiting(session, departments, span)
    minutes = _usual_minutes(sessions)
    needs = [
        Need(where, kind, number * minutes.get(where, USUAL_MINUTES) / 60)
        for (where, kind), number in waiting.items()
    ]
    free = {row.id: max(row.minutes - row.taken, 0) / 60 for row in sessions}
    found = relief(
        needs,
        [
            OpenSession(
                row.id,
                row.clinician_id,
                row.department_id,
                calendar.day_of(row.start),
                free[row.id],
                _kinds(row.visit_types),
            )
            for row in sessions
        ],
        span,
    )
    free_in: dict[int, float] = {}
    for row in sessions:
        free_in[row.department_id] = free_in.get(row.department_id, 0.0) + free[row.id]
    shortages = {
        (each.department_id, each.visit_type): Shortage(
            each,
            waiting[each.department_id, each.visit_type],
            free_in.get(each.department_id, 0.0),
        )
        for each in found.overloads
    }
    by_id = {row.id: row for row in sessions}
    helps = (
        Help(
            move,
            by_id[move.session_id].name,
            by_id[move.session_id].start,
            by_id[move.session_id].until,
            shortages[move.to, move.visit_type],
        )
        for move in found.moves
    )
    return Overloads(tuple(shortages.values()), tuple(helps))


def _waiting(
    session: Session, departments: frozenset[int], span: Span
) -> dict[tuple[int, str | None], int]:
    """How many wait and could come on these days, by department and kind of visit."""
    earliest, latest = col(Waiting.earliest), col(Waiting.latest)
    wanted = (
        select(col(Waiting.department_id), col(Waiting.visit_type), func.count())
        .where(
            col(Waiting.state) == WaitState.WAITING,
            or_(earliest.is_(None), earliest <= span.last),
            or_(latest.is_(None), latest >= span.first),
        )
        .group_by(col(Waiting.department_id), col(Waiting.visit_type))
    )
    if departments:
        wanted = wanted.where(col(Waiting.department_id).in_(departments))
    return {(where, kind or None): number for where, kind, number in session.execute(wanted)}


def _sessions(
    session: Session, departments: Collection[int], span: Span, calendar: Calendar
) -> Sequence[Row[Any]]:
    """Sessions with their minutes, and how many of them are booked or being offered."""
    table, visit = ClinicSession, Appointment
    is_offered = exists().where(
        col(BackfillRow.appointment_id) == col(visit.id), col(BackfillRow.stage).in_(FREE)
    )
    taken = (
        select(func.coalesce(func.sum(func.coalesce(visit.duration, table.slot_minutes)), 0))
        .where(
            and_(
                col(visit.clinician_id) == col(table.clinician_id),
                col(visit.start) >= col(table.start),
                col(visit.start) < col(table.until),
            ),
            or_(col(visit.status).not_in(NOT_SCHEDULED), is_offered.correlate(visit)),
        )
        .correlate(table)
        .scalar_subquery()
    )
    until, start = (type_coerce(col(it), BigInteger) for it in (table.until, table.start))
    wanted = (
        select(
            col(table.id),
            col(table.clinician_id),
            col(table.department_id),
            col(table.start),
            col(table.until),
            col(table.slot_minutes),
            col(table.visit_types),
            col(Clinician.name),
            ((until - start) // 60).label("minutes"),
            taken.label("taken"),
        )
        .join(Clinician, col(Clinician.id) == col(table.clinician_id))
        .where(
            col(table.start) >= calendar.start_of(span.first),
            col(table.start) < calendar.end_of(span),
            ~col(table.blocked),
            col(table.department_id).in_(departments),
        )
        .order_by(col(table.start), col(table.id))
    )
    return session.execute(wanted).all()


def _usual_minutes(sessions: Sequence[Row[Any]]) -> Mapping[int, float]:
    """How long a visit takes in each department, as its sessions have it on average."""
    lengths: dict[int, list[int]] = {}
    for row in sessions:
        lengths.setdefault(row.department_id, []).append(row.slot_minutes)
    return {where: sum(found) / len(found) for where, found in lengths.items()}


def _kinds(visit_types: str | None) -> frozenset[str]:
    return frozenset(kind.strip() for kind in (visit_types or "").split(";") if kind.strip())
