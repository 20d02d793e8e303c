"""Offers: what is done about a free slot by itself, and what a patient sees of one.

Sending is in `storage/waves.py`, accepting and declining in `storage/accepting.py`; who works with
offers finds them all here.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from domain.backfills import Stage, Step
from domain.criteria import House
from domain.notices import NoticeKind, Unsaid
from domain.offers import (
    ANSWERABLE,
    LOOK_AGAIN,
    WAVES,
    OfferBarrier,
    OfferState,
    barrier_of_offer,
    expiry,
    too_late_from,
)
from domain.statuses import Status
from domain.waiting import WaitState
from storage import actions, backfills, balance, bookings, notices
from storage.accepting import Accepted, accept, decline
from storage.gone import tell_gone
from storage.notices import ANOTHER_WAY, About
from storage.policies import policy_of
from storage.tables import (
    Appointment,
    BackfillRow,
    Clinician,
    Department,
    Notice,
    OfferRow,
    Patient,
    Waiting,
    key_of,
)
from storage.waves import end_wave, hasten, send

__all__ = ["Accepted", "OfferView", "accept", "decline", "look", "send", "step", "undeliverable"]


@dataclass(frozen=True)
class OfferView:
    """An offer as its patient may see it. Times are UTC.

    Attributes:
        state: How far it has come; one that was declined is gone once the slot is.
        clinician: Who sees patients in the slot, if that is known.
        minutes: How long the visit takes, if that is known.
        expires_at: Until when it can be accepted.
        language: The patient's, as the feed has it.
        own_start: What they have booked in the department now, which is cancelled once they accept.
        waits: Whether they are on the waiting list still.
        is_booked: Whether the visit that it became, once accepted, is booked still.
    """

    offer_id: int
    state: OfferState
    department: str
    clinician: str | None
    start: datetime
    minutes: int | None
    expires_at: datetime
    language: str | None
    own_start: datetime | None
    waits: bool
    is_booked: bool

    def barrier(self, now: datetime) -> OfferBarrier | None:
        """Why it cannot be answered at `now` (aware), or `None`."""
        return barrier_of_offer(self.state, self.expires_at, now)


def look(session: Session, offer_id: int) -> OfferView:
    """An offer as it stands; nothing is changed.

    Raises:
        NoResultFound: There is no such offer.
    """
    offer = session.get_one(OfferRow, offer_id)
    waiting = session.get_one(Waiting, offer.waiting_id)
    backfill = session.get_one(BackfillRow, offer.backfill_id)
    slot = session.get_one(Appointment, backfill.appointment_id)
    clinician = session.get(Clinician, slot.clinician_id) if slot.clinician_id else None
    own = bookings.own_booking(session, waiting, slot)
    return OfferView(
        offer_id=offer_id,
        state=_standing(offer, backfill, waiting),
        department=session.get_one(Department, slot.department_id).name,
        clinician=clinician.name if clinician else None,
        start=slot.start,
        minutes=slot.duration,
        expires_at=offer.expires_at,
        language=session.get_one(Patient, waiting.patient_id).language,
        own_start=own.start if own else None,
        waits=waiting.state is WaitState.WAITING,
        is_booked=offer.state is OfferState.ACCEPTED and _is_booked(session, backfill),
    )


def _is_booked(session: Session, backfill: BackfillRow) -> bool:
    key = backfill.replacement_id
    return key is not None and session.get_one(Appointment, key).status is Status.BOOKED


def _standing(offer: OfferRow, backfill: BackfillRow, waiting: Waiting) -> OfferState:
    """How far an offer has come, with what has happened since to a slot that was declined."""
    if offer.state not in ANSWERABLE:
        return offer.state
    if backfill.stage is Stage.FILLED:
        return OfferState.GONE
    still = backfill.stage is Stage.OFFERING and waiting.state is WaitState.WAITING
    return offer.state if still else OfferState.WITHDRAWN


def step(session: Session, backfill_id: int, house: House, now: datetime) -> None:
    """Do what is due about a backfill whose slot is free, or was: one step, one transaction.

    Afterwards nothing is due now, unless the next step is.

    Args:
        session: The unit of work.
        backfill_id: The backfill; what is not due, or not due any more, stays as it is.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    backfill, slot = backfills.locked(session, backfill_id)
    if backfill.due_at is None or backfill.due_at > now:
        return
    if backfill.stage is Stage.RELEASED:
        _seek(session, backfill, slot, house, now)
    elif backfill.stage is Stage.OFFERING:
        end_wave(session, backfill, slot, now)
    else:
        backfills.wait_until(session, backfill_id, tell_gone(session, backfill, house, now))


def undeliverable(session: Session, notice_id: int, house: House, now: datetime) -> None:
    """A notice has failed: an offer is made another way, or else withdrawn.

    Args:
        session: A unit of work of its own, since an appointment is locked before its notices.
        notice_id: The notice, which has failed by now.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    notice = session.get_one(Notice, notice_id)
    if notice.kind is not NoticeKind.OFFER or not notice.backfill_id or not notice.offer_id:
        return
    _, slot = backfills.locked(session, notice.backfill_id)
    offer = session.get_one(OfferRow, notice.offer_id, populate_existing=True)
    if offer.state is not OfferState.OPEN:
        return
    about = About(notice.kind, key_of(slot), notice.backfill_id, notice.offer_id)
    written = notices.write(
        session, notice.patient_id, about, house, now, which=ANOTHER_WAY, but=notice.channel
    )
    if isinstance(written, Unsaid):
        offer.state, offer.answered_at = OfferState.WITHDRAWN, now
        session.flush()
        hasten(session, [notice.backfill_id], now)
        actions.touch_figures(session, [slot.department_id])


def _seek(
    session: Session, backfill: BackfillRow, slot: Appointment, house: House, now: datetime
) -> None:
    """Send a released slot's next wave where that goes by itself; give up when it is too late."""
    if expiry(slot.start, house.manners.free_at(now, house.calendar)) is None:
        backfills.move(session, backfill, Step.TIME_UP, now)
        actions.touch_figures(session, [slot.department_id])
        return
    too_late = too_late_from(slot.start)
    by_itself = policy_of(session, slot.department_id).automatic and backfill.waves < WAVES
    if not by_itself:
        backfill.due_at = too_late
    elif not _send_next(session, backfill, slot, house, now):
        backfill.due_at = min(now + LOOK_AGAIN, too_late)
    session.flush()


def _send_next(
    session: Session, backfill: BackfillRow, slot: Appointment, house: House, now: datetime
) -> int:
    """Send the wave that the plan over the department's free slots has for this one."""
    key = key_of(backfill)
    plan = balance.plan(session, frozenset({slot.department_id}), house, now)
    for wave in balance.waves_of(session, plan, house, now):
        if wave.slot.backfill_id == key:
            chosen = [one.waiting_id for one in wave.candidates]
            return send(session, key, chosen, house, now)
    return 0
