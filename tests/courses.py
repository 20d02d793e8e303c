"""The course of authorised slots in tests: who accepts one, what was sent, and what is due."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from domain.answers import Answer, Reply, Source, Told
from domain.backfills import Step
from domain.clock import HandClock
from domain.criteria import House
from domain.notices import Channel, Manners, NoticeKind, NoticeState
from domain.offers import OfferState
from domain.people import Member, Role
from domain.policies import Policy
from domain.statuses import Status
from domain.transfers import Kind
from domain.waiting import WaitState
from storage import actions, answers, backfills, counters, policies, replies, slot_steps
from storage.actions import Outcome
from storage.store import Store
from storage.tables import (
    Action,
    Appointment,
    BackfillRow,
    Notice,
    OfferRow,
    Patient,
    Waiting,
    key_of,
)
from tests.hmo import HOUSE, Hmo, join

BOTH = frozenset(Channel)


def house(a_week: int = 3) -> House:
    """The tests' HMO, which writes to patients at any hour."""
    manners = Manners(channels=BOTH, quiet_from=0, quiet_until=0, a_week=a_week)
    return replace(HOUSE, manners=manners)


def offered(session: Session, backfill_id: int, patients: list[str], now: datetime) -> list[int]:
    """Offer a slot to patients, who have read it; returns the offers."""
    backfill, slot = backfills.locked(session, backfill_id)
    made = []
    for rank, patient in enumerate(patients, 1):
        found = session.exec(select(Patient).where(Patient.external_id == patient)).one()
        place = Waiting(
            external_id=f"W-{patient}",
            patient_id=key_of(found),
            department_id=slot.department_id,
            urgency=3,
            since=now,
            notice_hours=24,
            state=WaitState.WAITING,
        )
        session.add(place)
        session.flush()
        offer = OfferRow(
            backfill_id=backfill_id,
            waiting_id=key_of(place),
            wave=1,
            rank=rank,
            state=OfferState.OPEN,
            made_at=now,
            expires_at=slot.start,
        )
        session.add(offer)
        session.flush()
        sent = {"state": NoticeState.SENT, "created_at": now, "due_at": now, "ended_at": now}
        about = {"appointment_id": key_of(slot), "backfill_id": backfill_id, "offer_id": offer.id}
        kinds = {"kind": NoticeKind.OFFER, "channel": Channel.SMS, "counts": True}
        key = f"offer:{offer.id}"
        to = key_of(found)
        session.execute(insert(Notice).values(key=key, patient_id=to, **kinds, **about, **sent))
        made.append(key_of(offer))
    backfills.move(session, backfill, Step.OFFERED, now, due_at=slot.start, waves=1)
    return made


def accepted(session: Session, backfill_id: int, now: datetime) -> bool:
    """A waiting patient accepts a slot, as far as its first patient is concerned.

    Returns:
        Whether it was still to be had.
    """
    backfill, slot = backfills.locked(session, backfill_id)
    backfills.move(session, backfill, Step.OFFERED, now)
    if not backfills.move(session, backfill, Step.ACCEPTED, now):
        return False
    counters.apply_status_change(session, key_of(slot), Status.CANCELLED, now)
    return True


@dataclass
class Course:
    """A clinic with a manager, who authorises slots, and patients who can be written to."""

    store: Store
    clock: HandClock
    noa: Member
    house: House
    hmo: Hmo

    def authorize(self, patient: str) -> Outcome:
        about = (key_of(self.visit(patient)), Kind.TRANSFER)
        now, threshold = self.clock.now(), self.house.threshold
        return self.store.write_now(actions.authorize_directly, self.noa, *about, now, threshold)

    def settle(self, policy: Policy) -> None:
        """The patients' department settles on a policy."""
        about = self.visit("p1").department_id
        self.store.write_now(policies.change, self.noa, about, policy, self.clock.now())

    def work(self) -> None:
        """Do all that is due now."""
        while due := self.store.read_now(backfills.due, self.clock.now(), 9):
            for key in due:
                self.store.write_now(slot_steps.step, key, self.house, self.clock.now())

    def deliver(self, state: NoticeState = NoticeState.SENT) -> int:
        """All notices that are due come to this end; returns how many."""
        now = self.clock.now()

        def work(session: Session) -> int:
            due = (col(Notice.state) == NoticeState.WAITING, col(Notice.due_at) <= now)
            done = update(Notice).where(*due).values(state=state, ended_at=now)
            return len(session.scalars(done.returning(col(Notice.id))).all())

        return self.store.write_now(work)

    def says(self, patient: str, answer: Answer, source: Source = Source.PAGE) -> Told:
        about, now = key_of(self.visit(patient)), self.clock.now()
        return self.store.write_now(answers.answer_visit, about, answer, source, self.house, now)

    def texts(self, number: str, text: str, reply_id: str = "") -> Reply:
        about = (number, text, reply_id or uuid4().hex, self.house, self.clock.now())
        return self.store.write_now(replies.take_reply, *about)

    def move(self, patient: str, later: timedelta) -> None:
        """The HMO moves the patient's visit."""
        row = next(it for it in reversed(self.hmo.rows) if it["patient_id"] == patient)
        row["start"] = (datetime.fromisoformat(row["start"]) + later).isoformat()
        self.hmo.load(self.store, self.clock.now())

    def offer(self, patient: str, *to: str) -> list[int]:
        about, now = key_of(self.backfill(patient)), self.clock.now()
        return self.store.write_now(offered, about, list(to), now)

    def fill(self, patient: str) -> bool:
        about, now = key_of(self.backfill(patient)), self.clock.now()
        return self.store.write_now(accepted, about, now)

    def visit(self, patient: str) -> Appointment:
        """The one that comes last."""
        coming = select(Appointment).join(Patient).where(Patient.external_id == patient)
        last = coming.order_by(col(Appointment.start).desc()).limit(1)
        return self.store.read_now(lambda session: session.exec(last).one())

    def backfill(self, patient: str) -> BackfillRow:
        found = self.store.read_now(backfills.of_appointment, key_of(self.visit(patient)))
        assert found is not None
        return found

    def notices(self, kind: NoticeKind = NoticeKind.CONFIRM) -> list[Notice]:
        """Those of a kind, oldest first."""
        wanted = select(Notice).where(Notice.kind == kind).order_by(col(Notice.id))
        return self.store.read_now(lambda session: list(session.exec(wanted)))

    def actions(self, patient: str) -> list[Action]:
        about = key_of(self.visit(patient))
        wanted = select(Action).where(Action.appointment_id == about).order_by(col(Action.id))
        return self.store.read_now(lambda session: list(session.exec(wanted)))


def begin(store: Store, clock: HandClock) -> Course:
    """Three high-risk patients in a week's time, and two who wait for an earlier visit.

    `p1` has a phone and an e-mail address, `p2` a phone, `silent` has not agreed to be written to.
    """
    now = clock.now()
    hmo = Hmo(now)
    for patient in ("p1", "p2", "silent"):
        hmo.regular(patient, 3, coming=7)
    for patient in ("w1", "w2"):
        hmo.regular(patient, 0, coming=60)
    hmo.load(store)
    noa = join(store, Role.MANAGER, 2, "Noa", now)
    phones = {"p1": "052-555 0101", "p2": "+972525550102", "w1": "0525550103", "w2": "0525550104"}

    def reach(session: Session) -> None:
        for patient, phone in phones.items():
            row = session.exec(select(Patient).where(Patient.external_id == patient)).one()
            row.phone, row.consent = phone, True
            row.email = "p1@mail.example" if patient == "p1" else None

    store.write_now(reach)
    return Course(store, clock, noa, house(), hmo)
