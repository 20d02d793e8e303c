"""Outcome: what a plan is expected to change."""

from datetime import timedelta

import pytest

from domain.balance.assignment import assign
from domain.balance.outcome import FEWEST_OF_A_GROUP, Change, outcome
from tests.waitlist import NOW, candidate, fitted, slot


def test_idle_hours_fall_as_likely_as_the_patient_comes() -> None:
    slots = [
        slot(1, minutes=60),
        slot(2, days=8, minutes=30),
        slot(3, department_id=2, minutes=45),
    ]
    plan = assign(fitted(slots, [candidate(5, p_accept_and_come=0.5, times=(0.5, 1, 1))]))
    assert outcome(plan, NOW).idle_hours == {1: Change(1.5, 1.25), 2: Change(0.75, 0.75)}


def test_a_wait_ends_with_the_slot_as_likely_or_with_what_is_booked_or_the_last_slot() -> None:
    slots = [slot(1, days=2), slot(2, days=12, department_id=2)]
    waiting = [
        candidate(5, waited=10, urgency=5, p_accept_and_come=0.5),  # 22 days, or 12 with the slot
        candidate(6, waited=3, urgency=1, has_booking_on=NOW + timedelta(days=27)),  # 30 days
        candidate(7, waited=8, urgency=1),  # 20 days
    ]
    found = outcome(assign(fitted(slots, waiting)), NOW)
    assert found.waits_by_urgency == {1: Change(25, 25), 5: Change(22, 17)}


def test_the_worst_off_group_is_one_that_is_large_enough_to_be_one() -> None:
    few = [candidate(n, waited=90, group="80+") for n in range(FEWEST_OF_A_GROUP - 1)]
    old = [candidate(100 + n, waited=40, group="70–79") for n in range(FEWEST_OF_A_GROUP)]
    young = [candidate(200 + n, waited=10, group="0–17") for n in range(FEWEST_OF_A_GROUP)]
    found = outcome(assign(fitted([], [*few, *old, *young])), NOW)
    assert (found.worst_group, found.worst_wait) == ("70–79", 40)
    assert found.waits_by_group["80+"].after == pytest.approx(90)


def test_without_anybody_nobody_is_worst_off() -> None:
    found = outcome(assign(fitted([], [])), NOW)
    assert (found.worst_group, found.worst_wait, found.idle_hours) == (None, 0, {})
