"""Policies on both databases: what holds where nothing was settled, and who settles it."""

from datetime import timedelta

import pytest

from domain.answers import Answer
from domain.clock import HandClock
from domain.people import Refused, Role
from domain.policies import USUAL, Policy, Silence
from storage import policies
from storage.store import Store
from tests.courses import Course, begin
from tests.hmo import join


@pytest.fixture
def course(store: Store, clock: HandClock) -> Course:
    return begin(store, clock)


def test_where_nothing_was_settled_the_usual_holds(course: Course) -> None:
    (found,) = course.store.read_now(policies.policies, [])
    assert (found.department, found.policy, found.is_usual) == ("Cardiology", USUAL, True)


def test_what_is_settled_holds_and_the_same_again_is_no_change(course: Course) -> None:
    policy = Policy(24, Silence.RELEASE, reminders=True, automatic=True)
    about, now = course.visit("p1").department_id, course.clock.now()
    work = policies.change
    assert course.store.write_now(work, course.noa, about, policy, now)
    assert not course.store.write_now(work, course.noa, about, policy, now)
    assert course.store.read_now(policies.policy_of, about) == policy
    assert course.store.write_now(work, course.noa, about, USUAL, now)
    assert course.store.read_now(policies.policy_of, about) == USUAL


def test_only_who_may_decide_in_a_department_settles_its_policy(course: Course) -> None:
    about, now = course.visit("p1").department_id, course.clock.now()
    dana = join(course.store, Role.STAFF, 5, "Dana", now)
    with pytest.raises(Refused):
        course.store.write_now(policies.change, dana, about, Policy(24), now)
    assert course.store.read_now(policies.policy_of, about) == USUAL


def test_a_free_slot_is_looked_at_again_once_offers_go_out_differently(course: Course) -> None:
    course.authorize("p1")
    course.says("p1", Answer.CANCEL)
    course.work()
    waits = course.backfill("p1").due_at
    assert waits is not None
    assert waits > course.clock.now()
    course.clock.move(timedelta(hours=1))
    course.settle(Policy(automatic=True))
    assert course.backfill("p1").due_at == course.clock.now()
