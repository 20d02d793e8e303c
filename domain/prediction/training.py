"""Training: two kinds of trees, the better one kept, and calibrated on days it did not see.

The days are cut by time only, as they lie: the first half to learn from, the third quarter to
choose between the kinds, the last quarter to calibrate. Then the chosen kind learns from all of
them. See decision 0011.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.prediction.features import FALLING, FEATURES, RISING
from domain.prediction.judging import auc, log_loss
from domain.prediction.model import Kind, NoShowModel
from domain.prediction.odds import IDENTITY, line
from domain.prediction.visits import Floats, Ints

Bools = npt.NDArray[np.bool_]
Progress = Callable[[str], None]

MOST_ROWS: Final = 1_000_000
"""Appointments to learn from at most, the latest; more would add little but time."""

FEWEST_ROWS: Final = 1_000
FEWEST_OF_A_KIND: Final = 100
FEWEST_DAYS: Final = 8

_SEED: Final = 1
_ALIKE: Final = {
    "objective": "binary",
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": _SEED,
    "monotone_constraints": [
        1 if name in RISING else -1 if name in FALLING else 0 for name in FEATURES
    ],
}
_GROWN: Final[Mapping[Kind, Mapping[str, Any]]] = MappingProxyType(
    {
        Kind.BOOSTED: {
            "boosting": "gbdt",
            "num_iterations": 200,
            "learning_rate": 0.05,
            "num_leaves": 7,
            "min_data_in_leaf": 200,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 10.0,
        },
        Kind.FOREST: {
            "boosting": "rf",
            "num_iterations": 100,
            "num_leaves": 63,
            "min_data_in_leaf": 100,
            "feature_fraction_bynode": 0.5,
            "bagging_fraction": 0.5,
            "bagging_freq": 1,
        },
    }
)
_DRAWN_AS_BY: Final = {Kind.BOOSTED: 10_000.0, Kind.FOREST: 0.0}
"""Rows as by which a calibration is drawn to leaving all as it is. Boosted trees are nearly
calibrated by themselves, and are grown once more afterwards; a forest is not."""


class TooLittle(Exception):  # noqa: N818 - a state of things
    """There is too little to learn from. The message says of what."""


@dataclass(frozen=True)
class Slices:
    """The days that are learned from, cut by time.

    Attributes:
        choosing_from: The first day on which the kinds are compared (days since 1970).
        calibrating_from: The first day on which the chosen one is calibrated.
    """

    choosing_from: int
    calibrating_from: int


@dataclass(frozen=True)
class Trained:
    """What training gave.

    Attributes:
        model: Grown on all days.
        slices: How the days were cut.
        compared: For each kind its `auc` and `log_loss` on the days of choosing.
        chances: What the chosen kind, grown on the days before only, said of the days of choosing.
    """

    model: NoShowModel
    slices: Slices
    compared: Mapping[Kind, Mapping[str, float]]
    chances: Floats


def train(
    features: pd.DataFrame,
    outcomes: Floats,
    days: Ints,
    *,
    threads: int = 0,
    tell: Progress = lambda _: None,
) -> Trained:
    """Train both kinds and keep the better one.

    Args:
        features: As `domain.prediction.features.features` gives them, of appointments whose
            outcome is known.
        outcomes: 1 for a no-show, 0 for a visit.
        days: The day of each, since 1970.
        threads: How many to use, 0 for as many as there are.
        tell: Told in a few words what is being done.

    Raises:
        TooLittle: Too few appointments, days, or outcomes of one kind.
    """
    slices = cut(outcomes, days)
    data = _Data(features, outcomes, days, threads)
    choosing = (days >= slices.choosing_from) & (days < slices.calibrating_from)
    tried: dict[Kind, Floats] = {}
    for kind in Kind:
        tell(f"growing trees: {kind.value}")
        trial = _calibrated(kind, data, slices.choosing_from, slices)
        tried[kind] = trial.chances(features[choosing])
    compared = {
        kind: {
            "auc": auc(outcomes[choosing], chances),
            "log_loss": log_loss(outcomes[choosing], chances),
        }
        for kind, chances in tried.items()
    }
    best = min(Kind, key=lambda kind: compared[kind]["log_loss"])
    tell(f"calibrating: {best.value}")
    before = _calibrated(best, data, slices.calibrating_from, slices, _DRAWN_AS_BY[best])
    tell("growing trees on all days")
    trees = _grow(best, data)
    model = NoShowModel(best, trees, before.slope, before.intercept)
    return Trained(model, slices, compared, tried[best])


@dataclass(frozen=True)
class _Data:
    """What is learned from, and on how many threads."""

    features: pd.DataFrame
    outcomes: Floats
    days: Ints
    threads: int

    def before(self, day: int) -> "_Data":
        """Only the days before one."""
        early = self.days < day
        return _Data(self.features[early], self.outcomes[early], self.days[early], self.threads)


def cut(outcomes: Floats, days: Ints) -> Slices:
    """Where the days are cut: at the half and at three quarters of those with usual numbers.

    Usual is what most appointments see on their day, so that a trickle of old rows moves nothing.

    Raises:
        TooLittle: See `train`.
    """
    found, rows = np.unique(days, return_counts=True)
    usual = found[rows >= np.median(np.repeat(rows, rows)) / 10] if len(rows) else found
    missed = int(outcomes.sum())
    _require(len(outcomes), FEWEST_ROWS, "appointments with a known outcome")
    _require(missed, FEWEST_OF_A_KIND, "no-shows")
    _require(len(outcomes) - missed, FEWEST_OF_A_KIND, "visits that were kept")
    _require(len(usual), FEWEST_DAYS, "days with outcomes")
    quarter = len(usual) // 4
    slices = Slices(int(usual[-2 * quarter]), int(usual[-quarter]))
    for of in (
        days < slices.choosing_from,
        (days >= slices.choosing_from) & (days < slices.calibrating_from),
        days >= slices.calibrating_from,
    ):
        if len(np.unique(outcomes[of])) < 2:
            raise TooLittle("some weeks hold no-shows only, or none at all")
    return slices


def _require(found: int, needed: int, what: str) -> None:
    if found < needed:
        raise TooLittle(f"{found:,} {what}; it takes {needed:,}")


def _calibrated(
    kind: Kind, data: _Data, until: int, slices: Slices, as_by: float = 0.0
) -> NoShowModel:
    """Grown on the days before one, calibrated on the last slice."""
    trees = _grow(kind, data.before(until))
    late = data.days >= slices.calibrating_from
    raw = NoShowModel(kind, trees, *IDENTITY).raw(data.features[late])
    slope, intercept = line(raw, data.outcomes[late], as_by)
    if slope <= 0:
        raise TooLittle("what was learned from earlier weeks says nothing of the latest ones")
    return NoShowModel(kind, trees, slope, intercept)


def _grow(kind: Kind, data: _Data) -> str:
    import lightgbm  # noqa: PLC0415 - takes a second and 100 MB

    matrix = data.features[list(FEATURES)].to_numpy(np.float64)
    dataset = lightgbm.Dataset(matrix, data.outcomes, feature_name=list(FEATURES))
    asked = {**_ALIKE, **_GROWN[kind], "num_threads": data.threads}
    return str(lightgbm.train(asked, dataset).model_to_string())
