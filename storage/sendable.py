"""Whether a notice may still be sent: much may have changed since it was written."""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from domain.backfills import Stage
from domain.criteria import House
from domain.notices import NoticeKind, Unsaid
from domain.offers import OfferState
from domain.statuses import Status
from storage import notices
from storage.notices import address_of
from storage.tables import Appointment, BackfillRow, Notice, OfferRow, Patient

_NEEDS_THE_VISIT: Final = frozenset({NoticeKind.CONFIRM, NoticeKind.REMINDER, NoticeKind.BOOKED})


def is_true(session: Session, notice: Notice, appointment: Appointment, now: datetime) -> bool:
    """Whether it still says what holds.

    Args:
        session: A unit of work that holds the appointment.
        notice: Which.
        appointment: What it is about.
        now: The present (aware).
    """
    if appointment.start <= now:
        return False
    if notice.kind in _NEEDS_THE_VISIT and appointment.status is not Status.BOOKED:
        return False
    if notice.kind is NoticeKind.CONFIRM and notice.backfill_id is not None:
        backfill = session.get_one(BackfillRow, notice.backfill_id, populate_existing=True)
        is_late = backfill.deadline_at is not None and backfill.deadline_at <= now
        return backfill.stage is Stage.ASKING and not is_late
    if notice.kind is NoticeKind.OFFER and notice.offer_id is not None:
        offer = session.get_one(OfferRow, notice.offer_id, populate_existing=True)
        return offer.state is OfferState.OPEN and offer.expires_at > now
    return True


def barrier(session: Session, notice: Notice, patient: Patient, house: House) -> Unsaid | None:
    """Why the patient is not, or cannot be, written to by now; `None` if they can."""
    channel = notices.channel_of(session, patient, house)
    if isinstance(channel, Unsaid):
        return channel
    is_set = notice.channel in house.manners.channels
    return None if is_set and address_of(patient, notice.channel) else Unsaid.NO_CHANNEL
