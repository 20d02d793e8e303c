"""Telling patients who know of an offer that the slot is gone."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain.criteria import House
from domain.notices import NoticeKind, NoticeState
from domain.offers import OfferState
from storage import notices
from storage.notices import About
from storage.tables import BackfillRow, Notice, OfferRow, Waiting, key_of

_OVER: Final = (OfferState.GONE, OfferState.WITHDRAWN)
_KNOWN: Final = (NoticeState.SENT, NoticeState.DOUBTFUL)
_NOT_SURE_YET: Final = timedelta(minutes=1)


def tell_gone(
    session: Session, backfill: BackfillRow, house: House, now: datetime
) -> datetime | None:
    """Write to all whose offer of a slot holds no longer, if they may have read it, once each.

    Args:
        session: The unit of work; it holds the appointment.
        backfill: In a stage in which its slot is not offered.
        house: The HMO's calendar and manners.
        now: The present (aware).

    Returns:
        When to do it again: an offer is just being sent, and it is not known yet whether it
        arrives.
    """
    ended_with_it = [col(OfferRow.answered_at) >= backfill.ended_at] if backfill.ended_at else []
    offers = session.execute(
        select(col(Notice.offer_id), col(Notice.patient_id), col(Notice.state))
        .join(OfferRow, col(OfferRow.id) == col(Notice.offer_id))
        .where(
            col(OfferRow.backfill_id) == key_of(backfill),
            col(OfferRow.state).in_(_OVER),
            col(Notice.kind) == NoticeKind.OFFER,
            *ended_with_it,
            ~_took_another_slot(),
        )
        .order_by(col(Notice.id))
    ).all()
    for offer_id, patient_id, state in offers:
        if state in _KNOWN:
            about = About(NoticeKind.GONE, backfill.appointment_id, key_of(backfill), offer_id)
            notices.write(session, patient_id, about, house, now)
    sending = any(state is NoticeState.SENDING for _, _, state in offers)
    return now + _NOT_SURE_YET if sending else None


def _took_another_slot() -> ColumnElement[bool]:
    """The condition that an offer was withdrawn since its patient accepted another; no word then.

    Both have the moment of the acceptance.
    """
    other, place = aliased(OfferRow), aliased(Waiting)
    accepted = (
        select(col(other.id))
        .join(place, col(place.id) == col(other.waiting_id))
        .where(
            col(other.state) == OfferState.ACCEPTED,
            col(other.answered_at) == col(OfferRow.answered_at),
            col(other.id) != col(OfferRow.id),
            col(place.patient_id) == col(Notice.patient_id),
        )
    )
    return accepted.correlate(OfferRow, Notice).exists()
