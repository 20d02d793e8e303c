"""Baselines: what chances would be without a model, by simple ways that anybody could use.

A model has to beat each of them to be worth its place. All are calibrated on the same past, so
that they are compared by what they know and not by how they put it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from domain.prediction.odds import chances_of, line, log_odds
from domain.prediction.visits import Floats, Ints

_LEADS: Final = (1, 2, 4, 8, 15, 29, 57)
"""Days ahead at which a group of lead times begins, after the one of the same day."""

_USUAL: Final = 0.2
_AS_BY: Final = 100.0
"""Outcomes as by which rates are drawn to what is usual."""


@dataclass(frozen=True)
class Baselines:
    """Three simple ways to foretell a no-show.

    Attributes:
        threshold: Earlier no-shows from which on the rule flags.
        by_flag: The rate of no-shows among those not flagged, and among those flagged.
        by_lead: … by lead time, the last one for those where it is unknown.
        prior: Slope and intercept by which a patient's own smoothed rate becomes a chance.
    """

    threshold: int
    by_flag: Floats
    by_lead: Floats
    prior: tuple[float, float]

    @classmethod
    def learned(cls, features: pd.DataFrame, outcomes: Floats, threshold: int) -> "Baselines":
        """From features (`domain/prediction/features.py`) and outcomes of the past."""
        return cls(
            threshold,
            _rates(_flag(features, threshold), outcomes, 2),
            _rates(_lead(features), outcomes, len(_LEADS) + 2),
            line(features["miss_rate"].to_numpy(), outcomes, _AS_BY),
        )

    def chances(self, features: pd.DataFrame) -> dict[str, Floats]:
        """The chance of each row, 0–1, by each way: `rule`, `lead time` and `prior rate`."""
        slope, intercept = self.prior
        own = log_odds(features["miss_rate"].to_numpy())
        return {
            "rule": self.by_flag[_flag(features, self.threshold)],
            "lead time": self.by_lead[_lead(features)],
            "prior rate": chances_of(slope * own + intercept),
        }


def _flag(features: pd.DataFrame, threshold: int) -> Ints:
    return np.asarray(features["misses"] >= threshold).astype(np.int64)


def _lead(features: pd.DataFrame) -> Ints:
    lead = features["lead"].to_numpy()
    return np.where(np.isnan(lead), len(_LEADS) + 1, np.searchsorted(_LEADS, lead, side="right"))


def _rates(group: Ints, outcomes: Floats, groups: int) -> Floats:
    """The rate of no-shows of each group, drawn towards that of all."""
    all_of_them = (outcomes.sum() + _AS_BY * _USUAL) / (len(outcomes) + _AS_BY)
    misses = np.bincount(group, outcomes, groups)
    rows = np.bincount(group, minlength=groups)
    return np.asarray((misses + _AS_BY * all_of_them) / (rows + _AS_BY))
