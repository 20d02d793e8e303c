"""Telling patients who may know of an offer that the slot is gone."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.criteria import House
from domain.notices import NoticeKind, NoticeState
from domain.offers import OfferState
from storage import notices
from storage.notices import About
from storage.tables import BackfillRow, Notice, OfferRow, Waiting, key_of

_KNOWN = (NoticeState.SENDING, NoticeState.SENT, NoticeState.DOUBTFUL)


def tell_gone(session: Session, backfill: BackfillRow, house: House, now: datetime) -> int:
    """Write to all whose offer of a slot was withdrawn after they may have read it, once each.

    Returns:
        To how many.
    """
    owed = session.execute(
        select(col(OfferRow.id), col(Waiting.patient_id))
        .join(Waiting, col(Waiting.id) == col(OfferRow.waiting_id))
        .join(Notice, col(Notice.offer_id) == col(OfferRow.id))
        .where(
            col(OfferRow.backfill_id) == key_of(backfill),
            col(OfferRow.state).in_([OfferState.WITHDRAWN, OfferState.GONE]),
            col(Notice.kind) == NoticeKind.OFFER,
            col(Notice.state).in_(_KNOWN),
        )
        .order_by(col(OfferRow.id))
        .distinct()
    ).all()
    for offer_id, patient_id in owed:
        about = About(NoticeKind.GONE, backfill.appointment_id, key_of(backfill), offer_id=offer_id)
        notices.write(session, patient_id, about, house, now)
    return len(owed)
