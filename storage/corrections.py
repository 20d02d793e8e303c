"""Corrections: excusing a recorded no-show and undoing that, and reading what was corrected.

Each decision is one transaction that holds the appointment's lock from its first statement on:
of two presses, or two people, one finds the no-show as it expects it and the other is told.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, select, update
from sqlmodel import Session, col

from domain.corrections import NEEDS, Barrier, Excuse, barrier_of_excuse
from domain.days import Span
from domain.people import Member, Refused
from domain.statuses import Status
from storage import audit, counters
from storage.locks import lock_with_later
from storage.tables import Appointment, Correction, DailyCount, Department, MemberRow, Patient


@dataclass(frozen=True)
class Excused:
    """A correction in force: why, by whom (as others see them) and when (UTC)."""

    reason: Excuse
    by: str
    at: datetime


@dataclass(frozen=True)
class Record:
    """What is on record of one appointment. `start` is UTC."""

    appointment_id: int
    patient_id: int
    reference: str
    department_id: int
    department: str
    start: datetime
    status: Status
    excused: Excused | None

    @classmethod
    def read(cls, row: Sequence[Any]) -> "Record":
        """From a row of `_RECORDS`."""
        *what, reason, by, at = row
        what.append(Excused(reason, by, at) if reason else None)
        return cls(*what)


@dataclass(frozen=True)
class Outcome:
    """What became of a press: the record as it stands now, and why nothing was done, if so."""

    record: Record
    barrier: Barrier | None = None


@dataclass(frozen=True)
class Corrected:
    """A department's recorded no-shows of some days, and those excused by reason."""

    department: str
    recorded: int
    reasons: dict[Excuse, int] = field(default_factory=dict)

    @property
    def excused(self) -> int:
        """How many of them are excused."""
        return sum(self.reasons.values())


def excuse(
    session: Session, member: Member, appointment_id: int, reason: Excuse, now: datetime
) -> Outcome:
    """Excuse a recorded no-show, with all that is counted from it.

    Raises:
        Refused: The member may not correct there.
        NoResultFound: There is no such appointment.
    """
    found = _locked(session, member, appointment_id)
    barrier = barrier_of_excuse(found.status, excused=found.excused is not None)
    if barrier:
        return Outcome(found, barrier)
    counters.apply_excuse(session, appointment_id, excused=True)
    session.add(
        Correction(appointment_id=appointment_id, member_id=member.id, reason=reason, at=now)
    )
    _note(session, "correct", member, found, (reason, now))
    return Outcome(_certain(session, appointment_id))


def undo_excuse(session: Session, member: Member, appointment_id: int, now: datetime) -> Outcome:
    """Let an excused no-show count again; by anybody who may correct there, at any time.

    Raises:
        Refused: The member may not correct there.
        NoResultFound: There is no such appointment.
    """
    found = _locked(session, member, appointment_id)
    reason = session.scalar(
        update(Correction)
        .where(col(Correction.appointment_id) == appointment_id, _in_force())
        .values(undone_at=now, undone_by=member.id)
        .returning(col(Correction.reason))
    )
    if reason is None:
        return Outcome(found, Barrier.NOT_EXCUSED)
    counters.apply_excuse(session, appointment_id, excused=False)
    _note(session, "undo correction", member, found, (reason, now))
    return Outcome(_certain(session, appointment_id))


def record(session: Session, appointment_id: int) -> Record | None:
    """What is on record of an appointment, or `None` if there is none of that id."""
    row = session.execute(_RECORDS.where(col(Appointment.id) == appointment_id)).first()
    return Record.read(row) if row else None


def recorded_no_shows(
    session: Session, patient_id: int, departments: Collection[int], offset: int, limit: int
) -> tuple[list[Record], int]:
    """A patient's recorded no-shows in some departments (none: all), and how many there are.

    The latest come first; excused ones are among them.
    """
    conditions = [
        col(Appointment.patient_id) == patient_id,
        col(Appointment.status) == Status.NOSHOW,
        *_within(Appointment, departments),
    ]
    total = session.scalar(select(func.count()).select_from(Appointment).where(*conditions))
    rows = session.execute(
        _RECORDS.where(*conditions)
        .order_by(col(Appointment.start).desc(), col(Appointment.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return [Record.read(row) for row in rows], total or 0


def corrected(
    session: Session, departments: Collection[int], span: Span, begin: datetime
) -> list[Corrected]:
    """Recorded no-shows of some days by department, the most corrected first.

    Args:
        session: The unit of work.
        departments: Those wanted; none for all.
        span: The days of the appointments.
        begin: When the first of them begins. No correction is older than its no-show, so older
            ones need not be looked at.
    """
    reasons: dict[int, dict[Excuse, int]] = {}
    for key, reason, number in session.execute(_excused_by_reason(departments, span, begin)):
        if number:
            reasons.setdefault(key, {})[reason] = number
    found = [
        Corrected(name, int(counted) + sum(reasons.get(key, {}).values()), reasons.get(key, {}))
        for key, name, counted in session.execute(_counted(departments, span))
    ]
    listed = [each for each in found if each.recorded]
    return sorted(listed, key=lambda each: (-each.excused, -each.recorded, each.department))


def _counted(departments: Collection[int], span: Span) -> Select[int, str, int]:
    """No-shows that count, by department, from the rollup."""
    return (
        select(
            col(DailyCount.department_id), col(Department.name), func.sum(col(DailyCount.no_shows))
        )
        .join(Department, col(Department.id) == col(DailyCount.department_id))
        .where(
            col(DailyCount.day).between(span.first, span.last), *_within(DailyCount, departments)
        )
        .group_by(col(DailyCount.department_id), col(Department.name))
    )


def _excused_by_reason(
    departments: Collection[int], span: Span, begin: datetime
) -> Select[int, Excuse, int]:
    # The days do not limit the rows: the planner would begin with every appointment of them.
    number = func.count().filter(col(Appointment.day).between(span.first, span.last))
    return (
        select(col(Appointment.department_id), col(Correction.reason), number)
        .join(Appointment, col(Appointment.id) == col(Correction.appointment_id))
        .where(
            _in_force(),
            col(Correction.at) >= begin,
            col(Appointment.status) == Status.NOSHOW,
            *_within(Appointment, departments),
        )
        .group_by(col(Appointment.department_id), col(Correction.reason))
    )


def _in_force() -> ColumnElement[bool]:
    return col(Correction.undone_at).is_(None)


def _within(
    table: type[Appointment] | type[DailyCount], departments: Collection[int]
) -> list[ColumnElement[bool]]:
    return [col(table.department_id).in_(departments)] if departments else []


def _locked(session: Session, member: Member, appointment_id: int) -> Record:
    """What is on record, locked, where the member may correct it."""
    lock_with_later(session, appointment_id)
    found = _certain(session, appointment_id)
    if not member.may(NEEDS, found.department_id):
        raise Refused(NEEDS, found.department)
    return found


def _note(
    session: Session, event: str, member: Member, about: Record, what: tuple[Excuse, datetime]
) -> None:
    reason, now = what
    audit.record(
        session,
        event,
        at=now,
        member_id=member.id,
        appointment_id=about.appointment_id,
        department_id=about.department_id,
        reason=reason,
    )


def _certain(session: Session, appointment_id: int) -> Record:
    return Record.read(session.execute(_RECORDS.where(col(Appointment.id) == appointment_id)).one())


_RECORDS: Final = (
    select(
        col(Appointment.id),
        col(Appointment.patient_id),
        col(Patient.reference),
        col(Appointment.department_id),
        col(Department.name),
        col(Appointment.start),
        col(Appointment.status),
        col(Correction.reason),
        col(MemberRow.name),
        col(Correction.at),
    )
    .join(Patient, col(Patient.id) == col(Appointment.patient_id))
    .join(Department, col(Department.id) == col(Appointment.department_id))
    .join(
        Correction,
        and_(col(Correction.appointment_id) == col(Appointment.id), _in_force()),
        isouter=True,
    )
    .join(MemberRow, col(MemberRow.id) == col(Correction.member_id), isouter=True)
)
