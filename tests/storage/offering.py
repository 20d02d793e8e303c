"""A clinic with free slots and patients who wait, and short words for what they do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlmodel import Session, SQLModel, col

from domain.answers import Answer, Source
from domain.backfills import Release, Step
from domain.balance.plan import Plan
from domain.clock import HandClock
from domain.criteria import House
from domain.notices import Channel, Manners, NoticeKind, NoticeState
from domain.offers import OfferBarrier, OfferState
from domain.people import Member, Role
from domain.policies import Silence
from domain.transfers import Kind
from domain.waiting import WaitState
from storage import actions, answers, backfills, balance, counters, offers, slot_steps
from storage.offers import OfferView
from storage.store import Store
from storage.tables import (
    Appointment,
    BackfillRow,
    Department,
    Notice,
    OfferRow,
    Patient,
    PolicyRow,
    Waiting,
    key_of,
)
from tests.hmo import HOUSE, Hmo, join

SMS: Final = replace(HOUSE, manners=Manners(frozenset({Channel.SMS})))
EVERYWHERE: Final[frozenset[int]] = frozenset()


@dataclass
class Clinic:
    """A store, a manager, and patients by the ids of the feed."""

    store: Store
    clock: HandClock
    noa: Member
    house: House = SMS

    def authorized(self, patient: str) -> int:
        """Authorise the transfer of a patient's coming slot; the backfill that follows it."""

        def work(session: Session) -> int:
            key, now = key_of(self._coming(session, patient)), self.clock.now()
            done = actions.authorize_directly(session, self.noa, key, Kind.TRANSFER, now, 2)
            assert done.barrier is None
            found = backfills.open_of(session, key)
            assert found
            return key_of(found)

        return self.store.write_now(work)

    def given_back(self, patient: str) -> int:
        """A slot that its patient gave back after the transfer was authorised."""
        key = self.authorized(patient)
        said = (self.backfill(key).appointment_id, Answer.CANCEL, Source.PAGE)
        self.store.write_now(answers.answer_visit, *said, self.house, self.clock.now())
        return key

    def let_go(self, patient: str) -> int:
        """A slot whose patient was asked and stayed silent: it is still theirs."""
        key, now = self.authorized(patient), self.clock.now()

        def work(session: Session) -> None:
            backfill, slot = backfills.locked(session, key)
            asked = session.get_one(Patient, slot.patient_id)
            asked.consent, asked.phone = True, _phone(patient)
            silent = {"release": Release.SILENCE, "released_at": now}
            backfills.move(session, backfill, Step.LET_GO, now, due_at=now, **silent)

        self.store.write_now(work)
        return key

    def waits(self, patient: str, department: str = "Cardiology", **facts: Any) -> int:
        """A patient on the waitlist who can be written to; the place on it."""

        def work(session: Session) -> int:
            about = col(Patient.external_id) == patient
            known = session.scalar(select(Patient).where(about))
            known = known or Patient(external_id=patient, reference=f"P-{patient}"[:10])
            known.consent, known.phone = True, known.phone or _phone(patient)
            session.add(known)
            session.flush()
            usual: dict[str, Any] = {"urgency": 3, "notice_hours": 0, "state": WaitState.WAITING}
            of = select(col(Department.id)).where(col(Department.name) == department)
            usual["external_id"] = f"W-{patient}-{department}"
            row = Waiting(
                patient_id=key_of(known),
                department_id=session.scalar(of),
                since=self.clock.now() - timedelta(days=10),
                **(usual | facts),
            )
            session.add(row)
            session.flush()
            return key_of(row)

        return self.store.write_now(work)

    def automatic(self, department_id: int = 1) -> None:
        def work(session: Session) -> None:
            settled = PolicyRow(
                department_id=department_id,
                deadline_hours=48,
                silence=Silence.CALL,
                automatic=True,
            )
            session.add(settled)

        self.store.write_now(work)

    def change(self, model: type[SQLModel], key: int | None = None, **values: Any) -> None:
        """Set columns of one row, or of all."""
        which = [model.id == key] if key else []  # type: ignore[attr-defined]
        self.store.write_now(
            lambda session: session.execute(update(model).where(*which).values(**values))
        )

    def send(self, backfill: int, waiting: Sequence[int]) -> list[int]:
        """Offer a slot; the offers that are open afterwards, by rank."""
        self.store.write_now(offers.send, backfill, waiting, self.house, self.clock.now())
        return [key_of(offer) for offer in self.offers(backfill) if offer.state is OfferState.OPEN]

    def reached(self) -> None:
        """All notices that wait have reached their patients."""
        self.change(Notice, state=NoticeState.SENT)

    def fails(self, notice: int) -> None:
        """A notice turns out to be undeliverable."""
        self.change(Notice, notice, state=NoticeState.FAILED)
        now = self.clock.now()
        self.store.write_now(slot_steps.undeliverable, notice, self.house, now)

    def accepts(self, offer: int) -> OfferBarrier | None:
        return self.store.write_now(offers.accept, offer, self.house, self.clock.now()).barrier

    def declines(self, offer: int) -> OfferBarrier | None:
        return self.store.write_now(offers.decline, offer, self.house, self.clock.now()).barrier

    def step(self) -> None:
        """Do all that is due now, as the job does."""
        for _ in range(20):
            due = self.store.read_now(backfills.due, self.clock.now(), 50)
            if not due:
                return
            for key in due:
                self.store.write_now(slot_steps.step, key, self.house, self.clock.now())
        raise AssertionError(f"{due} stay due")

    def plan(self, *, confirmed: bool = False) -> Plan:
        now = self.clock.now()
        return self.store.read_now(balance.plan, EVERYWHERE, self.house, now, confirmed=confirmed)

    def look(self, offer: int) -> OfferView:
        return self.store.read_now(offers.look, offer)

    def backfill(self, key: int) -> BackfillRow:
        return self.store.read_now(lambda session: session.get_one(BackfillRow, key))

    def slot(self, backfill: int) -> Appointment:
        return self.appointment(self.backfill(backfill).appointment_id)

    def appointment(self, key: int) -> Appointment:
        return self.store.read_now(lambda session: session.get_one(Appointment, key))

    def coming(self, patient: str) -> Appointment:
        """A patient's last appointment."""
        return self.store.read_now(self._coming, patient)

    def offers(self, backfill: int) -> list[OfferRow]:
        wanted = select(OfferRow).where(col(OfferRow.backfill_id) == backfill)
        return self.all(wanted.order_by(col(OfferRow.wave), col(OfferRow.rank)))

    def told(self, kind: NoticeKind) -> list[str]:
        """The patients to whom a kind of notice was written and not dropped, in order."""
        wanted = (
            select(col(Patient.external_id))
            .join(Notice, col(Notice.patient_id) == col(Patient.id))
            .where(col(Notice.kind) == kind, col(Notice.state) != NoticeState.DROPPED)
        )
        return self.all(wanted.order_by(col(Notice.id)))

    def all(self, wanted: Any) -> list[Any]:
        return self.store.read_now(lambda session: list(session.scalars(wanted)))

    def number(self, model: type[SQLModel]) -> int:
        return int(self.all(select(func.count()).select_from(model))[0])

    def is_true(self) -> bool:
        return self.store.read_now(counters.verify) == []

    def _coming(self, session: Session, patient: str) -> Appointment:
        wanted = (
            select(Appointment)
            .join(Patient, col(Patient.id) == col(Appointment.patient_id))
            .where(col(Patient.external_id) == patient)
            .order_by(col(Appointment.start).desc(), col(Appointment.id).desc())
        )
        found = session.scalars(wanted).first()
        assert found
        return found


def _phone(patient: str) -> str:
    """One of their own for each."""
    return f"+97250{int.from_bytes(sha256(patient.encode()).digest()[:3]) % 10**7:07}"


def a_clinic(store: Store, clock: HandClock, hmo: Hmo) -> Clinic:
    """A clinic of the HMO's schedule, and its manager."""
    hmo.load(store)
    return Clinic(store, clock, join(store, Role.MANAGER, 2, "Noa", clock.now()))


def a_small_clinic(store: Store, clock: HandClock) -> Clinic:
    """Three slots at risk in Cardiology in 4, 5 and 6 days, one in Dermatology, later visits."""
    hmo = Hmo(clock.now())
    for number in (1, 2, 3):
        hmo.regular(f"p{number}", 3, coming=3 + number)
    hmo.regular("d1", 2, coming=4, department="Dermatology")
    hmo.regular("early", 0, coming=1)
    hmo.regular("late", 0, coming=20)
    return a_clinic(store, clock, hmo)
