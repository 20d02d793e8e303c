"""Accepting: the first patient to accept an offer has the slot, decided by the database.

One transaction does it all: it holds the slot's appointment, moves the offer from *open* to
*accepted* and the backfill from *offering* to *filled*, books the replacement, and cancels what
the first patient, if they only stayed silent, and who accepts still held. An index allows one
accepted offer a slot. Whoever comes later is told what holds.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, func, select, update
from sqlmodel import Session, col

from domain.answers import Source
from domain.backfills import Stage, Step
from domain.criteria import House
from domain.notices import Channel, NoticeKind
from domain.offers import ANSWERABLE, OfferBarrier, OfferState, barrier_of_offer
from domain.people import Right
from domain.pushes import PushKind
from domain.statuses import Status
from domain.waiting import WaitState
from storage import actions, backfills, bookings, giving_back, notices, outbox, people
from storage.free_slots import is_available
from storage.gone import tell_gone
from storage.locks import lock_appointments
from storage.notices import About
from storage.store import ask
from storage.tables import Appointment, BackfillRow, Notice, OfferRow, Patient, Waiting, key_of
from storage.waves import hasten

PUSHED_FILLED: Final = "filled"
"""The address (with the backfill's id) of the screen that managers are pushed."""


@dataclass(frozen=True)
class Accepted:
    """What became of accepting or declining an offer.

    Attributes:
        offer_id: The offer.
        barrier: Why it was not done; `None` if it was.
        appointment_id: What is booked for the patient, if they have the slot.
        start: When the slot starts (UTC).
    """

    offer_id: int
    barrier: OfferBarrier | None
    appointment_id: int | None
    start: datetime


@dataclass(frozen=True)
class Filled:
    """A slot that a waiting patient has accepted.

    Attributes:
        appointment_id: The first patient's appointment.
        replacement_id: The appointment of who accepted.
        at: When they did (UTC).
        offers: To how many waiting patients it was offered.
    """

    appointment_id: int
    replacement_id: int
    at: datetime
    offers: int


def filled(session: Session, backfill_id: int) -> Filled | None:
    """How a slot was filled; `None` if it was not."""
    backfill = session.get(BackfillRow, backfill_id)
    if backfill is None or backfill.replacement_id is None or backfill.ended_at is None:
        return None
    mine = col(OfferRow.backfill_id) == backfill_id
    number = session.scalar(select(func.count()).select_from(OfferRow).where(mine))
    return Filled(backfill.appointment_id, backfill.replacement_id, backfill.ended_at, number or 0)


def accept(
    session: Session, offer_id: int, house: House, now: datetime, source: Source = Source.PAGE
) -> Accepted:
    """Accept an offer: the slot is booked, if nobody was first.

    Args:
        session: The unit of work.
        offer_id: The offer.
        house: The HMO's calendar and manners.
        now: The present (aware).
        source: How the patient says it.

    Raises:
        NoResultFound: There is no such offer.
    """
    # An offer that has ended stays so: a thousand who come late hold nobody up.
    late = _if_ended(session, offer_id, now)
    if late is not None:
        return late
    found = _found(session, offer_id)
    own = bookings.own_booking(session, found.waiting, found.slot)
    _hold(session, found, own)
    barrier = _claim(session, found, house, now)
    if barrier is not None:
        return _refused(offer_id, barrier, found.backfill.replacement_id, found.slot.start)
    replacement = _fill(session, found, house, now)
    if own is not None and own.status is Status.BOOKED:
        bookings.give_back(session, own, source, house, now)
    _tell_managers(session, found, now)
    return Accepted(offer_id, None, replacement, found.slot.start)


def decline(session: Session, offer_id: int, _house: House, now: datetime) -> Accepted:
    """Decline an offer; the others of its wave stay, and without any the wave ends at once.

    Args:
        session: The unit of work.
        offer_id: The offer.
        now: The present (aware).

    Raises:
        NoResultFound: There is no such offer.
    """
    found = _found(session, offer_id)
    _hold(session, found)
    offer = found.offer
    barrier = barrier_of_offer(offer.state, offer.expires_at, now)
    if barrier is None and _moved(session, offer, OfferState.DECLINED, now):
        hasten(session, [offer.backfill_id], now)
        actions.touch_figures(session, [found.slot.department_id])
    return _refused(offer_id, barrier, found.backfill.replacement_id, found.slot.start)


_STANDS: Final = (
    select(
        col(OfferRow.state),
        col(OfferRow.expires_at),
        col(BackfillRow.replacement_id),
        col(Appointment.start),
    )
    .join(BackfillRow, col(BackfillRow.id) == col(OfferRow.backfill_id))
    .join(Appointment, col(Appointment.id) == col(BackfillRow.appointment_id))
    .where(col(OfferRow.id) == bindparam("offer_id"))
)


def _if_ended(session: Session, offer_id: int, now: datetime) -> Accepted | None:
    """What to say of an offer that cannot be accepted any more; `None` if it still may be.

    Raises:
        NoResultFound: There is no such offer.
    """
    state, expires_at, booked, start = ask(session, _STANDS, {"offer_id": offer_id}).one()
    barrier = barrier_of_offer(state, expires_at, now)
    return None if barrier is None else _refused(offer_id, barrier, booked, start)


def _refused(
    offer_id: int, barrier: OfferBarrier | None, booked: int | None, start: datetime
) -> Accepted:
    """The slot is booked for this patient only if it is theirs already."""
    return Accepted(offer_id, barrier, booked if barrier is OfferBarrier.YOURS else None, start)


@dataclass(frozen=True)
class _Found:
    """An offer, and what it is about."""

    offer: OfferRow
    backfill: BackfillRow
    slot: Appointment
    waiting: Waiting


def _found(session: Session, offer_id: int) -> _Found:
    offer = session.get_one(OfferRow, offer_id)
    backfill = session.get_one(BackfillRow, offer.backfill_id)
    return _Found(
        offer,
        backfill,
        session.get_one(Appointment, backfill.appointment_id),
        session.get_one(Waiting, offer.waiting_id),
    )


def _hold(session: Session, found: _Found, own: Appointment | None = None) -> None:
    """Hold the appointments, in the order of their keys, and read all as it stands then."""
    held = [each for each in (found.slot, own) if each is not None]
    lock_appointments(session, col(Appointment.id).in_([key_of(each) for each in held]))
    # All places of the patient, so that two of their links at once do not get them two slots.
    mine = col(Waiting.patient_id) == found.waiting.patient_id
    places = select(col(Waiting.id)).where(mine).order_by(col(Waiting.id))
    session.execute(places.with_for_update(key_share=True)).close()
    for row in (*held, found.offer, found.backfill, found.waiting):
        session.refresh(row)


def _claim(session: Session, found: _Found, house: House, now: datetime) -> OfferBarrier | None:
    """Accept the offer, if that is still possible; otherwise why it is not."""
    offer, backfill = found.offer, found.backfill
    barrier = barrier_of_offer(offer.state, offer.expires_at, now)
    if barrier is None and backfill.stage is Stage.FILLED:
        barrier = OfferBarrier.GONE
    if barrier is not None:
        return barrier
    if backfill.stage is not Stage.OFFERING or not _still_waits(session, found):
        return OfferBarrier.WITHDRAWN
    if not is_available(session, found.slot, house.calendar):
        # Nobody is there to see them, whoever accepts.
        backfills.withdraw(session, col(OfferRow.backfill_id) == key_of(backfill), now)
        tell_gone(session, backfill, house, now)
        hasten(session, [key_of(backfill)], now)
        return OfferBarrier.WITHDRAWN
    if not _can_be_told(session, found.slot, house):
        giving_back.stay(session, found.slot, now, Step.CALL)
        actions.touch_figures(session, [found.slot.department_id])
        return OfferBarrier.WITHDRAWN
    if not _moved(session, offer, OfferState.ACCEPTED, now):
        # They accepted another slot in the same moment.
        return barrier_of_offer(offer.state, offer.expires_at, now) or OfferBarrier.WITHDRAWN
    return None


def _can_be_told(session: Session, slot: Appointment, house: House) -> bool:
    """Whether a patient who only stayed silent would hear that they have lost their slot."""
    if slot.status is not Status.BOOKED:
        return True
    patient = session.get_one(Patient, slot.patient_id, populate_existing=True)
    return isinstance(notices.channel_of(session, patient, house), Channel)


def _still_waits(session: Session, found: _Found) -> bool:
    """Whether who accepts still waits in the slot's department, and has time then."""
    waiting, slot = found.waiting, found.slot
    waits = waiting.state is WaitState.WAITING and waiting.department_id == slot.department_id
    return waits and not bookings.is_busy(session, waiting.patient_id, slot)


def _moved(session: Session, offer: OfferRow, becomes: OfferState, now: datetime) -> bool:
    """Move an offer that can be answered; `False` if it has ended meanwhile."""
    moved = session.execute(
        update(OfferRow)
        .where(col(OfferRow.id) == key_of(offer), col(OfferRow.state).in_(ANSWERABLE))
        .values(state=becomes, answered_at=now)
        .returning(col(OfferRow.id))
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(offer)
    if moved is None:
        return False
    notices.drop(session, col(Notice.offer_id) == offer.id, now=now)
    return True


def _fill(session: Session, found: _Found, house: House, now: datetime) -> int:
    """Book the replacement, with all that follows from it; the new appointment's key."""
    backfill, slot, waiting = found.backfill, found.slot, found.waiting
    owed = _end_others(session, found, now)
    booking = bookings.book(session, backfill, slot, waiting, now)
    key, patient_id = key_of(booking), waiting.patient_id
    waiting.state, waiting.appointment_id = WaitState.BOOKED, key
    session.flush()
    due_at = now if owed else None
    backfills.move(session, backfill, Step.ACCEPTED, now, due_at=due_at, replacement_id=key)
    if slot.status is Status.BOOKED:
        bookings.cancel(session, slot, now)
        released = About(NoticeKind.RELEASED, key_of(slot), backfill.id)
        notices.write(session, slot.patient_id, released, house, now)
    booked = About(NoticeKind.BOOKED, key, backfill.id, found.offer.id)
    notices.write(session, patient_id, booked, house, now)
    actions.touch_figures(session, [slot.department_id])
    return key


def _end_others(session: Session, found: _Found, now: datetime) -> list[int]:
    """End the other offers of the slot and of the patient; who knew of the slot is owed a word."""
    mine = found.backfill.id
    others = session.scalars(
        update(OfferRow)
        .where(col(OfferRow.backfill_id) == mine, col(OfferRow.state) == OfferState.OPEN)
        .values(state=OfferState.GONE, answered_at=now)
        .returning(col(OfferRow.id))
        .execution_options(synchronize_session=False)
    ).all()
    elsewhere = session.scalars(
        select(OfferRow)
        .join(Waiting, col(Waiting.id) == col(OfferRow.waiting_id))
        .where(
            col(Waiting.patient_id) == found.waiting.patient_id,
            col(OfferRow.state) == OfferState.OPEN,
        )
    ).all()
    if elsewhere:
        which = [key_of(offer) for offer in elsewhere]
        backfills.withdraw(session, col(OfferRow.id).in_(which), now)
        hasten(session, [offer.backfill_id for offer in elsewhere], now)
    return backfills.tell_gone(session, [key for key in others if key is not None], now)


def _tell_managers(session: Session, found: _Found, now: datetime) -> None:
    address, kind = f"{PUSHED_FILLED}:{found.backfill.id}", PushKind.FILLED
    for to in people.members_with(session, Right.DECIDE, found.slot.department_id):
        outbox.enqueue(session, to.id, address, now, key=f"{address}:{to.id}", kind=kind)
