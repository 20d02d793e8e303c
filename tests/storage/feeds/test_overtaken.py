"""What is under way about a slot, and a feed that gives it to somebody else, moves or fills it."""

from datetime import timedelta

import pytest
from sqlmodel import select

from domain.answers import Answer
from domain.backfills import Stage
from domain.calls import CallOutcome
from domain.clock import HandClock
from domain.notices import NoticeKind
from domain.offers import OfferBarrier
from domain.statuses import Status
from domain.transfers import State
from storage import calls, counters
from storage.feeds.overtaken import OVERTAKEN
from storage.free_slots import free_slots
from storage.store import Store
from storage.tables import Appointment, BackfillRow, Push, key_of
from tests.courses import Course, begin
from tests.hmo import Hmo
from tests.storage.offering import EVERYWHERE, Clinic, a_clinic

DAY = timedelta(days=1)


@pytest.fixture
def course(store: Store, clock: HandClock) -> Course:
    """A patient who was asked whether they come, in a week's time."""
    course = begin(store, clock)
    course.authorize("p1")
    course.work()
    course.deliver()
    return course


def changed(course: Course, **cells: str) -> BackfillRow:
    """The HMO changes the row of p1's visit; the visit's backfill afterwards."""
    backfill = course.backfill("p1")
    row = next(it for it in reversed(course.hmo.rows) if it["patient_id"] == "p1")
    row.update(cells)
    course.hmo.load(course.store, course.clock.now())
    assert course.store.read_now(counters.verify) == []
    return course.store.read_now(lambda session: session.get_one(BackfillRow, key_of(backfill)))


@pytest.mark.parametrize("cells", [{"patient_id": "w1"}, {"department": "Dermatology"}])
def test_a_visit_of_another_patient_or_department_is_not_followed_on(
    course: Course, cells: dict[str, str]
) -> None:
    assert changed(course, **cells).stage is Stage.OVER


def test_what_one_patient_gave_back_is_booked_for_another_if_the_hmo_says_so(
    course: Course,
) -> None:
    course.says("p1", Answer.CANCEL)
    key = changed(course, patient_id="w1").appointment_id
    slot = course.store.read_now(lambda session: session.get_one(Appointment, key))
    assert (slot.status, slot.released_at) == (Status.BOOKED, None)


@pytest.mark.parametrize("outcome", [CallOutcome.CANCELS, CallOutcome.CONFIRMED])
def test_what_one_patient_said_by_phone_does_not_hold_for_another(
    course: Course, outcome: CallOutcome
) -> None:
    key, now = key_of(course.visit("p1")), course.clock.now()
    course.store.write_now(calls.record_call, course.noa, key, outcome, now, 2)
    changed(course, patient_id="w1", status="cancelled")
    assert course.store.read_now(calls.calls_in_force, [key]) == {}


def test_the_transfer_of_a_visit_that_the_hmo_moves_is_revoked_and_can_be_made_anew(
    course: Course,
) -> None:
    later = (course.visit("p1").start + DAY).isoformat()
    assert changed(course, start=later).stage is Stage.OVER
    (action,) = course.actions("p1")
    assert (action.state, action.reason) == (State.REVOKED, OVERTAKEN)
    assert course.visit("p1").action_state is None
    told = course.store.read_now(lambda session: session.exec(select(Push.key)).all())
    assert f"told:{action.id}:{State.REVOKED}:{course.noa.id}" in told
    assert course.authorize("p1").barrier is None
    assert course.backfill("p1").stage is Stage.ASKING


@pytest.fixture
def offered(store: Store, clock: HandClock) -> tuple[Clinic, Hmo, int]:
    """A slot of p1, overbooked with p2, that p1 gave back and that somebody waiting knows of."""
    hmo = Hmo(clock.now())
    for patient in ("p1", "p2"):
        hmo.regular(patient, 3, coming=4)
    hmo.visit("late", 20, key="LATER")
    clinic = a_clinic(store, clock, hmo)
    backfill = clinic.given_back("p1")
    clinic.send(backfill, [clinic.waits("late")])
    clinic.reached()
    return clinic, hmo, backfill


def test_a_slot_that_the_hmo_fills_itself_is_offered_no_longer(
    offered: tuple[Clinic, Hmo, int],
) -> None:
    clinic, hmo, backfill = offered
    hmo.visit("other", 4, key="OTHER")
    hmo.load(clinic.store, clinic.clock.now())
    clinic.step()
    (offer,) = clinic.offers(backfill)
    assert clinic.accepts(key_of(offer)) is OfferBarrier.WITHDRAWN
    assert clinic.backfill(backfill).stage is Stage.OVER
    assert clinic.told(NoticeKind.GONE) == ["late"]


def test_who_was_there_before_and_whom_we_book_there_take_no_other_slot(
    offered: tuple[Clinic, Hmo, int],
) -> None:
    clinic, hmo, backfill = offered
    (offer,) = clinic.offers(backfill)
    other = clinic.given_back("p2")
    hmo.load(clinic.store, clinic.clock.now())
    assert clinic.accepts(key_of(offer)) is None
    hmo.visit("late", 4, key="ADOPTED")
    hmo.load(clinic.store, clinic.clock.now())
    assert clinic.backfill(other).stage is Stage.RELEASED
    free = clinic.store.read_now(free_slots, EVERYWHERE, clinic.house, clinic.clock.now())
    assert [slot.backfill_id for slot in free] == [other]


def test_who_is_booked_elsewhere_at_that_time_cannot_accept(
    offered: tuple[Clinic, Hmo, int],
) -> None:
    clinic, hmo, backfill = offered
    hmo.visit("late", 4, key="ELSEWHERE", department="Dermatology")
    hmo.load(clinic.store, clinic.clock.now())
    (offer,) = clinic.offers(backfill)
    assert clinic.accepts(key_of(offer)) is OfferBarrier.WITHDRAWN
    assert clinic.backfill(backfill).stage is Stage.OFFERING
