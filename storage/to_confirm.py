"""Slots that a person has to ask about: whom to call, the most pressing first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal_column, or_, select
from sqlmodel import Session, col

from domain.answers import Answer
from domain.backfills import Stage
from domain.notices import NoticeKind, NoticeState
from storage.calls import CallView, calls_in_force
from storage.risk import RiskRow
from storage.tables import Appointment, BackfillRow, Department, Notice, Patient, PatientAnswer

_CALL_ME: Final[ColumnElement[Any]] = literal_column(f"'{Answer.CALL_ME}'")
"""Spelled out, not bound: the planner uses a partial index only if it sees the word."""


class Why(StrEnum):
    """Why a person has to call."""

    ASKED_FOR = "asks to be called"
    FAILED = "message failed"
    SILENT = "no answer to message"
    NOT_ASKED = "no message possible"


@dataclass(frozen=True)
class ToConfirm:
    """An appointment to call about.

    Attributes:
        why: Why a person has to.
        last: The last call in force about it, if there was one.
    """

    row: RiskRow
    why: Why
    last: CallView | None


@dataclass(frozen=True)
class ToConfirmPage:
    """A page of them, and how many there are in all."""

    rows: list[ToConfirm]
    total: int


def number_to_confirm(session: Session, departments: Collection[int], now: datetime) -> int:
    """How many appointments of some departments (none: all) wait for such a call."""
    return session.scalar(_counted(departments, now)) or 0


def to_confirm(
    session: Session, departments: Collection[int], now: datetime, part: tuple[int, int]
) -> ToConfirmPage:
    """Those to call: who asked for it first, then by their start.

    Args:
        session: A unit of work.
        departments: Which departments; none for all.
        now: The present (aware): what has started is past asking.
        part: How many to leave out, and how many to show at most.
    """
    offset, limit = part
    asked_for = case((_asks(), 0), else_=1)
    rows = session.execute(
        select(
            Appointment,
            col(Patient.reference),
            col(Department.name),
            _asks(),
            _written(NoticeState.FAILED),
            _written(NoticeState.SENT, NoticeState.DOUBTFUL),
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(Department, col(Department.id) == col(Appointment.department_id))
        .where(*_waiting(departments, now))
        .order_by(asked_for, col(Appointment.start), col(Appointment.id))
        .offset(offset)
        .limit(limit)
    ).all()
    called = calls_in_force(session, [row[0].id for row in rows])
    return ToConfirmPage(
        [
            ToConfirm(
                RiskRow(
                    visit.id,
                    reference,
                    department,
                    visit.age_group,
                    visit.start,
                    visit.prior_no_shows,
                    visit.action_state,
                    visit.chance,
                    visit.picked,
                ),
                _why(asks=asks, failed=failed, sent=sent),
                next(reversed(called.get(visit.id, [])), None),
            )
            for visit, reference, department, asks, failed, sent in rows
        ],
        number_to_confirm(session, departments, now),
    )


def _counted(departments: Collection[int], now: datetime) -> Select[int]:
    return select(func.count()).select_from(Appointment).where(*_waiting(departments, now))


def _waiting(departments: Collection[int], now: datetime) -> list[ColumnElement[bool]]:
    calling = select(col(BackfillRow.appointment_id)).where(col(BackfillRow.stage) == Stage.CALLING)
    asking = select(col(PatientAnswer.appointment_id)).where(_is_wish())
    conditions: list[ColumnElement[bool]] = [
        col(Appointment.id).in_(calling.union(asking)),
        col(Appointment.start) > now,
    ]
    if departments:
        conditions.append(col(Appointment.department_id).in_(departments))
    return conditions


def _is_wish() -> ColumnElement[bool]:
    return and_(col(PatientAnswer.answer) == _CALL_ME, col(PatientAnswer.undone_at).is_(None))


def _asks() -> ColumnElement[bool]:
    wish = exists().where(col(PatientAnswer.appointment_id) == col(Appointment.id), _is_wish())
    return wish.correlate(Appointment)


def _written(*states: NoticeState) -> ColumnElement[bool]:
    asked = exists().where(
        col(Notice.appointment_id) == col(Appointment.id),
        col(Notice.kind) == NoticeKind.CONFIRM,
        or_(*(col(Notice.state) == state for state in states)),
    )
    return asked.correlate(Appointment)


def _why(*, asks: bool, failed: bool, sent: bool) -> Why:
    if asks:
        return Why.ASKED_FOR
    if sent:
        return Why.SILENT
    return Why.FAILED if failed else Why.NOT_ASKED
