"""Answers on both databases: what a patient's word does to the slot, by whatever way it comes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import col, select

from domain.answers import Answer, Holds
from domain.backfills import Release, Stage
from domain.calls import CallBarrier, CallOutcome
from domain.clock import HandClock
from domain.notices import NoticeKind, NoticeState
from domain.offers import OfferState
from domain.policies import Policy, Silence
from domain.statuses import Status
from domain.transfers import Barrier, State
from storage import actions, answers, asking, calls, counters, to_confirm
from storage.store import Store
from storage.tables import OfferRow, key_of
from storage.to_confirm import Why
from tests.courses import Course, begin

CONFIRM, CANCEL, CALL_ME = Answer.CONFIRM, Answer.CANCEL, Answer.CALL_ME
DAY = timedelta(days=1)
P1, P2 = "+972525550101", "+972525550102"


@pytest.fixture
def course(store: Store, clock: HandClock) -> Course:
    return begin(store, clock)


@pytest.fixture
def asked(course: Course) -> Course:
    """`p1` was asked about an authorised slot, and has the question."""
    course.authorize("p1")
    course.work()
    course.deliver()
    return course


def stage(course: Course, patient: str = "p1") -> Stage:
    return course.backfill(patient).stage


def is_true(course: Course) -> bool:
    return course.store.read_now(counters.verify) == []


def test_who_confirms_keeps_the_slot_and_is_asked_no_more(asked: Course) -> None:
    told = asked.says("p1", CONFIRM)
    assert (told.holds, told.changed) == (Holds.COMING, True)
    assert (stage(asked), asked.backfill("p1").due_at) == (Stage.KEPT, None)
    assert asked.visit("p1").action_state is State.AUTHORIZED


def test_who_gives_an_authorised_slot_back_releases_it_at_once(asked: Course) -> None:
    assert asked.says("p1", CANCEL).holds is Holds.GIVEN_BACK
    backfill, visit = asked.backfill("p1"), asked.visit("p1")
    assert (backfill.stage, backfill.release) == (Stage.RELEASED, Release.WORD)
    assert (backfill.due_at, visit.released_at) == (asked.clock.now(), asked.clock.now())
    assert visit.status is Status.CANCELLED
    assert len(asked.actions("p1")) == 1
    assert is_true(asked)


def test_the_same_answer_twice_changes_nothing_more(asked: Course) -> None:
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: asked.says("p1", CANCEL), range(4)))
    assert sorted(each.changed for each in told) == [False, False, False, True]
    assert {each.holds for each in told} == {Holds.GIVEN_BACK}
    assert is_true(asked)


def test_who_gave_the_slot_back_takes_it_back_while_nobody_has_it(asked: Course) -> None:
    asked.says("p1", CANCEL)
    offered = asked.offer("p1", "w1", "w2")
    told = asked.says("p1", CONFIRM)
    assert (told.holds, asked.visit("p1").status) == (Holds.COMING, Status.BOOKED)
    backfill = asked.backfill("p1")
    assert (backfill.stage, backfill.release, backfill.released_at) == (Stage.KEPT, None, None)
    wanted = select(OfferRow.state).where(col(OfferRow.id).in_(offered))
    states = asked.store.read_now(lambda session: set(session.exec(wanted)))
    assert states == {OfferState.WITHDRAWN}
    asked.work()
    assert len(asked.notices(NoticeKind.GONE)) == 2
    assert asked.backfill("p1").due_at is None
    assert is_true(asked)


def test_once_another_patient_has_the_slot_an_answer_changes_nothing(asked: Course) -> None:
    asked.says("p1", CANCEL)
    assert asked.fill("p1")
    for answer in Answer:
        told = asked.says("p1", answer)
        assert (told.holds, told.changed) == (Holds.TAKEN, False)
    assert (stage(asked), asked.visit("p1").status) == (Stage.FILLED, Status.CANCELLED)


def test_of_an_acceptance_and_a_second_thought_at_once_one_holds(asked: Course) -> None:
    asked.says("p1", CANCEL)
    with ThreadPoolExecutor(2) as pool:
        filled = pool.submit(asked.fill, "p1")
        told = pool.submit(asked.says, "p1", CONFIRM)
    taken = filled.result()
    assert told.result().holds is (Holds.TAKEN if taken else Holds.COMING)
    assert asked.visit("p1").status is (Status.CANCELLED if taken else Status.BOOKED)
    assert is_true(asked)


def test_a_slot_given_back_without_a_transfer_is_proposed_to_managers(course: Course) -> None:
    assert course.says("p1", CANCEL).changed
    (proposal,) = course.actions("p1")
    assert (proposal.state, proposal.proposed_by) == (State.PROPOSED, None)
    assert proposal.note == answers.NOTE
    course.store.write_now(actions.authorize, course.noa, key_of(proposal), course.clock.now(), 2)
    assert (stage(course), course.backfill("p1").release) == (Stage.RELEASED, Release.WORD)


def test_a_proposal_falls_when_its_patient_takes_the_slot_back(course: Course) -> None:
    course.says("p1", CANCEL)
    course.says("p1", CONFIRM)
    (proposal,) = course.actions("p1")
    assert (proposal.state, proposal.reason) == (State.REVOKED, answers.TAKEN_BACK)
    assert (course.visit("p1").action_state, course.visit("p1").status) == (None, Status.BOOKED)
    assert is_true(course)


def test_who_asks_to_be_called_comes_first_of_those_to_call(course: Course) -> None:
    for patient in ("silent", "p2"):
        course.authorize(patient)
    course.work()
    assert course.says("p2", CALL_ME).holds is Holds.TO_BE_CALLED
    course.says("p1", CALL_ME)
    found = course.store.read_now(
        to_confirm.to_confirm, frozenset[int](), course.clock.now(), (0, 9)
    )
    assert found.total == 3
    assert [each.why for each in found.rows] == [Why.ASKED_FOR, Why.ASKED_FOR, Why.NOT_ASKED]
    call(course, "p1", CallOutcome.CONFIRMED)
    call(course, "p2", CallOutcome.CONFIRMED)
    assert stage(course, "p2") is Stage.KEPT
    left = course.store.read_now(to_confirm.number_to_confirm, frozenset[int](), course.clock.now())
    assert left == 1


def test_a_silent_patient_who_asks_to_be_called_is_offered_away_no_more(asked: Course) -> None:
    asked.settle(Policy(silence=Silence.RELEASE))
    asked.clock.move(3 * DAY)
    asked.work()
    asked.clock.move(2 * DAY)
    due = key_of(asked.backfill("p1"))
    asked.store.write_now(asking.step, due, asked.house, asked.clock.now())
    assert stage(asked) is Stage.RELEASED
    asked.offer("p1", "w1")
    asked.says("p1", CALL_ME)
    asked.work()
    assert (stage(asked), len(asked.notices(NoticeKind.GONE))) == (Stage.CALLING, 1)
    assert asked.backfill("p1").due_at == asked.visit("p1").start


def test_an_answer_after_the_start_changes_nothing(asked: Course) -> None:
    asked.clock.move(7 * DAY)
    told = asked.says("p1", CANCEL)
    assert (told.holds, told.changed) == (Holds.STARTED, False)


def test_by_phone_a_patient_can_take_back_what_they_gave_back_by_message(asked: Course) -> None:
    asked.says("p1", CANCEL)
    assert call(asked, "p1", CallOutcome.CANCELS) is CallBarrier.GIVEN_BACK
    assert call(asked, "p1", CallOutcome.CONFIRMED) is None
    assert (stage(asked), asked.visit("p1").status) == (Stage.KEPT, Status.BOOKED)
    assert asked.says("p1", CANCEL).changed


def test_a_transfer_is_not_undone_once_another_patient_has_the_slot(asked: Course) -> None:
    asked.says("p1", CANCEL)
    asked.fill("p1")
    (action,) = asked.actions("p1")
    undone = asked.store.write_now(actions.undo, asked.noa, key_of(action), asked.clock.now())
    assert undone.barrier is Barrier.FILLED
    assert stage(asked) is Stage.FILLED


def test_what_the_hmo_changes_itself_is_told_as_such(asked: Course) -> None:
    about = key_of(asked.visit("p1"))
    now = asked.clock.now()
    asked.store.write_now(counters.apply_status_change, about, Status.CANCELLED, now)
    assert asked.says("p1", CONFIRM).holds is Holds.CHANGED


def test_who_has_confirmed_before_the_transfer_is_not_asked(course: Course) -> None:
    course.says("p1", CONFIRM)
    course.says("p2", CALL_ME)
    for patient in ("p1", "p2"):
        course.authorize(patient)
    course.work()
    assert (stage(course), stage(course, "p2")) == (Stage.KEPT, Stage.CALLING)
    assert course.notices() == []


def test_what_was_answered_about_another_time_holds_no_longer(
    course: Course, clock: HandClock
) -> None:
    course.says("p1", CONFIRM)
    course.move("p1", DAY)
    told = course.store.read_now(answers.look, key_of(course.visit("p1")), clock.now())
    assert told.holds is Holds.UNANSWERED
    assert course.says("p1", CONFIRM).changed


def test_a_question_still_unsent_is_not_sent_after_an_answer(course: Course) -> None:
    course.authorize("p1")
    course.work()
    course.says("p1", CANCEL)
    assert [notice.state for notice in course.notices()] == [NoticeState.DROPPED]


def call(course: Course, patient: str, outcome: CallOutcome) -> CallBarrier | None:
    about = (key_of(course.visit(patient)), outcome)
    noted = course.store.write_now(
        calls.record_call, course.noa, *about, course.clock.now(), course.house.threshold
    )
    return noted.barrier
