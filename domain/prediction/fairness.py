"""Fairness: whether groups of patients are singled out alike, and alike rightly.

Those singled out are called more often and may lose a slot to somebody else, so what counts most
is the share of false flags: who is singled out among those who would have come. The band of
0.8–1.25 is the four-fifths rule (US Equal Employment Opportunity Commission, 29 CFR 1607.4 D).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from domain.prediction.judging import Bools, is_in_band
from domain.prediction.visits import Floats

FEWEST: Final = 30
"""Appointments from which a share is made, on both sides, for their ratio to mean anything."""

Groups = npt.NDArray[Any]


@dataclass(frozen=True)
class GroupFigures:
    """How one group fares. What has no value is NaN.

    Attributes:
        group: Its name.
        rows: Appointments.
        selected: Share of them that is singled out, 0–1.
        false_flags: The same among those who came.
        precision: Share of no-shows among those singled out.
        calibration: Mean chance ÷ share of no-shows; above 1: taken for worse than they are.
        ratios: Each of the four ÷ that of all other groups together, by name; left out where
            either side has fewer than `FEWEST` to make a share of.
    """

    group: str
    rows: int
    selected: float
    false_flags: float
    precision: float
    calibration: float
    ratios: Mapping[str, float]

    @property
    def out_of_band(self) -> tuple[str, ...]:
        """The names of the ratios outside 0.8–1.25."""
        return tuple(name for name, ratio in self.ratios.items() if not is_in_band(ratio))


def audit(outcomes: Floats, chances: Floats, chosen: Bools, groups: Groups) -> list[GroupFigures]:
    """Compare groups.

    Args:
        outcomes: 1 for a no-show, 0 for a visit.
        chances: What was foretold, 0–1.
        chosen: Which were singled out.
        groups: The name of each one's group.

    Returns:
        The figures of each group, by name.
    """
    names = groups.astype(str)
    return [_figures(name, outcomes, chances, chosen, names == name) for name in np.unique(names)]


def equalised(chances: Floats, groups: Groups, number: int) -> Bools:
    """Single out so many, the same share of false flags in each group.

    Within a group the most likely come first. Outcomes are not needed: of a group the expected
    false flags are `Σ (1 − chance)` over those singled out, among `Σ (1 − chance)` over all.

    Returns:
        Which are singled out.
    """
    order = np.argsort(-chances, kind="stable")
    share = np.empty(len(chances))  # of its group's false flags, once this one is singled out
    for group in np.unique(groups.astype(str)):
        rows = order[groups[order].astype(str) == group]
        false = np.cumsum(1 - chances[rows])
        share[rows] = false / max(false[-1], np.finfo(np.float64).tiny)
    chosen = np.zeros(len(chances), np.bool_)
    chosen[np.argsort(share, kind="stable")[:number]] = True
    return chosen


def cost(outcomes: Floats, before: Bools, after: Bools) -> tuple[float, float]:
    """The precision of two choices, 0–1: what it costs to choose the second way."""
    return _ratio(outcomes[before].sum(), before.sum()), _ratio(outcomes[after].sum(), after.sum())


def _figures(
    group: str, outcomes: Floats, chances: Floats, chosen: Bools, belongs: Bools
) -> GroupFigures:
    own = _shares(outcomes[belongs], chances[belongs], chosen[belongs])
    others = _shares(outcomes[~belongs], chances[~belongs], chosen[~belongs])
    values = {name: _ratio(*share) for name, share in own.items()}
    ratios = {
        name: _ratio(values[name], _ratio(*others[name]))
        for name, (_, of) in own.items()
        if min(of, others[name][1]) >= FEWEST
    }
    has_value = {name: ratio for name, ratio in ratios.items() if not np.isnan(ratio)}
    return GroupFigures(str(group), int(belongs.sum()), **values, ratios=has_value)


def _shares(
    outcomes: Floats, chances: Floats, chosen: Bools
) -> dict[str, tuple[np.floating[Any], np.floating[Any]]]:
    """Each figure as a count, and of how many it is."""
    came = 1 - outcomes
    return {
        "selected": (chosen.sum(), np.float64(len(outcomes))),
        "false_flags": ((came * chosen).sum(), came.sum()),
        "precision": ((outcomes * chosen).sum(), chosen.sum()),
        "calibration": (chances.sum(), outcomes.sum()),
    }


def _ratio(of: Any, whole: Any) -> float:
    return float(of / whole) if whole else float("nan")
