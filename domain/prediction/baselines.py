"""Baselines: simple ways to give a chance, which a model must be better than."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from domain.prediction.odds import IDENTITY, chances_of, line, log_odds
from domain.prediction.visits import Floats

_EDGES = (0.5, 1.5, 3.5, 7.5, 14.5, 30.5, 60.5)
_DRAWN = 20.0


@dataclass(frozen=True)
class Baselines:
    """The rule, lead time alone, and the patient's smoothed rate, each as calibrated chances."""

    threshold: int
    flagged: float
    others: float
    leads: Floats
    prior: tuple[float, float]

    @classmethod
    def learned(cls, features: pd.DataFrame, outcomes: Floats, threshold: int = 2) -> "Baselines":
        """Learn them from appointments whose outcome is known."""
        usual = float(outcomes.mean())
        flags = features["misses"].to_numpy() >= threshold
        bins = _bins(features)
        misses = np.bincount(bins, outcomes, len(_EDGES) + 2)
        rows = np.bincount(bins, minlength=len(_EDGES) + 2)
        prior = line(features["miss_rate"].to_numpy(), outcomes) if len(outcomes) else IDENTITY
        return cls(
            threshold,
            _drawn(outcomes[flags], usual),
            _drawn(outcomes[~flags], usual),
            (misses + _DRAWN * usual) / (rows + _DRAWN),
            prior,
        )

    def chances(self, features: pd.DataFrame) -> dict[str, Floats]:
        """What each says: `rule`, `lead time`, `prior rate`."""
        flags = features["misses"].to_numpy() >= self.threshold
        slope, intercept = self.prior
        raw = log_odds(features["miss_rate"].to_numpy())
        return {
            "rule": np.where(flags, self.flagged, self.others),
            "lead time": self.leads[_bins(features)],
            "prior rate": chances_of(slope * raw + intercept),
        }


def _drawn(outcomes: Floats, usual: float) -> float:
    return float((outcomes.sum() + _DRAWN * usual) / (len(outcomes) + _DRAWN))


def _bins(features: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    lead = features["lead"].to_numpy()
    found = np.searchsorted(_EDGES, lead)
    return np.where(np.isnan(lead), len(_EDGES) + 1, found).astype(np.int64)
