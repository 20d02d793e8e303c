"""Waves: a free slot goes out to several waiting patients at once, and the wave comes to its end.

Everything that a wave is stands in the database, and each change is one transaction: a process
that is killed between two of them leaves a wave that the next one takes further.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, select, update
from sqlmodel import Session, col

from domain.backfills import Stage, Step
from domain.criteria import House
from domain.notices import Channel, NoticeKind, NoticeState
from domain.offers import WAVES, OfferState, expiry
from domain.waiting import WaitState
from storage import actions, backfills, notices
from storage.notices import About
from storage.tables import (
    Appointment,
    BackfillRow,
    OfferRow,
    Patient,
    Waiting,
    key_of,
)


def send(
    session: Session, backfill_id: int, waiting_ids: Sequence[int], house: House, now: datetime
) -> int:
    """Offer a released slot to waiting patients, the first of them first.

    Whoever waits no longer, was offered the slot before, has another open offer or may not be
    written to is left out.

    Args:
        session: The unit of work.
        backfill_id: Whose slot it is.
        waiting_ids: Places on the waitlist, in the order of rank.
        house: The HMO's calendar and manners.
        now: The present (aware).

    Returns:
        How many offers were made; 0 also if the slot cannot be offered now.
    """
    backfill, slot = backfills.locked(session, backfill_id)
    sent_at = house.manners.free_at(now, house.calendar)
    expires_at = expiry(slot.start, sent_at)
    if backfill.stage is not Stage.RELEASED or backfill.waves >= WAVES or expires_at is None:
        return 0
    chosen = _receivers(session, backfill_id, waiting_ids, house, now)
    if not chosen:
        return 0
    offers = [
        OfferRow(
            backfill_id=backfill_id,
            waiting_id=key_of(waiting),
            wave=backfill.waves + 1,
            rank=rank,
            state=OfferState.OPEN,
            made_at=now,
            expires_at=expires_at,
        )
        for rank, (waiting, _) in enumerate(chosen, start=1)
    ]
    session.add_all(offers)
    session.flush()
    letters = [_letter(offer, slot, *chosen[place], house) for place, offer in enumerate(offers)]
    notices.write_many(session, letters)
    waves = backfill.waves + 1
    backfills.move(session, backfill, Step.OFFERED, now, due_at=expires_at, waves=waves)
    actions.touch_figures(session, [slot.department_id])
    return len(offers)


def end_wave(session: Session, backfill: BackfillRow, slot: Appointment, now: datetime) -> None:
    """Let a wave's offers expire once their time is up, and the slot be free again.

    An offer that never reached its patient is withdrawn: that says nothing about what they want.

    Args:
        session: The unit of work; it holds the appointment.
        backfill: In stage OFFERING.
        slot: Its appointment.
        now: The present (aware).
    """
    offers = session.scalars(_open_offers(key_of(backfill))).all()
    still = [offer.expires_at for offer in offers if offer.expires_at > now]
    if still:
        backfill.due_at = min(still)
        session.flush()
        return
    known = set(backfills.tell_gone(session, [key_of(offer) for offer in offers], now))
    for offer in offers:
        offer.state = OfferState.EXPIRED if offer.id in known else OfferState.WITHDRAWN
        offer.answered_at = now
    session.flush()
    backfills.move(session, backfill, Step.WAVE_OVER, now, due_at=now)
    actions.touch_figures(session, [slot.department_id])


def hasten(session: Session, which: Collection[int], now: datetime) -> None:
    """Have the waves of some backfills ended at once of which no offer is open any more."""
    is_open = exists().where(
        col(OfferRow.backfill_id) == col(BackfillRow.id), col(OfferRow.state) == OfferState.OPEN
    )
    session.execute(
        update(BackfillRow)
        .where(
            col(BackfillRow.id).in_(which),
            col(BackfillRow.stage) == Stage.OFFERING,
            ~is_open.correlate(BackfillRow),
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def _receivers(
    session: Session, backfill_id: int, waiting_ids: Sequence[int], house: House, now: datetime
) -> list[tuple[Waiting, Channel]]:
    """Who of them is really offered the slot, and by which channel."""
    offered = exists().where(
        col(OfferRow.waiting_id) == col(Waiting.id),
        (col(OfferRow.backfill_id) == backfill_id) | (col(OfferRow.state) == OfferState.OPEN),
    )
    rows = session.execute(
        select(Waiting, Patient)
        .join(Patient, col(Patient.id) == col(Waiting.patient_id))
        .where(
            col(Waiting.id).in_(waiting_ids),
            col(Waiting.state) == WaitState.WAITING,
            ~offered.correlate(Waiting),
        )
        .execution_options(populate_existing=True)
    ).all()
    place = {waiting_id: number for number, waiting_id in enumerate(waiting_ids)}
    found = sorted(rows, key=lambda row: place[key_of(row[0])])
    channels = notices.writable(session, [patient for _, patient in found], house, now)
    chosen: dict[int, tuple[Waiting, Channel]] = {}
    for waiting, patient in found:
        if channel := channels.get(key_of(patient)):
            chosen.setdefault(key_of(patient), (waiting, channel))
    return list(chosen.values())


def _letter(
    offer: OfferRow, slot: Appointment, waiting: Waiting, channel: Channel, house: House
) -> dict[str, Any]:
    """The notice that makes an offer, for `notices.write_many`."""
    about = About(NoticeKind.OFFER, key_of(slot), offer.backfill_id, key_of(offer))
    return {
        "key": about.key(waiting.patient_id),
        "patient_id": waiting.patient_id,
        "kind": about.kind,
        "channel": channel,
        "state": NoticeState.WAITING,
        "counts": True,
        "appointment_id": about.appointment_id,
        "backfill_id": about.backfill_id,
        "offer_id": about.offer_id,
        "created_at": offer.made_at,
        "due_at": notices.due_at(about.kind, house, offer.made_at),
    }


def _open_offers(backfill_id: int) -> Select[OfferRow]:
    is_open = col(OfferRow.state) == OfferState.OPEN
    return (
        select(OfferRow)
        .where(col(OfferRow.backfill_id) == backfill_id, is_open)
        .order_by(col(OfferRow.id))
        .execution_options(populate_existing=True)
    )
