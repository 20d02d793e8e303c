"""Slots that patients gave back, in a call or by message: cancelled, and free until they start."""

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlmodel import Session, col

from domain.answers import Answer
from domain.calls import CallOutcome
from domain.statuses import Status
from storage.tables import Appointment, Call, PatientAnswer


def is_given_back() -> ColumnElement[bool]:
    """The condition that an appointment is a slot that was given back; needs Appointment.

    It is read from the calls and the answers in force. `Appointment.released_at` only holds off a
    feed that does not know yet: once the feed says `cancelled` itself, that is cleared, and the
    slot is free all the same.
    """
    said_so = exists().where(
        col(Call.appointment_id) == col(Appointment.id),
        col(Call.outcome) == CallOutcome.CANCELS,
        col(Call.undone_at).is_(None),
    )
    wrote_so = exists().where(
        col(PatientAnswer.appointment_id) == col(Appointment.id),
        col(PatientAnswer.answer) == Answer.CANCEL,
        col(PatientAnswer.undone_at).is_(None),
    )
    return and_(
        col(Appointment.status) == Status.CANCELLED,
        or_(said_so.correlate(Appointment), wrote_so.correlate(Appointment)),
    )


def given_back(session: Session, appointment_id: int) -> bool:
    """Whether an appointment is a slot that was given back."""
    found = select(col(Appointment.id)).where(
        col(Appointment.id) == appointment_id, is_given_back()
    )
    return session.scalar(found) is not None
