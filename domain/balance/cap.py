"""Cap: no age group is to wait much longer than what is set, even if that costs some worth.

The group that is worst off counts for a quarter more, again and again, until the worst mean wait is
within the cap, or more would be given up for it than is set. To look after who waits longest is
what took away the difference that scheduling by score alone makes in a clinic's waiting times, at
like cost (Samorani et al., Overbooked and Overlooked, Manufacturing & Service Operations
Management, 2022).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.balance.assignment import assign
from domain.balance.fitting import Fitting, Floats
from domain.balance.outcome import Outcome, outcome
from domain.balance.plan import Plan

MOST_COST: Final = 0.1
"""Share of the best plan's worth that is given up for the cap at most: our own choice."""

_STEP: Final = 1.25
_MOST: Final = 50.0
"""A group counts for no more than so much: its weight has outdone all others by then."""
_ROUNDS: Final = 24


@dataclass(frozen=True)
class Capped:
    """A plan under a cap on the worst group's mean wait.

    Attributes:
        outcome: What the plan is expected to change.
        is_within: Whether the worst group's mean wait is within the cap.
        cost: Worth that is given up for it, of the best plan without a cap.
        weights: How much more than once a group counts, where it does.
    """

    plan: Plan
    outcome: Outcome
    is_within: bool
    cost: float
    weights: dict[str, float]


def with_cap(
    fitting: Fitting, cap_days: float, now: datetime, most_cost: float = MOST_COST
) -> Capped:
    """The plan of most worth whose worst group waits no longer, as far as weights can do that.

    Args:
        fitting: Who suits what.
        cap_days: The longest mean wait of an age group, in days.
        now: The present (aware).
        most_cost: Share of the best plan's worth that may be given up, 0–1.

    Returns:
        The first plan within the cap, or else the one with the shortest worst wait.
    """
    group = np.array([one.group for one in fitting.candidates], np.str_)
    best = tried = _tried(assign(fitting), {}, cap_days, now)
    free = best.plan.worth
    for _ in range(_ROUNDS):
        worst = tried.outcome.worst_group
        if tried.is_within or worst is None or tried.weights.get(worst, 1.0) >= _MOST:
            break
        weights = tried.weights | {worst: tried.weights.get(worst, 1.0) * _STEP}
        plan = assign(fitting, _each(group, weights))
        tried = _tried(plan, weights, cap_days, now, free)
        if tried.cost > most_cost * free:
            break
        if tried.outcome.worst_wait < best.outcome.worst_wait:
            best = tried
    return best


def _each(group: NDArray[np.str_], weights: dict[str, float]) -> Floats:
    values = np.ones(len(group))
    for name, weight in weights.items():
        values[group == name] = weight
    return values


def _tried(
    plan: Plan, weights: dict[str, float], cap_days: float, now: datetime, free: float = 0.0
) -> Capped:
    """A plan, and what it costs beside one of the worth `free`."""
    found = outcome(plan, now)
    cost = max(free - plan.worth, 0.0)
    return Capped(plan, found, found.worst_wait <= cap_days, cost, weights)
