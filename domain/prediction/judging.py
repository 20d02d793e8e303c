"""Judging: how good chances were, once it is known who came.

| figure | what it says |
|---|---|
| AUC | how often a no-show had a higher chance than a visit that was kept; 0.5 is guessing |
| average precision | the same with the weight on the top of the list |
| Brier | mean square of what chances were off; its ratio to that of one constant chance |
| calibration slope, intercept | 1 and 0 if chances mean what they say |
| precision, recall | of those called, who would have stayed away; of no-shows, who was called |
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.prediction.odds import line
from domain.prediction.visits import Floats

Bools = npt.NDArray[np.bool_]

BINS: Final = 10
"""Groups of equal size in which a calibration curve is shown."""

BAND: Final = (0.8, 1.25)
"""What should be 1 (a ratio, a slope) may lie within this: four fifths, and its reverse."""


@dataclass(frozen=True)
class Judgement:
    """How good some chances were.

    Attributes:
        rows: Appointments.
        rate: Share of no-shows among them, 0–1.
        mean: Mean chance.
        auc: 0–1; NaN if all or none came.
        auc_ahead: The same of those booked before their day.
        average_precision: 0–1.
        brier: 0–1, less is better.
        brier_ratio: Brier ÷ that of the constant chance; below 1 is better than it.
        log_loss: Mean, natural logarithm.
        slope: Of the calibration; below 1: too sure.
        intercept: … below 0: too high.
        flags: How many the rule flags.
        precision: Share of no-shows among as many at the top, 0–1; NaN without any.
        recall: Share of all no-shows that these are.
        rule_precision: Share of no-shows among those that the rule flags.
    """

    rows: int
    rate: float
    mean: float
    auc: float
    auc_ahead: float
    average_precision: float
    brier: float
    brier_ratio: float
    log_loss: float
    slope: float
    intercept: float
    flags: int
    precision: float
    recall: float
    rule_precision: float

    @property
    def lift(self) -> float:
        """Precision at the rule's own number of flags ÷ the rule's."""
        return self.precision / self.rule_precision if self.rule_precision else float("nan")

    def figures(self) -> dict[str, Any]:
        """All figures by name, for a report; what has no value is left out."""
        found = asdict(self) | {"lift": self.lift}
        return {name: value for name, value in found.items() if value == value}  # noqa: PLR0124


def judge(
    outcomes: Floats, chances: Floats, *, ahead: Bools, flagged: Bools, constant: float
) -> Judgement:
    """Judge chances by what came of them.

    Args:
        outcomes: 1 for a no-show, 0 for a visit.
        chances: 0–1.
        ahead: Whether each was booked before its day.
        flagged: Whether the rule flags it.
        constant: The chance that all are compared with, usually the rate of the past.
    """
    flags = int(flagged.sum())
    slope, intercept = line(chances, outcomes)
    precision, recall = at_capacity(outcomes, chances, flags)
    flat = brier(outcomes, np.full(len(outcomes), constant))
    return Judgement(
        rows=len(outcomes),
        rate=float(outcomes.mean()),
        mean=float(chances.mean()),
        auc=auc(outcomes, chances),
        auc_ahead=auc(outcomes[ahead], chances[ahead]),
        average_precision=average_precision(outcomes, chances),
        brier=brier(outcomes, chances),
        brier_ratio=brier(outcomes, chances) / flat if flat else float("nan"),
        log_loss=log_loss(outcomes, chances),
        slope=slope,
        intercept=intercept,
        flags=flags,
        precision=precision,
        recall=recall,
        rule_precision=float(outcomes[flagged].mean()) if flags else float("nan"),
    )


def is_in_band(value: float) -> bool:
    """Whether what should be 1 is near enough to it; what has no value is not."""
    return BAND[0] <= value <= BAND[1]


def auc(outcomes: Floats, chances: Floats) -> float:
    """The area under the ROC curve by ranks, ties counting half (Mann and Whitney)."""
    misses = float(outcomes.sum())
    pairs = misses * (len(outcomes) - misses)
    if not pairs:
        return float("nan")
    ranks = pd.Series(chances).rank().to_numpy()
    return float((ranks[outcomes == 1].sum() - misses * (misses + 1) / 2) / pairs)


def average_precision(outcomes: Floats, chances: Floats) -> float:
    """The mean precision at each no-show, from the top; among equal chances the mean."""
    if not outcomes.sum():
        return float("nan")
    table = pd.DataFrame({"chance": chances, "missed": outcomes, "one": 1.0})
    steps = table.groupby("chance").sum().sort_index(ascending=False)
    missed, seen = steps["missed"].cumsum(), steps["one"].cumsum()
    return float((steps["missed"] * missed / seen).sum() / outcomes.sum())


def brier(outcomes: Floats, chances: Floats) -> float:
    """The mean square difference (Brier 1950)."""
    return float(np.mean((chances - outcomes) ** 2))


def log_loss(outcomes: Floats, chances: Floats) -> float:
    """The mean surprise, in natural logarithms."""
    kept = np.clip(chances, 1e-6, 1 - 1e-6)
    return float(-np.mean(outcomes * np.log(kept) + (1 - outcomes) * np.log(1 - kept)))


def at_capacity(outcomes: Floats, chances: Floats, number: int) -> tuple[float, float]:
    """Precision and recall of so many at the top; among equal chances the earlier row counts."""
    if not number or not len(outcomes):
        return float("nan"), float("nan")
    chosen = outcomes[np.argsort(-chances, kind="stable")[:number]]
    misses = float(outcomes.sum())
    return float(chosen.mean()), float(chosen.sum() / misses) if misses else float("nan")


def calibration(outcomes: Floats, chances: Floats) -> pd.DataFrame:
    """Mean chance and share of no-shows in groups of equal size, from low to high.

    Returns:
        Columns `chance`, `rate` (0–1) and `rows`.
    """
    order = np.argsort(chances, kind="stable")
    groups = [group for group in np.array_split(order, BINS) if len(group)]
    return pd.DataFrame(
        {
            "chance": [float(chances[group].mean()) for group in groups],
            "rate": [float(outcomes[group].mean()) for group in groups],
            "rows": [len(group) for group in groups],
        }
    )


def gains(outcomes: Floats, chances: Floats) -> pd.DataFrame:
    """How many of all no-shows are reached by calling the top so many.

    Returns:
        Columns `called` and `reached`, shares of all from 0 to 1 in steps of a fiftieth.
    """
    ordered = outcomes[np.argsort(-chances, kind="stable")]
    running = np.concatenate(([0.0], np.cumsum(ordered)))
    called = np.linspace(0, 1, 51)
    at = np.round(called * len(ordered)).astype(np.int64)
    return pd.DataFrame({"called": called, "reached": running[at] / max(running[-1], 1.0)})
