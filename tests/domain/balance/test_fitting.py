"""Fitting: who suits which slot."""

from datetime import timedelta
from typing import Any

import pytest

from domain.balance.plan import Candidate, FreeSlot
from tests.hmo import HOUSE
from tests.waitlist import NOW, candidate, fitted, slot

DAY = HOUSE.calendar.day_of(NOW + timedelta(days=7))
"""The local day of the usual slot."""


def pairs(slots: list[FreeSlot], candidates: list[Candidate]) -> set[tuple[int, int]]:
    found = fitted(slots, candidates)
    return {
        (found.slots[place].backfill_id, found.candidates[one].waiting_id)
        for place, one in zip(found.slot, found.candidate, strict=True)
    }


@pytest.mark.parametrize(
    ("of_slot", "of_candidate", "suits"),
    [
        ({}, {}, True),
        ({"department_id": 2}, {}, False),
        ({"visit_types": frozenset({"video"})}, {"visit_type": "video"}, True),
        ({"visit_types": frozenset({"video"})}, {"visit_type": "first"}, False),
        ({"visit_types": frozenset({"video"})}, {}, True),
        ({}, {"visit_type": "first"}, True),
        ({}, {"earliest": DAY, "latest": DAY}, True),
        ({}, {"earliest": DAY + timedelta(days=1)}, False),
        ({}, {"latest": DAY - timedelta(days=1)}, False),
        ({}, {"notice_hours": 7 * 24}, True),
        ({}, {"notice_hours": 7 * 24 + 1}, False),
        ({}, {"has_booking_on": NOW + timedelta(days=7, minutes=1)}, True),
        ({}, {"has_booking_on": NOW + timedelta(days=7)}, False),
        ({}, {"barred": frozenset({2, 9})}, True),
        ({}, {"barred": frozenset({1})}, False),
        ({}, {"p_accept_and_come": 0.0}, False),
        ({}, {"times": (0.0, 1.0, 1.0)}, False),
        ({}, {"times": (1.0, 0.0, 0.0)}, True),
        ({"days": 0}, {}, False),
    ],
)
def test_a_patient_suits_a_slot_that_they_wait_for_can_come_to_and_were_not_offered(
    of_slot: dict[str, Any], of_candidate: dict[str, Any], suits: bool
) -> None:
    assert pairs([slot(1, **of_slot)], [candidate(5, **of_candidate)]) == (
        {(1, 5)} if suits else set()
    )


def test_windows_are_days_of_the_hmo_and_not_of_utc() -> None:
    late = slot(1, days=7.55)  # 22:12 in UTC, past midnight in Jerusalem
    next_day = DAY + timedelta(days=1)
    assert pairs([late], [candidate(5, earliest=next_day), candidate(6, latest=DAY)]) == {(1, 5)}


def test_pairs_of_several_departments_come_together() -> None:
    slots = [slot(3, days=2, department_id=2), slot(1), slot(2, days=3)]
    waiting = [candidate(5, department_id=2), candidate(6, barred=frozenset({2})), candidate(7)]
    assert pairs(slots, waiting) == {(3, 5), (1, 6), (1, 7), (2, 7)}
    waiting.append(candidate(8, waited=1, department_id=2))
    waiting.append(candidate(9, waited=0))
    found = fitted(slots, waiting)
    order = list(zip(found.candidate.tolist(), found.slot.tolist(), strict=True))
    assert order == sorted(order)
    assert pairs([], waiting) == pairs(slots, []) == set()


def test_worth_grows_with_urgency_wait_and_the_chance_to_come() -> None:
    found = fitted(
        [slot(9)],
        [
            candidate(1, waited=14),  # urgency 3, target 14 days: 3 × 2
            candidate(2, waited=13, urgency=5),  # target 2 days: 5 × 7.5
            candidate(3, waited=12, urgency=1, p_accept_and_come=0.5),  # 60 days: 1 × 1.2 × 0.5
            candidate(4, waited=-1),  # not yet waiting: 3 × 1
        ],
    )
    assert found.worths == pytest.approx([6, 37.5, 0.6, 3])


def test_worth_falls_at_times_of_the_hmos_day_that_suit_less() -> None:
    # 11:00, 12:00 (10:00 in UTC), and 15:48
    slots = [slot(1), slot(2, days=7 + 1 / 24), slot(3, days=7.2)]
    found = fitted(slots, [candidate(5, waited=14, p_accept_and_come=0.5, times=(1, 0.6, 0.4))])
    assert found.chances == pytest.approx([0.5, 0.3, 0.2])
    assert found.worths == pytest.approx([3, 1.8, 1.2])


@pytest.mark.parametrize(
    "wrong", [{"urgency": 0}, {"urgency": 6}, {"p_accept_and_come": 1.1}, {"times": (1, 1.1, 0)}]
)
def test_an_urgency_or_chance_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is [01] to"):
        candidate(1, **wrong)
