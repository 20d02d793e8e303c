"""Decisions about single appointments, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.criteria import Criteria, Selection
from domain.criteria import select as select_criteria
from domain.people import Member, Refused, Role
from domain.transfers import Barrier, Kind, State
from storage import actions, counters, outbox, proposals
from storage.actions import Outcome
from storage.efficiency import efficiency
from storage.store import Store
from storage.tables import Appointment, AuditEntry, Patient, Push
from tests.hmo import HOUSE, Hmo, join

THRESHOLD = HOUSE.threshold


@pytest.fixture
def hmo(store: Store, clock: HandClock) -> Hmo:
    hmo = Hmo(clock.now())
    hmo.regular("p1", 3)
    hmo.regular("p2", 2, coming=2)
    hmo.regular("p3", 0)
    hmo.regular("p4", 2, department="Dermatology")
    hmo.load(store)
    return hmo


@pytest.fixture
def staff(store: Store, hmo: Hmo) -> Member:
    return join(store, Role.STAFF, 1, "Dana", hmo.now)


@pytest.fixture
def manager(store: Store, hmo: Hmo) -> Member:
    return join(store, Role.MANAGER, 2, "Noa", hmo.now)


@pytest.fixture
def other(store: Store, hmo: Hmo) -> Member:
    return join(store, Role.MANAGER, 3, "Avi", hmo.now, ("Cardiology",))


def test_a_proposal_waits_for_every_manager_of_the_department(
    store: Store, clock: HandClock, staff: Member, manager: Member, other: Member
) -> None:
    outcome = propose(store, staff, "p1", clock)
    assert outcome.barrier is None
    assert outcome.action is not None
    assert outcome.action.state is State.PROPOSED
    propose(store, staff, "p4", clock)
    due = store.write_now(outbox.claim_due, clock.now(), 10, ())
    assert {push.member.name for push in due} == {"Noa", "Avi"}
    waits_for = {
        member.name: store.read_now(proposals.waiting, member, clock.now(), 0, 9).total
        for member in (manager, other)
    }
    assert waits_for == {"Noa": 2, "Avi": 1}


def test_authorising_moves_the_efficiency_gain_and_undoing_moves_it_back(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    proposed = propose(store, staff, "p1", clock)
    assert gain(store, manager, clock) == (0, 4)
    done = authorize(store, manager, proposed, clock)
    assert done.barrier is None
    assert gain(store, manager, clock) == (1, 4)
    assert done.action is not None
    undone = store.write_now(actions.undo, manager, done.action.id, clock.now())
    assert undone.action is not None
    assert undone.action.state is State.REVOKED
    assert gain(store, manager, clock) == (0, 4)
    assert store.read_now(counters.verify) == []


def test_two_managers_at_once_make_one_decision_and_the_second_is_told_of_it(
    store: Store, clock: HandClock, staff: Member, manager: Member, other: Member
) -> None:
    proposed = propose(store, staff, "p1", clock)
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(
            pool.map(lambda member: authorize(store, member, proposed, clock), (manager, other))
        )
    assert sorted(outcome.barrier is None for outcome in outcomes) == [False, True]
    late = next(outcome for outcome in outcomes if outcome.barrier)
    assert late.barrier is Barrier.ALREADY
    assert late.action is not None
    assert late.action.decided_by in {"Noa", "Avi"}
    assert audited(store, "authorize") == 1
    assert gain(store, manager, clock) == (1, 4)


def test_twenty_presses_of_one_button_make_one_decision(
    store: Store, clock: HandClock, manager: Member
) -> None:
    key = appointment(store, "p1")

    def press(_: int) -> Outcome:
        return store.write_now(
            actions.authorize_directly, manager, key, Kind.TRANSFER, clock.now(), THRESHOLD
        )

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(press, range(20)))
    assert sum(outcome.barrier is None for outcome in outcomes) == 1
    assert gain(store, manager, clock) == (1, 4)
    assert store.read_now(counters.verify) == []


def test_a_declined_appointment_may_be_proposed_anew(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    first = propose(store, staff, "p1", clock)
    assert first.action is not None
    declined = store.write_now(actions.decline, manager, first.action.id, clock.now(), "not now")
    assert declined.action is not None
    assert (declined.action.state, declined.action.reason) == (State.DECLINED, "not now")
    assert propose(store, staff, "p1", clock).barrier is None
    assert store.read_now(counters.verify) == []


def test_an_old_button_does_not_authorise_what_was_declined_or_undone(
    store: Store, clock: HandClock, staff: Member, manager: Member, other: Member
) -> None:
    proposed = propose(store, staff, "p1", clock)
    assert proposed.action is not None
    store.write_now(actions.decline, manager, proposed.action.id, clock.now())
    late = authorize(store, other, proposed, clock)
    assert late.barrier is Barrier.ALREADY
    assert late.action is not None
    assert (late.action.state, late.action.decided_by) == (State.DECLINED, "Noa")
    again = propose(store, staff, "p1", clock)
    authorize(store, manager, again, clock)
    assert again.action is not None
    store.write_now(actions.undo, manager, again.action.id, clock.now())
    assert authorize(store, other, again, clock).barrier is Barrier.ALREADY
    assert gain(store, manager, clock) == (0, 4)
    assert store.read_now(counters.verify) == []


def test_a_call_and_a_transfer_count_as_one_actioned_slot(
    store: Store, clock: HandClock, manager: Member
) -> None:
    key = appointment(store, "p1")
    for kind in Kind:
        store.write_now(actions.authorize_directly, manager, key, kind, clock.now(), THRESHOLD)
    assert gain(store, manager, clock) == (1, 4)


def test_undo_is_for_who_decided_and_for_ten_minutes(
    store: Store, clock: HandClock, staff: Member, manager: Member, other: Member
) -> None:
    done = authorize(store, manager, propose(store, staff, "p1", clock), clock)
    assert done.action is not None
    barred = store.write_now(actions.undo, other, done.action.id, clock.now())
    assert barred.barrier is Barrier.NOT_YOURS
    clock.move(timedelta(minutes=10, seconds=1))
    barred = store.write_now(actions.undo, manager, done.action.id, clock.now())
    assert barred.barrier is Barrier.TOO_LATE


@pytest.mark.parametrize(
    ("patient", "later", "barrier"),
    [
        ("p3", timedelta(), Barrier.NOT_HIGH_RISK),
        ("p1", timedelta(days=2), Barrier.STARTED),
    ],
)
def test_only_open_appointments_are_acted_on(
    store: Store,
    clock: HandClock,
    staff: Member,
    patient: str,
    later: timedelta,
    barrier: Barrier,
) -> None:
    clock.move(later)
    assert propose(store, staff, patient, clock) == Outcome(None, barrier)


def test_staff_cannot_decide_and_managers_decide_in_their_departments_only(
    store: Store, clock: HandClock, staff: Member, manager: Member, other: Member
) -> None:
    proposed = propose(store, staff, "p4", clock)
    for member in (staff, other):
        with pytest.raises(Refused) as refusal:
            authorize(store, member, proposed, clock)
        assert refusal.value.department == "Dermatology"
    assert gain(store, manager, clock) == (0, 4)


def test_the_proposer_is_told_silently_and_once(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    proposed = propose(store, staff, "p1", clock)
    authorize(store, manager, proposed, clock)
    authorize(store, manager, proposed, clock)

    def told(session: Session) -> list[tuple[str, bool]]:
        rows = session.execute(
            select(col(Push.address), col(Push.silent)).where(col(Push.member_id) == staff.id)
        )
        return [(address, silent) for address, silent in rows]

    assert proposed.action is not None
    assert store.read_now(told) == [(f"told:{proposed.action.id}", True)]


def test_a_note_goes_on_the_members_own_waiting_proposal_only(
    store: Store, clock: HandClock, staff: Member, manager: Member
) -> None:
    propose(store, staff, "p1", clock)
    key = appointment(store, "p1")
    assert store.write_now(actions.add_note, staff, key, "no answer twice", clock.now())
    assert not store.write_now(actions.add_note, manager, key, "mine", clock.now())
    (found,) = store.read_now(proposals.actions_about, key)
    assert found.note == "no answer twice"


def propose(store: Store, member: Member, patient: str, clock: HandClock) -> Outcome:
    key = appointment(store, patient)
    return store.write_now(actions.propose, member, key, Kind.TRANSFER, clock.now(), THRESHOLD)


def authorize(store: Store, member: Member, proposed: Outcome, clock: HandClock) -> Outcome:
    assert proposed.action is not None
    return store.write_now(actions.authorize, member, proposed.action.id, clock.now(), THRESHOLD)


def appointment(store: Store, patient: str) -> int:
    def work(session: Session) -> int:
        found = session.scalar(
            select(col(Appointment.id))
            .join(Patient, col(Patient.id) == col(Appointment.patient_id))
            .where(col(Patient.external_id) == patient, col(Appointment.status) == "booked")
        )
        assert found is not None
        return found

    return store.read_now(work)


def gain(store: Store, member: Member, clock: HandClock) -> tuple[int, int]:
    selection: Selection = select_criteria(Criteria(), member, HOUSE, clock.now())
    figure = store.read_now(efficiency, selection)
    return figure.actioned, figure.scheduled


def audited(store: Store, event: str) -> int:
    def work(session: Session) -> int:
        counted = select(func.count()).where(col(AuditEntry.event) == event)
        return session.scalar(counted) or 0

    return store.read_now(work)
