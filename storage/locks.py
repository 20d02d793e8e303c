"""Locks: the one order in which decisions take them, so that no two wait for each other.

A batch; appointments in the order of their keys; places on the waitlist; the appointments' actions,
calls, answers, corrections, backfills, offers, notices, patients of a trial, plans that were sent,
and patients who wait for a chance; daily counts; departments; last of all the end of the audit
chain. An import locks all appointments at once. On SQLite, where one transaction writes at a time,
none of this has any effect.
"""

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from storage.tables import Appointment


def locked_appointment(session: Session, appointment_id: int) -> Appointment:
    """An appointment as it stands, held until the transaction ends.

    Rows that only refer to it (`key_share`) are not held up.

    Raises:
        NoResultFound: There is none of that id.
    """
    return session.get_one(Appointment, appointment_id, with_for_update={"key_share": True})


def lock_appointments(session: Session, *which: ColumnElement[bool]) -> None:
    """Hold all appointments that fulfil the conditions until the transaction ends."""
    wanted = select(col(Appointment.id)).where(*which).order_by(col(Appointment.id))
    session.execute(wanted.with_for_update(key_share=True)).close()


def lock_with_later(session: Session, appointment_id: int) -> None:
    """Hold an appointment and those of the same patient that come after it."""
    this = select(Appointment).where(col(Appointment.id) == appointment_id)
    patient_id = this.with_only_columns(col(Appointment.patient_id)).scalar_subquery()
    start = this.with_only_columns(col(Appointment.start)).scalar_subquery()
    lock_appointments(
        session, col(Appointment.patient_id) == patient_id, col(Appointment.start) >= start
    )
