"""Two patients who are written to: one is asked about her visit, one is offered its time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.doors import Offers
from domain.backfills import Stage
from domain.criteria import House
from domain.notices import Channel, Manners, NoticeKind
from domain.offers import OfferState
from domain.people import Member, Role
from domain.statuses import Status
from domain.transfers import Kind
from domain.waiting import WaitState
from storage import actions, backfills, notices
from storage.notices import About
from storage.store import Store
from storage.tables import (
    Appointment,
    BackfillRow,
    Department,
    Notice,
    OfferRow,
    Patient,
    Waiting,
    key_of,
)
from tests.hmo import HOUSE, Hmo, join

WRITING = House(HOUSE.calendar, manners=Manners(frozenset({Channel.SMS, Channel.EMAIL})))
RUTH = "+972-3-555-0101"
LEA = "lea@clinic.example"


@dataclass(frozen=True)
class Written:
    """Keys of what was written.

    Attributes:
        asked: The notice that asks Ruth, by SMS, whether she comes in three days.
        offered: The notice that offers Lea, by e-mail, the time of Ruth's visit.
        visit: Ruth's visit.
    """

    asked: int
    offered: int
    visit: int
    offer: int
    backfill: int


def a_few_letters(store: Store, now: datetime, language: str | None = None) -> Written:
    """Load a small HMO, authorise Ruth's slot, ask her, and offer the slot to Lea."""
    hmo = Hmo(now)
    hmo.regular("Ruth", 3, coming=3)
    hmo.visit("Lea", 20, key="Lea")
    hmo.load(store)
    manager = join(store, Role.MANAGER, 2, "Noa", now)
    return store.write_now(_write, manager, now, language)


def _write(session: Session, manager: Member, now: datetime, language: str | None) -> Written:
    ruth, lea = (_reachable(session, name, language) for name in ("Ruth", "Lea"))
    ruth.phone, lea.email = RUTH, LEA
    visit = session.scalars(
        select(Appointment).where(
            col(Appointment.patient_id) == ruth.id, col(Appointment.start) > now
        )
    ).one()
    key = key_of(visit)
    actions.authorize_directly(session, manager, key, Kind.TRANSFER, now, HOUSE.threshold)
    backfill = backfills.open_of(session, key)
    assert backfill is not None
    backfill.deadline_at = now + timedelta(days=1)
    waiting = Waiting(
        external_id="W1",
        patient_id=key_of(lea),
        department_id=visit.department_id,
        urgency=3,
        since=now - timedelta(days=40),
        notice_hours=24,
        state=WaitState.WAITING,
    )
    session.add(waiting)
    session.flush()
    offer = OfferRow(
        backfill_id=key_of(backfill),
        waiting_id=key_of(waiting),
        wave=1,
        rank=1,
        state=OfferState.OPEN,
        made_at=now,
        expires_at=now + timedelta(hours=12),
    )
    session.add(offer)
    session.flush()
    about = About(NoticeKind.CONFIRM, key, key_of(backfill))
    assert notices.write(session, key_of(ruth), about, WRITING, now) is Channel.SMS
    about = About(NoticeKind.OFFER, key, key_of(backfill), key_of(offer))
    assert notices.write(session, key_of(lea), about, WRITING, now) is Channel.EMAIL
    asked, offered = session.scalars(select(col(Notice.id)).order_by(col(Notice.id))).all()
    assert asked is not None
    assert offered is not None
    return Written(asked, offered, key, key_of(offer), key_of(backfill))


def _reachable(session: Session, name: str, language: str | None) -> Patient:
    patient = session.scalars(select(Patient).where(col(Patient.external_id) == name)).one()
    patient.consent, patient.language = True, language
    return patient


# What presses on an offer lead to, as far as a page can tell.


@dataclass(frozen=True)
class Shown:
    """An offer, as a page needs it."""

    state: OfferState
    department: str
    start: datetime
    expires_at: datetime
    own_start: datetime | None
    waits: bool = True
    is_booked: bool = True


def shows(session: Session, offer_id: int) -> Shown:
    """An offer as it stands."""
    offer = session.get_one(OfferRow, offer_id)
    backfill = session.get_one(BackfillRow, offer.backfill_id)
    slot = session.get_one(Appointment, backfill.appointment_id)
    name = session.get_one(Department, slot.department_id).name
    own = slot.start + timedelta(days=17)
    return Shown(offer.state, name, slot.start, offer.expires_at, own)


def takes(session: Session, offer_id: int, house: House, now: datetime) -> None:
    """The first to accept has it."""
    _ends(session, offer_id, OfferState.ACCEPTED, now)


def declines(session: Session, offer_id: int, house: House, now: datetime) -> None:
    """No, thank you."""
    _ends(session, offer_id, OfferState.DECLINED, now)


_ANSWERABLE = (OfferState.OPEN, OfferState.DECLINED)


def _ends(session: Session, offer_id: int, state: OfferState, now: datetime) -> None:
    session.execute(
        update(OfferRow)
        .where(col(OfferRow.id) == offer_id, col(OfferRow.state).in_(_ANSWERABLE))
        .values(state=state, answered_at=now)
    )


def goes_to_another(session: Session, backfill_id: int) -> None:
    """Somebody else has the slot."""
    backfill = session.get_one(BackfillRow, backfill_id)
    backfill.stage, backfill.due_at = Stage.FILLED, None
    session.get_one(Appointment, backfill.appointment_id).status = Status.CANCELLED


OFFERS = Offers(shows, takes, declines)
