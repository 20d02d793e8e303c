"""Replies by SMS: which notice a number was sent last."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlmodel import Session, col

from domain.notices import same_number
from storage.tables import Notice, Patient

ANSWERED_WITHIN: Final = timedelta(days=21)
"""An SMS answers a notice of so long ago at most: reminders come up to 14 days ahead."""

_TEXTED: Final = text("notice.channel = 'sms' AND notice.state IN ('sent', 'doubtful')")
"""Spelled out, not bound, as the partial index has it."""


def last_notices(session: Session, number: str, now: datetime) -> list[Notice]:
    """The last notice to each patient with that number, by their appointments' keys.

    Numbers are written in many ways, so that those with the same two last digits are compared.

    Args:
        session: A unit of work.
        number: A phone number, written in any way.
        now: The present (aware).
    """
    same = same_number(number)
    if not same:
        return []
    rows = session.execute(
        select(Notice, col(Patient.phone))
        .join(Patient, col(Patient.id) == col(Notice.patient_id))
        .where(
            _TEXTED,
            col(Notice.ended_at) > now - ANSWERED_WITHIN,
            col(Patient.phone).like(f"%{same[-2:]}"),
        )
        .order_by(col(Notice.ended_at), col(Notice.id))
    ).all()
    last = {notice.patient_id: notice for notice, phone in rows if same_number(phone) == same}
    return sorted(last.values(), key=lambda notice: notice.appointment_id)
