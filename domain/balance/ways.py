"""Ways: by which rule free slots are given to those who wait, to compare the rules with each other.

The product goes by `BALANCED`; the others are for the simulation and the benchmarks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from domain.balance.assignment import assign
from domain.balance.baselines import greedy, longest_wait_first
from domain.balance.dispatch import by_worth
from domain.balance.fitting import Fitting, Ints
from domain.balance.plan import Plan


@dataclass(frozen=True)
class Way:
    """A rule.

    Attributes:
        plan: Whom each slot is for.
        following: The pairs in the order in which the other seats of a wave are given.
    """

    plan: Callable[[Fitting], Plan]
    following: Callable[[Fitting], Ints]


def by_wait(fitting: Fitting) -> Ints:
    """All pairs, the longest wait first, and of one patient's slots the earliest."""
    return np.arange(len(fitting.slot))


BALANCED: Final = Way(assign, by_worth)
GREEDY: Final = Way(greedy, by_worth)
LONGEST_WAIT: Final = Way(longest_wait_first, by_wait)
