"""What the demo adds to its sample, so that an authorised slot can be followed to its end.

One department offers free slots by itself, most patients and all who wait read English, and the
first proposal is about somebody who can be written to.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from domain.policies import USUAL
from domain.statuses import Status
from storage.tables import Appointment, Department, MemberRow, Patient, PolicyRow, Waiting, key_of

DEPARTMENT: Final = "Orthopaedics"
"""Where released slots are offered at once; elsewhere a manager sends the offers."""
ENGLISH: Final = "en"

_IN_THEIR_OWN: Final = 5
"""One patient in so many keeps the language of the sample."""
_AHEAD: Final = timedelta(hours=50), timedelta(days=6)
"""So far ahead everybody has time to answer, and the demo's clock is there in a few leaps."""


def prepare(session: Session) -> None:
    """Settle the department on its policy, and have most patients read English.

    All who wait do: which of a wave is shown is decided by whose message is the first to arrive.
    """
    department = _department(session)
    session.add(
        PolicyRow(
            department_id=department,
            deadline_hours=USUAL.deadline_hours,
            silence=USUAL.silence,
            automatic=True,
        )
    )
    waits = exists().where(col(Waiting.patient_id) == col(Patient.id)).correlate(Patient)
    session.execute(
        update(Patient)
        .where((col(Patient.id) % _IN_THEIR_OWN != 0) | waits)
        .values(language=ENGLISH)
        .execution_options(synchronize_session=False)
    )


def whom_to_propose(session: Session, threshold: int, now: datetime) -> str:
    """The reference of a high-risk patient of the department who can be asked by SMS.

    Args:
        session: The unit of work.
        threshold: Earlier no-shows that make a patient high-risk.
        now: The present (aware).

    Returns:
        The one with the most earlier no-shows, of those who have one visit ahead; empty if there
        is none.
    """
    first, last = (now + ahead for ahead in _AHEAD)
    other = aliased(Appointment)
    has_another = exists().where(
        col(other.patient_id) == col(Patient.id),
        col(other.id) != col(Appointment.id),
        col(other.status) == Status.BOOKED,
        col(other.start) > now,
    )
    found = session.exec(
        select(Patient.reference)
        .join(Appointment, col(Appointment.patient_id) == col(Patient.id))
        .where(
            col(Appointment.department_id) == _department(session),
            col(Appointment.status) == Status.BOOKED,
            col(Appointment.start).between(first, last),
            col(Appointment.prior_no_shows) >= threshold,
            col(Patient.consent).is_(True),
            col(Patient.phone).is_not(None),
            col(Patient.language) == ENGLISH,
            ~has_another.correlate(Patient, Appointment),
        )
        .order_by(col(Appointment.prior_no_shows).desc(), col(Appointment.start))
    ).first()
    return found or ""


def greet_at(session: Session, due: datetime) -> None:
    """Have everybody's first summary due at a moment (aware) that its usual time has passed by."""
    session.execute(update(MemberRow).values(summary_due_at=due))


def _department(session: Session) -> int:
    return key_of(session.exec(select(Department).where(Department.name == DEPARTMENT)).one())
