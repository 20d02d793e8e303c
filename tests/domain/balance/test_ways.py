"""Ways: the rules that plans are compared by differ in whom they choose, first and following."""

import pytest

from domain.balance.dispatch import waves
from domain.balance.ways import BALANCED, GREEDY, LONGEST_WAIT, Way
from tests.waitlist import candidate, fitted, slot


@pytest.mark.parametrize(
    ("way", "expected"),
    [(BALANCED, [7, 6, 5]), (GREEDY, [7, 6, 5]), (LONGEST_WAIT, [5, 6, 7])],
)
def test_the_urgent_or_who_waits_longest_are_asked_first(way: Way, expected: list[int]) -> None:
    waiting = [
        candidate(5, urgency=1, waited=30),
        candidate(6, urgency=3, waited=20),
        candidate(7, urgency=5, waited=10),
    ]
    found = fitted([slot(1)], waiting)
    (wave,) = waves(found, way.plan(found), lambda _: 3, way.following)
    assert [one.waiting_id for one in wave.candidates] == expected


def test_only_a_balanced_plan_leaves_a_slot_to_who_can_take_no_other() -> None:
    flexible, bound = candidate(5, waited=30), candidate(6, latest=slot(1, days=3).start.date())
    found = fitted([slot(1, days=3), slot(2, days=5)], [flexible, bound])
    chosen = {
        name: {
            each.slot.backfill_id: each.candidate.waiting_id for each in way.plan(found).proposals
        }
        for name, way in (("balanced", BALANCED), ("greedy", GREEDY), ("longest", LONGEST_WAIT))
    }
    assert chosen == {"balanced": {1: 6, 2: 5}, "greedy": {1: 5}, "longest": {1: 5}}
