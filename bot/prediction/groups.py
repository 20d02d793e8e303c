"""Groups: how they compare, as far as there are several."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bot.prediction.records import Bools
from domain.prediction.fairness import GroupFigures, audit
from domain.prediction.visits import Floats

NOTHING_TO_COMPARE: Final = "All are of one group, or nothing is known of it."


def at_top(chances: Floats, share: float) -> Bools:
    """Which are among a share with the highest chances."""
    chosen = np.zeros(len(chances), np.bool_)
    chosen[np.argsort(-chances, kind="stable")[: round(share * len(chances))]] = True
    return chosen


def compared(
    outcomes: Floats, chances: Floats, chosen: Bools, groups: npt.NDArray[Any]
) -> list[GroupFigures]:
    """The figures of each group beside all others; none where there is only one."""
    return audit(outcomes, chances, chosen, groups) if len(set(groups)) > 1 else []
