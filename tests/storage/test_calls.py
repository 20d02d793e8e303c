"""Calls on both databases: what is noted, what it does to the slot, and how it is undone."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from domain.backfills import Release, Stage
from domain.calls import CallBarrier, CallOutcome
from domain.clock import HandClock
from domain.criteria import Criteria
from domain.criteria import select as select_criteria
from domain.people import Member, Refused, Role
from domain.statuses import Status
from domain.transfers import Barrier, Kind, State
from storage import actions, backfills, batches, calls, counters, outbox, proposals
from storage.actions import Outcome
from storage.batch_views import batch_view
from storage.calls import CallView, Noted
from storage.efficiency import efficiency, figures_version
from storage.proposals import ActionView
from storage.store import Store
from storage.tables import Appointment, AuditEntry, BackfillRow, Patient, key_of
from tests.courses import accepted
from tests.hmo import HOUSE, Hmo, join

THRESHOLD = HOUSE.threshold
CONFIRMED, CANCELS = CallOutcome.CONFIRMED, CallOutcome.CANCELS
NO_ANSWER, WRONG_NUMBER = CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER


@dataclass
class Clinic:
    """A store with three people, and short words for what they do."""

    store: Store
    clock: HandClock
    dana: Member
    noa: Member
    avi: Member

    def says(self, patient: str, outcome: CallOutcome, by: Member | None = None) -> Noted:
        work, now = calls.record_call, self.clock.now()
        key = key_of(self.appointment(patient))
        return self.store.write_now(work, by or self.dana, key, outcome, now, THRESHOLD)

    def undo(self, call: CallView, by: Member | None = None) -> Noted:
        return self.store.write_now(calls.undo_call, by or self.dana, call.id, self.clock.now())

    def calls(self, patient: str) -> list[CallView]:
        return self.store.read_now(calls.calls_about, key_of(self.appointment(patient)))

    def actions(self, patient: str) -> list[ActionView]:
        return self.store.read_now(proposals.actions_about, key_of(self.appointment(patient)))

    def authorize(self, action: ActionView) -> Outcome:
        now = self.clock.now()
        return self.store.write_now(actions.authorize, self.noa, action.id, now, THRESHOLD)

    def authorize_directly(self, patient: str) -> None:
        about = (key_of(self.appointment(patient)), Kind.TRANSFER)
        now = self.clock.now()
        self.store.write_now(actions.authorize_directly, self.noa, *about, now, THRESHOLD)
        self.clock.move(timedelta(minutes=1))

    def backfill(self, patient: str) -> BackfillRow:
        about = key_of(self.appointment(patient))
        found = self.store.read_now(backfills.of_appointment, about)
        assert found is not None
        return found

    def fill(self, patient: str) -> None:
        """A waiting patient accepts the slot."""
        self.store.write_now(accepted, key_of(self.backfill(patient)), self.clock.now())

    def appointment(self, patient: str) -> Appointment:
        """The one that comes."""

        def work(session: Session) -> Appointment:
            coming = select(Appointment).join(Patient).where(Patient.external_id == patient)
            return session.exec(coming.order_by(col(Appointment.start).desc())).first()  # type: ignore[return-value]

        return self.store.read_now(work)

    def waiting(self) -> int:
        return self.store.read_now(proposals.waiting, self.noa, self.clock.now(), 0, 9).total

    def figure(self) -> tuple[int, int]:
        selection = select_criteria(Criteria(), self.noa, HOUSE, self.clock.now())
        found = self.store.read_now(efficiency, selection)
        return found.actioned, found.scheduled

    def audited(self, event: str) -> int:
        entries = select(AuditEntry).where(AuditEntry.event == event)
        return len(self.store.read_now(lambda session: session.exec(entries).all()))


@pytest.fixture
def clinic(store: Store, clock: HandClock) -> Clinic:
    now = clock.now()
    hmo = Hmo(now)
    hmo.regular("p1", 3)
    hmo.regular("p2", 2, coming=2)
    hmo.regular("steady", 0)
    hmo.regular("p4", 2, department="Dermatology")
    hmo.load(store)
    return Clinic(
        store,
        clock,
        join(store, Role.STAFF, 1, "Dana", now),
        join(store, Role.MANAGER, 2, "Noa", now),
        join(store, Role.MANAGER, 3, "Avi", now, ("Cardiology",)),
    )


def test_who_noted_what_when_is_kept_in_order(clinic: Clinic) -> None:
    clinic.says("p1", NO_ANSWER)
    clinic.clock.move(timedelta(minutes=20))
    clinic.says("p1", CONFIRMED, clinic.noa)
    assert [(call.by, call.outcome) for call in clinic.calls("p1")] == [
        ("Dana", NO_ANSWER),
        ("Noa", CONFIRMED),
    ]
    assert clinic.audited("call") == 2
    assert clinic.appointment("p1").status is Status.BOOKED


def test_a_double_press_notes_one_call_and_a_later_press_another(clinic: Clinic) -> None:
    with ThreadPoolExecutor(6) as pool:
        noted = list(pool.map(lambda _: clinic.says("p1", NO_ANSWER), range(6)))
    assert not any(each.barrier for each in noted)
    assert len(clinic.calls("p1")) == 1
    clinic.says("p1", NO_ANSWER, clinic.noa)
    clinic.clock.move(timedelta(minutes=2))
    clinic.says("p1", NO_ANSWER)
    assert len(clinic.calls("p1")) == 3


def test_a_patient_who_cancels_frees_the_slot_and_managers_are_offered_it(clinic: Clinic) -> None:
    assert clinic.figure() == (0, 4)
    with ThreadPoolExecutor(4) as pool:
        noted = list(pool.map(lambda _: clinic.says("p1", CANCELS), range(4)))
    assert sorted(each.told for each in noted) == [0, 0, 0, 2]
    slot = clinic.appointment("p1")
    assert (slot.status, slot.released_at) == (Status.CANCELLED, clinic.clock.now())
    (proposal,) = clinic.actions("p1")
    assert (proposal.kind, proposal.state, proposal.note) == (
        Kind.TRANSFER,
        State.PROPOSED,
        "patient cancelled by phone",
    )
    due = clinic.store.write_now(outbox.claim_due, clinic.clock.now(), 9, ())
    assert {push.member.name for push in due} == {"Noa", "Avi"}
    assert clinic.waiting() == 1
    assert clinic.figure() == (0, 3)
    assert clinic.store.read_now(counters.verify) == []


def test_a_freed_slot_is_authorised_singly_and_adds_nothing_to_the_gain(clinic: Clinic) -> None:
    clinic.says("p1", CANCELS)
    (proposal,) = clinic.actions("p1")
    done = clinic.authorize(proposal)
    assert done.barrier is None
    assert (clinic.figure(), clinic.waiting()) == ((0, 3), 0)
    undone = clinic.store.write_now(actions.undo, clinic.noa, proposal.id, clinic.clock.now())
    assert undone.barrier is None
    assert clinic.figure() == (0, 3)
    assert clinic.store.read_now(counters.verify) == []


def test_a_freed_slot_is_authorised_in_a_batch_and_adds_nothing_to_the_gain(
    clinic: Clinic,
) -> None:
    store, now = clinic.store, clinic.clock.now()
    clinic.says("p1", CANCELS)
    other = key_of(clinic.appointment("p2"))
    store.write_now(actions.propose, clinic.dana, other, Kind.TRANSFER, now, THRESHOLD)
    batch = store.write_now(batches.draft_from_waiting, clinic.noa, "pending:0", now)
    month = select_criteria(Criteria(30), clinic.noa, HOUSE, now)
    asked = store.read_now(batch_view, batch, month)
    assert asked is not None
    assert (asked.size, asked.after.actioned) == (2, 1)
    assert store.write_now(batches.confirm, clinic.noa, batch, now, THRESHOLD)
    done = store.read_now(batch_view, batch, month)
    assert done is not None
    assert (done.done, done.left_out_total) == (2, 0)
    assert (clinic.figure(), clinic.waiting()) == ((1, 3), 0)
    assert store.read_now(counters.verify) == []
    assert store.write_now(batches.undo, clinic.noa, batch, now) is None
    assert clinic.figure() == (0, 3)
    assert store.read_now(counters.verify) == []


def test_undoing_a_batch_of_a_freed_slot_alone_renews_the_messages_that_show_it(
    clinic: Clinic,
) -> None:
    store, now = clinic.store, clinic.clock.now()
    clinic.says("p1", CANCELS)
    batch = store.write_now(batches.draft_from_waiting, clinic.noa, "pending:0", now)
    assert store.write_now(batches.confirm, clinic.noa, batch, now, THRESHOLD)
    department = clinic.appointment("p1").department_id
    before = store.read_now(figures_version, department)
    assert store.write_now(batches.undo, clinic.noa, batch, now) is None
    assert store.read_now(figures_version, department) == before + 1


def test_what_is_freed_while_a_batch_asks_is_authorised_with_it(clinic: Clinic) -> None:
    store, now = clinic.store, clinic.clock.now()
    week = select_criteria(Criteria(), clinic.noa, HOUSE, now)
    batch = store.write_now(batches.draft_from_list, clinic.noa, "risk:7.-.-:0", week, now)
    clinic.says("p1", CANCELS)
    assert store.write_now(batches.confirm, clinic.noa, batch, now, THRESHOLD)
    assert [action.state for action in clinic.actions("p1")] == [State.AUTHORIZED]
    assert clinic.figure() == (2, 3)
    assert store.read_now(counters.verify) == []


def test_a_freed_slot_is_closed_for_a_call_and_once_it_has_started(clinic: Clinic) -> None:
    clinic.says("p1", CANCELS)
    key = key_of(clinic.appointment("p1"))
    act, now = actions.authorize_directly, clinic.clock.now()
    call = clinic.store.write_now(act, clinic.noa, key, Kind.PROACTIVE, now, THRESHOLD)
    assert call.barrier is Barrier.NOT_BOOKED
    clinic.clock.move(timedelta(days=1))
    assert clinic.waiting() == 0
    assert clinic.authorize(clinic.actions("p1")[0]).barrier is Barrier.STARTED


def test_any_patient_may_cancel_by_phone_high_risk_or_not(clinic: Clinic) -> None:
    assert clinic.says("steady", CANCELS).told == 2
    assert clinic.authorize(clinic.actions("steady")[0]).barrier is None
    assert clinic.store.read_now(counters.verify) == []


def test_what_was_proposed_before_is_what_managers_decide_on(clinic: Clinic) -> None:
    now, key = clinic.clock.now(), key_of(clinic.appointment("p1"))
    clinic.store.write_now(actions.propose, clinic.noa, key, Kind.TRANSFER, now, THRESHOLD)
    assert clinic.says("p1", CANCELS).told == 0
    (proposal,) = clinic.actions("p1")
    assert proposal.note is None
    assert clinic.undo(clinic.calls("p1")[0]).barrier is None
    assert [action.state for action in clinic.actions("p1")] == [State.PROPOSED]


def test_who_noted_a_cancellation_in_error_undoes_it_and_the_proposal_falls(
    clinic: Clinic,
) -> None:
    clinic.says("p1", CANCELS)
    (call,) = clinic.calls("p1")
    assert clinic.undo(call, clinic.noa).barrier is CallBarrier.NOT_YOURS
    assert clinic.undo(call).barrier is None
    assert clinic.undo(call).barrier is CallBarrier.UNDONE
    slot = clinic.appointment("p1")
    assert (slot.status, slot.released_at, slot.action_state) == (Status.BOOKED, None, None)
    assert [action.state for action in clinic.actions("p1")] == [State.REVOKED]
    assert (clinic.figure(), clinic.waiting(), clinic.audited("undo call")) == ((0, 4), 0, 1)
    assert clinic.store.read_now(counters.verify) == []


def test_a_call_cannot_be_undone_late_or_after_a_manager_has_decided(clinic: Clinic) -> None:
    clinic.says("p1", CANCELS)
    clinic.authorize(clinic.actions("p1")[0])
    assert clinic.undo(clinic.calls("p1")[0]).barrier is CallBarrier.DECIDED
    clinic.says("p2", NO_ANSWER)
    clinic.clock.move(timedelta(minutes=10, seconds=1))
    assert clinic.undo(clinic.calls("p2")[0]).barrier is CallBarrier.TOO_LATE


def test_a_patient_who_takes_the_slot_back_is_booked_again(clinic: Clinic) -> None:
    clinic.says("p1", CANCELS)
    clinic.clock.move(timedelta(hours=1))
    assert clinic.says("p1", NO_ANSWER, clinic.noa).barrier is CallBarrier.GIVEN_BACK
    assert clinic.says("p1", CONFIRMED, clinic.noa).barrier is None
    slot = clinic.appointment("p1")
    assert (slot.status, slot.released_at) == (Status.BOOKED, None)
    assert clinic.waiting() == 0
    in_force = [call.outcome for call in clinic.calls("p1") if call.undone_at is None]
    assert (len(clinic.calls("p1")), in_force) == (2, [CONFIRMED])
    assert clinic.says("p1", CANCELS).told == 2
    assert clinic.store.read_now(counters.verify) == []


def test_a_slot_whose_transfer_is_authorised_is_taken_back_while_nobody_has_it(
    clinic: Clinic,
) -> None:
    clinic.says("p1", CANCELS)
    clinic.authorize(clinic.actions("p1")[0])
    clinic.clock.move(timedelta(hours=1))
    assert clinic.says("p1", CONFIRMED).barrier is None
    assert clinic.appointment("p1").status is Status.BOOKED
    assert clinic.backfill("p1").stage is Stage.KEPT
    assert clinic.figure() == (1, 4)


def test_a_slot_that_another_patient_has_is_not_taken_back(clinic: Clinic) -> None:
    clinic.says("p1", CANCELS)
    clinic.authorize(clinic.actions("p1")[0])
    clinic.fill("p1")
    assert clinic.undo(clinic.calls("p1")[0]).barrier is CallBarrier.DECIDED
    assert clinic.says("p1", CONFIRMED).barrier is CallBarrier.FILLED
    assert clinic.appointment("p1").status is Status.CANCELLED


def test_who_confirms_by_phone_keeps_an_authorised_slot(clinic: Clinic) -> None:
    clinic.authorize_directly("p1")
    clinic.says("p1", NO_ANSWER)
    assert clinic.backfill("p1").stage is Stage.ASKING
    clinic.says("p1", CONFIRMED)
    assert (clinic.backfill("p1").stage, clinic.backfill("p1").due_at) == (Stage.KEPT, None)


def test_who_cancels_by_phone_releases_an_authorised_slot_without_a_second_proposal(
    clinic: Clinic,
) -> None:
    clinic.authorize_directly("p1")
    noted = clinic.says("p1", CANCELS)
    assert (noted.told, noted.released) == (0, True)
    (action,) = clinic.actions("p1")
    backfill = clinic.backfill("p1")
    assert (action.state, backfill.stage) == (State.AUTHORIZED, Stage.RELEASED)
    assert (backfill.release, backfill.due_at) == (Release.WORD, clinic.clock.now())


def test_a_call_undone_leaves_it_to_a_person_to_ask(clinic: Clinic) -> None:
    clinic.authorize_directly("p1")
    for outcome in (CANCELS, CONFIRMED):
        clinic.says("p1", outcome)
        assert clinic.undo(clinic.calls("p1")[-1]).barrier is None
        assert clinic.appointment("p1").status is Status.BOOKED
        backfill = clinic.backfill("p1")
        assert (backfill.stage, backfill.release) == (Stage.CALLING, None)
    assert clinic.store.read_now(counters.verify) == []


def test_a_call_is_not_undone_once_another_patient_has_the_slot(clinic: Clinic) -> None:
    clinic.authorize_directly("p1")
    clinic.says("p1", CANCELS)
    clinic.fill("p1")
    assert clinic.undo(clinic.calls("p1")[0]).barrier is CallBarrier.FILLED


def test_two_people_who_take_a_slot_back_and_authorise_it_leave_it_with_its_patient(
    clinic: Clinic,
) -> None:
    clinic.says("p1", CANCELS)
    clinic.clock.move(timedelta(hours=1))
    (proposal,) = clinic.actions("p1")
    with ThreadPoolExecutor(2) as pool:
        authorised = pool.submit(clinic.authorize, proposal)
        confirmed = pool.submit(clinic.says, "p1", CONFIRMED)
    assert confirmed.result().barrier is None
    assert clinic.appointment("p1").status is Status.BOOKED
    if authorised.result().barrier is None:
        assert clinic.backfill("p1").stage is Stage.KEPT
    assert clinic.store.read_now(counters.verify) == []


def test_a_proposal_is_withdrawn_by_who_made_it_while_it_waits(clinic: Clinic) -> None:
    store, now, key = clinic.store, clinic.clock.now(), key_of(clinic.appointment("p1"))
    store.write_now(actions.propose, clinic.dana, key, Kind.TRANSFER, now, THRESHOLD)
    (proposal,) = clinic.actions("p1")
    late = store.write_now(actions.withdraw, clinic.noa, proposal.id, now)
    assert late.barrier is Barrier.NOT_PROPOSED_BY_YOU
    assert store.write_now(actions.withdraw, clinic.dana, proposal.id, now).barrier is None
    assert clinic.authorize(proposal).barrier is Barrier.ALREADY
    again = store.write_now(actions.withdraw, clinic.dana, proposal.id, now)
    assert again.barrier is Barrier.ALREADY
    assert (clinic.appointment("p1").action_state, clinic.audited("withdraw")) == (None, 1)


def test_calls_are_noted_by_staff_and_managers_of_the_department_alone(clinic: Clinic) -> None:
    admin = join(clinic.store, Role.ADMIN, 4, "Root", clinic.clock.now())
    for patient, member in (("p4", clinic.avi), ("p1", admin)):
        with pytest.raises(Refused):
            clinic.says(patient, CANCELS, member)
        assert clinic.calls(patient) == []
        assert clinic.appointment(patient).status is Status.BOOKED
