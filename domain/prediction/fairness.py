"""Fairness: whether some groups are singled out more, or more wrongly, than all others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from domain.prediction.judging import Bools
from domain.prediction.visits import Floats

BAND: Final = (0.8, 1.25)
"""A ratio to all others outside this is looked into."""


@dataclass(frozen=True)
class GroupFigures:
    """How a group fares. Shares are 0–1, and NaN where there is nobody to count.

    Attributes:
        group: Its name.
        rows: Appointments.
        selected: Share of those singled out.
        false_flags: The same among those who came.
        precision: Share of no-shows among those singled out.
        calibration: Mean chance ÷ rate of no-shows.
        ratios: Each of these ÷ the same of all others together.
        out_of_band: Which ratios lie outside `BAND`.
    """

    group: str
    rows: int
    selected: float
    false_flags: float
    precision: float
    calibration: float
    ratios: Mapping[str, float]
    out_of_band: tuple[str, ...]


def audit(
    outcomes: Floats, chances: Floats, chosen: Bools, groups: npt.NDArray[Any]
) -> list[GroupFigures]:
    """The figures of each group, the largest first."""
    names, sizes = np.unique(groups.astype(str), return_counts=True)
    found = []
    for name in names[np.argsort(-sizes, kind="stable")]:
        inside = groups == name
        own = _figures(outcomes[inside], chances[inside], chosen[inside])
        others = _figures(outcomes[~inside], chances[~inside], chosen[~inside])
        ratios = {key: _ratio(own[key], others[key]) for key in own}
        outside = tuple(key for key, ratio in ratios.items() if not _is_fair(ratio))
        found.append(
            GroupFigures(
                group=str(name),
                rows=int(inside.sum()),
                **own,
                ratios=ratios,
                out_of_band=outside,
            )
        )
    return found


def _figures(outcomes: Floats, chances: Floats, chosen: Bools) -> dict[str, float]:
    return {
        "selected": _mean(chosen),
        "false_flags": _mean(chosen[outcomes == 0]),
        "precision": _mean(outcomes[chosen]),
        "calibration": _ratio(_mean(chances), _mean(outcomes)),
    }


def _mean(values: npt.NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _is_fair(ratio: float) -> bool:
    return np.isnan(ratio) or BAND[0] <= ratio <= BAND[1]
