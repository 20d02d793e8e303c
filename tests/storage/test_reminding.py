"""Reminders on both databases: to whom they go, once, and who is held out of a trial."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session

from domain.clock import HandClock
from domain.notices import Channel, NoticeKind, NoticeState
from domain.policies import Policy
from domain.trial import HELD_OUT, is_held_out
from storage import notices, reminding
from storage.store import Store
from storage.tables import Appointment, Notice, Patient, Trial, key_of
from tests.courses import Course, begin

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def course(store: Store, clock: HandClock) -> Course:
    """Reminders are wanted, it is past nine, and the visits are four days ahead."""
    course = begin(store, clock)
    course.settle(Policy(reminders=True))
    clock.move(3 * DAY + HOUR)
    return course


def remind(course: Course) -> int:
    return course.store.write_now(reminding.remind, course.house, course.clock.now())


def reminders(course: Course) -> list[Notice]:
    return course.notices(NoticeKind.REMINDER)


def test_high_risk_patients_who_agreed_are_reminded_once_a_day(course: Course) -> None:
    assert course.store.read_now(reminding.is_due, course.house, course.clock.now())
    assert remind(course) == 2
    assert not course.store.read_now(reminding.is_due, course.house, course.clock.now())
    assert remind(course) == 0
    assert {notice.patient_id for notice in reminders(course)} == {
        course.visit("p1").patient_id,
        course.visit("p2").patient_id,
    }
    course.clock.move(DAY)
    assert remind(course) == 0
    course.clock.move(2 * DAY)
    assert remind(course) == 2


def test_nobody_is_reminded_before_nine(course: Course) -> None:
    course.clock.move(-2 * HOUR)
    assert not course.store.read_now(reminding.is_due, course.house, course.clock.now())


def test_where_a_department_wants_none_nobody_is_reminded(course: Course) -> None:
    course.settle(Policy(reminders=False))
    assert remind(course) == 0


def test_who_is_asked_about_the_visit_is_not_reminded_of_it_too(course: Course) -> None:
    course.authorize("p1")
    course.work()
    assert remind(course) == 1
    assert [each.patient_id for each in reminders(course)] == [course.visit("p2").patient_id]


def test_who_said_stop_has_had_enough_or_has_no_way_is_not_reminded(course: Course) -> None:
    course.store.write_now(notices.stop, Channel.EMAIL, "P1@mail.example", course.clock.now())
    course.house = replace(course.house, manners=replace(course.house.manners, a_week=0))
    assert remind(course) == 0
    course.clock.move(3 * DAY)
    emails = replace(course.house.manners, a_week=3, channels=frozenset({Channel.EMAIL}))
    course.house = replace(course.house, manners=emails)
    assert remind(course) == 0


def test_quiet_hours_put_a_reminder_off(course: Course) -> None:
    manners = replace(course.house.manners, quiet_from=0, quiet_until=12 * 60)
    course.house = replace(course.house, manners=manners)
    assert remind(course) == 2
    assert {each.due_at for each in reminders(course)} == {course.clock.now() + 3 * HOUR}


def test_who_is_held_out_by_a_trial_gets_none_and_is_known_for_it(course: Course) -> None:
    now = course.clock.now()
    held = course.store.read_now(
        lambda session: session.get_one(Patient, course.visit("p1").patient_id).reference
    )
    other = course.store.read_now(
        lambda session: session.get_one(Patient, course.visit("p2").patient_id).reference
    )
    salt = next(
        str(salt)
        for salt in range(1_000)
        if is_held_out(held, str(salt), 20) and not is_held_out(other, str(salt), 20)
    )
    trial = Trial(salt=salt, share=20, threshold=2, started_at=now, started_by=course.noa.id)
    course.store.write_now(lambda session: session.add(trial))
    assert remind(course) == 1
    states = {each.patient_id: (each.state, each.problem) for each in reminders(course)}
    assert states[course.visit("p1").patient_id] == (NoticeState.DROPPED, HELD_OUT)
    assert states[course.visit("p2").patient_id] == (NoticeState.WAITING, None)


def test_a_visit_that_is_not_high_risk_is_not_reminded_of(course: Course) -> None:
    def calm(session: Session) -> None:
        session.get_one(Appointment, key_of(course.visit("p1"))).prior_no_shows = 0

    course.store.write_now(calm)
    assert remind(course) == 1
