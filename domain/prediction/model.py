"""The model: trees and the line that calibrates them, and the text it is kept as.

A damaged text can abort the whole process inside LightGBM, so its checksum is compared before a
single tree is read. Nothing here is a pickle: reading a model runs no code of its own.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from domain.prediction.features import FEATURES
from domain.prediction.odds import chances_of, log_odds
from domain.prediction.visits import Floats

if TYPE_CHECKING:
    from lightgbm import Booster

FORMAT: Final = "slotwise model 1"

_NAMES: Final = f"\nfeature_names={' '.join(FEATURES)}\n"
"""A line of all trees that were grown here."""


class ModelRefused(Exception):  # noqa: N818 - a state of things
    """A text is no model that can be used here. The message says why."""


class Kind(StrEnum):
    """The families of models, by how their trees are grown: told by these words everywhere."""

    BOOSTED = "boosted"
    FOREST = "forest"


@dataclass(frozen=True)
class NoShowModel:
    """Gives each appointment the chance that it becomes a no-show.

    Attributes:
        kind: How its trees were grown.
        trees: LightGBM's own text.
        slope: Of the calibration, in log odds; above 0, so that reasons keep their order.
        intercept: … and what is added.
    """

    kind: Kind
    trees: str
    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not 0 < self.slope < math.inf:
            raise ModelRefused(f"its calibration has the slope {self.slope}, which is not above 0")
        if not math.isfinite(self.intercept):
            raise ModelRefused(f"its calibration has the intercept {self.intercept}")

    def chances(self, features: pd.DataFrame) -> Floats:
        """The chance of each row, 0–1.

        Args:
            features: As `domain.prediction.features.features` gives them.
        """
        raw = log_odds(self.raw(features))
        return chances_of(self.slope * raw + self.intercept)

    def raw(self, features: pd.DataFrame) -> Floats:
        """What the trees say before calibration, 0–1."""
        if features.empty:
            return np.empty(0)
        return np.asarray(self._booster.predict(_matrix(features), num_threads=1))

    def ready(self) -> None:
        """Read the trees now, which takes long the first time.

        Raises:
            ModelRefused: They cannot be read.
        """
        _ = self._booster

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """How much each feature adds to each row, in log odds; they sum to the row's own.

        Source: S. Lundberg et al., Consistent Individualized Feature Attribution for Tree
        Ensembles (2018), as LightGBM computes it.
        """
        found = self._booster.predict(_matrix(features), pred_contrib=True, num_threads=1)
        # Of a forest LightGBM adds up what it averages for a chance.
        trees = self._booster.num_trees() if self.kind is Kind.FOREST else 1
        parts = np.asarray(found)[:, :-1] * self.slope / trees  # the last one is alike for all
        return pd.DataFrame(parts, columns=list(FEATURES))

    def to_text(self) -> str:
        """The model as text: a line of facts about it, then its trees."""
        facts = {
            "format": FORMAT,
            "kind": self.kind.value,
            "features": list(FEATURES),
            "slope": self.slope,
            "intercept": self.intercept,
            "sha256": _sha256(self.trees),
        }
        return f"{json.dumps(facts)}\n{self.trees}"

    @classmethod
    def from_text(cls, text: str) -> "NoShowModel":
        """The model of a text.

        Raises:
            ModelRefused: It is damaged, of another program, or of another version of this one.
        """
        head, _, trees = text.partition("\n")
        try:
            facts: dict[str, Any] = json.loads(head)
            if facts["format"] != FORMAT:
                raise ModelRefused(f"its format is {str(facts['format'])[:40]!r}, not {FORMAT!r}")
            if facts["features"] != list(FEATURES):
                raise ModelRefused("it was made with other features; train a new one")
            if facts["sha256"] != _sha256(trees):
                raise ModelRefused("it is damaged: its checksum is another one")
            if _NAMES not in trees:
                raise ModelRefused("its trees are of another program or other features")
            kind, slope, intercept = facts["kind"], facts["slope"], facts["intercept"]
            return cls(Kind(kind), trees, float(slope), float(intercept))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise ModelRefused("it does not begin like a model of Slotwise") from error

    @cached_property
    def _booster(self) -> "Booster":
        # Takes a second and 100 MB: only whoever uses a model pays for it.
        from lightgbm.basic import Booster, LightGBMError  # noqa: PLC0415

        try:
            return Booster(model_str=self.trees)
        except LightGBMError as error:
            raise ModelRefused("its trees cannot be read") from error


def _matrix(features: pd.DataFrame) -> Floats:
    return features[list(FEATURES)].to_numpy(np.float64)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
