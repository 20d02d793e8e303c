"""Cap: the worst-off group's wait, and what it costs."""

import pytest

from domain.balance.assignment import assign
from domain.balance.cap import with_cap
from domain.balance.outcome import outcome
from domain.balance.plan import Candidate, FreeSlot
from tests.waitlist import NOW, candidate, fitted, slot

SLOTS = [slot(number, days=1 + number / 20) for number in range(12)] + [slot(99, days=61)]
"""Twelve soon, and one so late that it stays empty: whoever gets none waits for two months."""

SOON = slot(0, days=5).start.date()
SURE = [candidate(n, 10 + 2 * n, group="30–39", latest=SOON) for n in range(15)]
UNSURE = [
    candidate(100 + n, 10 + 2 * n, group="80+", latest=SOON, p_accept_and_come=0.4)
    for n in range(15)
]


def waits(slots: list[FreeSlot], waiting: list[Candidate]) -> dict[str, float]:
    changes = outcome(assign(fitted(slots, waiting)), NOW).waits_by_group
    return {group: change.after for group, change in changes.items()}


def test_without_a_cap_whoever_is_likely_to_come_has_every_slot() -> None:
    assert waits(SLOTS, [*SURE, *UNSURE]) == pytest.approx({"30–39": 37.22, "80+": 85})


def test_the_worst_group_is_brought_within_the_cap_at_a_cost_that_is_told() -> None:
    found = fitted(SLOTS, [*SURE, *UNSURE])
    capped = with_cap(found, 80, NOW, most_cost=0.5)
    assert capped.is_within
    assert capped.outcome.worst_group == "80+"
    assert capped.outcome.worst_wait <= 80
    assert set(capped.weights) == {"80+"}
    assert capped.cost == pytest.approx(assign(found).worth - capped.plan.worth)
    assert capped.cost > 0


def test_a_cap_that_holds_already_costs_nothing() -> None:
    found = fitted(SLOTS, [*SURE, *UNSURE])
    capped = with_cap(found, 85, NOW)
    assert (capped.plan, capped.cost, capped.weights) == (assign(found), 0, {})
    assert capped.is_within


@pytest.mark.parametrize("most_cost", [0.0, 0.2, 1.0])
def test_a_cap_that_cannot_be_met_costs_no_more_than_is_set(most_cost: float) -> None:
    found = fitted(SLOTS, [*SURE, *UNSURE])
    capped = with_cap(found, 1, NOW, most_cost)
    best = assign(found)
    assert not capped.is_within
    assert capped.cost <= most_cost * best.worth
    if most_cost:
        assert capped.outcome.worst_wait < outcome(best, NOW).worst_wait
    else:
        assert capped.plan == best
