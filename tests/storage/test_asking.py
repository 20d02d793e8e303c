"""Asking on both databases: who is asked, once more, and what becomes of their silence."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from domain.answers import Answer
from domain.backfills import Release, Stage
from domain.calls import CallOutcome
from domain.clock import HandClock
from domain.notices import Channel, NoticeState
from domain.policies import Policy, Silence
from domain.statuses import Status
from storage import asking, calls, slot_steps
from storage.store import Store
from storage.tables import BackfillRow, key_of
from tests.courses import Course, begin

DAY = timedelta(days=1)


@pytest.fixture
def course(store: Store, clock: HandClock) -> Course:
    return begin(store, clock)


def test_who_can_be_written_to_is_asked_at_once_and_has_a_deadline(course: Course) -> None:
    course.authorize("p1")
    course.work()
    (question,) = course.notices()
    backfill = course.backfill("p1")
    start = course.visit("p1").start
    assert (question.channel, question.state) == (Channel.SMS, NoticeState.WAITING)
    assert backfill.stage is Stage.ASKING
    assert (backfill.deadline_at, backfill.due_at) == (start - 2 * DAY, start - 4 * DAY)


def test_who_confirmed_by_phone_before_is_not_asked_unless_they_want_a_call(
    course: Course,
) -> None:
    course.settle(Policy(silence=Silence.RELEASE))
    for patient in ("p1", "p2"):
        about = (key_of(course.visit(patient)), CallOutcome.CONFIRMED, course.clock.now(), 2)
        course.store.write_now(calls.record_call, course.noa, *about)
    course.says("p2", Answer.CALL_ME)
    for patient in ("p1", "p2"):
        course.authorize(patient)
    course.work()
    assert (course.backfill("p1").stage, course.notices()) == (Stage.KEPT, [])
    assert course.backfill("p2").stage is Stage.CALLING


def test_who_cannot_be_written_to_is_called(course: Course) -> None:
    course.authorize("silent")
    course.work()
    backfill = course.backfill("silent")
    assert (backfill.stage, backfill.due_at) == (Stage.CALLING, course.visit("silent").start)
    assert course.notices() == []


def test_a_visit_too_soon_to_ask_by_message_is_called_about(course: Course) -> None:
    course.authorize("p1")
    course.clock.move(7 * DAY - timedelta(hours=5))
    course.work()
    assert (course.backfill("p1").stage, course.notices()) == (Stage.CALLING, [])


def test_the_question_is_put_once_more_and_then_silence_goes_to_the_call_list(
    course: Course,
) -> None:
    course.authorize("p1")
    course.work()
    course.deliver()
    course.clock.move(3 * DAY)
    course.work()
    assert len(course.notices()) == 2
    course.clock.move(2 * DAY)
    course.work()
    assert course.backfill("p1").stage is Stage.CALLING
    # What was not sent by then is not sent any more.
    assert [notice.state for notice in course.notices()] == [NoticeState.SENT, NoticeState.DROPPED]
    course.clock.move(2 * DAY)
    course.work()
    assert (course.backfill("p1").stage, course.backfill("p1").due_at) == (Stage.OVER, None)


def test_a_question_that_has_not_left_yet_is_not_put_once_more(course: Course) -> None:
    course.authorize("p1")
    course.work()
    course.clock.move(3 * DAY)
    course.work()
    assert (len(course.notices()), course.deliver()) == (1, 1)
    assert course.backfill("p1").due_at == course.backfill("p1").deadline_at


@pytest.mark.parametrize(
    ("state", "stage"),
    [
        (NoticeState.SENT, Stage.RELEASED),
        (NoticeState.DOUBTFUL, Stage.CALLING),
        (NoticeState.WAITING, Stage.CALLING),
    ],
)
def test_silence_releases_a_slot_only_by_policy_and_if_its_patient_was_surely_asked(
    course: Course, state: NoticeState, stage: Stage
) -> None:
    course.settle(Policy(silence=Silence.RELEASE))
    course.authorize("p1")
    course.store.write_now(
        asking.step, key_of(course.backfill("p1")), course.house, course.clock.now()
    )
    course.deliver(state)
    course.clock.move(5 * DAY)
    course.store.write_now(
        asking.step, key_of(course.backfill("p1")), course.house, course.clock.now()
    )
    backfill = course.backfill("p1")
    assert backfill.stage is stage
    assert course.visit("p1").status is Status.BOOKED
    if stage is Stage.RELEASED:
        assert (backfill.release, backfill.due_at) == (Release.SILENCE, course.clock.now())


def test_silence_counts_also_where_the_transfer_was_authorised_late(course: Course) -> None:
    course.settle(Policy(silence=Silence.RELEASE))
    course.clock.move(6 * DAY)
    course.authorize("p2")
    course.work()
    course.clock.move(timedelta(minutes=5))
    course.deliver()
    backfill = course.backfill("p2")
    assert backfill.deadline_at is not None
    course.clock.move(backfill.deadline_at - course.clock.now())
    about = (key_of(backfill), course.house, course.clock.now())
    course.store.write_now(asking.step, *about)
    assert course.backfill("p2").stage is Stage.RELEASED


def test_a_question_that_came_too_late_to_be_answered_does_not_count(course: Course) -> None:
    course.settle(Policy(silence=Silence.RELEASE))
    course.authorize("p2")
    course.work()
    course.clock.move(5 * DAY - timedelta(hours=3))
    course.deliver()
    course.clock.move(timedelta(hours=3))
    course.work()
    assert course.backfill("p2").stage is Stage.CALLING


def test_a_question_that_fails_goes_another_way_and_then_to_a_person(course: Course) -> None:
    for patient in ("p1", "p2"):
        course.authorize(patient)
    course.work()
    course.deliver(NoticeState.FAILED)
    for failed in course.notices():
        course.store.write_now(
            asking.undeliverable, key_of(failed), course.house, course.clock.now()
        )
    (again,) = course.notices()[2:]
    assert (again.channel, course.backfill("p1").stage) == (Channel.EMAIL, Stage.ASKING)
    assert course.backfill("p2").stage is Stage.CALLING
    course.deliver(NoticeState.FAILED)
    course.store.write_now(asking.undeliverable, key_of(again), course.house, course.clock.now())
    assert (course.backfill("p1").stage, len(course.notices())) == (Stage.CALLING, 3)


def test_a_question_that_fails_when_there_is_no_time_left_goes_to_a_person(
    course: Course,
) -> None:
    course.authorize("p1")
    course.work()
    course.clock.move(5 * DAY - timedelta(hours=3))
    course.deliver(NoticeState.FAILED)
    (failed,) = course.notices()
    course.store.write_now(asking.undeliverable, key_of(failed), course.house, course.clock.now())
    assert (course.backfill("p1").stage, len(course.notices())) == (Stage.CALLING, 1)


def test_who_is_quicker_leaves_nothing_to_do(course: Course) -> None:
    course.authorize("p1")
    key, now = key_of(course.backfill("p1")), course.clock.now()
    for _ in range(2):
        course.store.write_now(asking.step, key, course.house, now)
    assert len(course.notices()) == 1


def test_what_is_due_is_told_by_the_stage_once_the_slot_is_held(course: Course) -> None:
    course.authorize("p1")
    course.says("p1", Answer.CANCEL)
    course.offer("p1", "w1")
    key, now = key_of(course.backfill("p1")), course.clock.now()

    def work(session: Session) -> None:
        # As it was read before somebody else had a person call.
        read = session.get_one(BackfillRow, key)
        called = update(BackfillRow).where(col(BackfillRow.id) == key)
        values = {"stage": Stage.CALLING, "due_at": now}
        session.execute(called.values(values).execution_options(synchronize_session=False))
        slot_steps.step(session, key, course.house, now)
        assert read.stage is Stage.CALLING

    assert course.backfill("p1").stage is Stage.OFFERING
    course.store.write_now(work)
    assert course.backfill("p1").due_at == course.visit("p1").start
