"""Fairness: how groups compare among those who are singled out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from domain.prediction.visits import Floats

Bools = npt.NDArray[np.bool_]

FEWEST: Final = 30
BAND: Final = (0.8, 1.25)


@dataclass(frozen=True)
class GroupFigures:
    """How one group fares."""

    group: str
    rows: int
    selected: float
    false_flags: float
    precision: float
    calibration: float
    ratios: Mapping[str, float] = field(default_factory=dict)
    out_of_band: tuple[str, ...] = ()


def audit(
    outcomes: Floats, chances: Floats, chosen: Bools, groups: npt.NDArray[Any]
) -> list[GroupFigures]:
    """The figures of each group of at least `FEWEST`, beside all others together."""
    found = []
    for group in sorted(set(groups)):
        of = groups == group
        if of.sum() < FEWEST:
            continue
        own, others = (_figures(outcomes[w], chances[w], chosen[w]) for w in (of, ~of))
        ratios = {name: own[name] / others[name] for name in own if others[name]}
        out = tuple(name for name, at in ratios.items() if not BAND[0] <= at <= BAND[1])
        found.append(GroupFigures(str(group), int(of.sum()), **own, ratios=ratios, out_of_band=out))
    return found


def equalised(chances: Floats, groups: npt.NDArray[Any], number: int) -> Bools:
    """So many chosen that the expected share of false flags is the same in each group."""
    chosen = np.zeros(len(chances), np.bool_)
    low, high = 0.0, 1.0
    for _ in range(40):
        share = (low + high) / 2
        chosen = _at_share(chances, groups, share)
        low, high = (share, high) if chosen.sum() < number else (low, share)
    return chosen


def cost(outcomes: Floats, before: Bools, after: Bools) -> tuple[float, float]:
    """Precision before and after."""
    return float(outcomes[before].mean()), float(outcomes[after].mean())


def _at_share(chances: Floats, groups: npt.NDArray[Any], share: float) -> Bools:
    chosen = np.zeros(len(chances), np.bool_)
    for group in set(groups):
        where = np.flatnonzero(groups == group)
        order = where[np.argsort(-chances[where], kind="stable")]
        flags = np.cumsum(1 - chances[order])
        chosen[order[flags <= share * flags[-1]]] = True
    return chosen


def _figures(outcomes: Floats, chances: Floats, chosen: Bools) -> dict[str, float]:
    came, rate = outcomes == 0, outcomes.mean() if len(outcomes) else np.nan
    return {
        "selected": float(chosen.mean()) if len(chosen) else np.nan,
        "false_flags": float(chosen[came].mean()) if came.any() else np.nan,
        "precision": float(outcomes[chosen].mean()) if chosen.any() else np.nan,
        "calibration": float(chances.mean() / rate) if rate else np.nan,
    }
