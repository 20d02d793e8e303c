"""Odds: chances on the scale on which evidence adds up, and logistic regression there."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from domain.prediction.visits import Floats

_STEPS: Final = 50
_CLOSE: Final = 1e-9
_SURE: Final = 1e-6
"""A chance is never nearer to 0 or 1 than this."""

IDENTITY: Final = (1.0, 0.0)
"""The slope and intercept that leave log odds as they are."""


def log_odds(chances: Floats) -> Floats:
    """`log(p ÷ (1 − p))`."""
    kept = np.clip(chances, _SURE, 1 - _SURE)
    return np.log(kept / (1 - kept))


def chances_of(log_odds: Floats) -> Floats:
    """The chances, 0–1, that such log odds mean."""
    return (1 + np.tanh(log_odds / 2)) / 2  # no exponential that overflows


def line(
    chances: Floats, outcomes: Floats, as_by: float = 0.0, towards: tuple[float, float] = IDENTITY
) -> tuple[float, float]:
    """The line in log odds that fits outcomes best: slope and intercept of Platt's calibration.

    Args:
        chances: What was foretold, 0–1.
        outcomes: What came of it, 1 or 0.
        as_by: Rows as by which the line is drawn towards another one.
        towards: That one.

    Source: J. Platt, Probabilistic Outputs for Support Vector Machines (1999); fitted by Newton's
    method, whose steps are halved where they overshoot.
    """
    design = np.column_stack([log_odds(chances), np.ones(len(chances))])
    usual = np.array(towards)
    pull: npt.NDArray[Any] = np.eye(2) * 1e-6
    if as_by and len(chances):
        pull = pull + _information(design, chances) * (as_by / len(chances))

    def loss(at: Floats) -> float:
        fitted, off = design @ at, at - usual
        return float((np.logaddexp(0, fitted) - outcomes * fitted).sum() + off @ pull @ off / 2)

    found = usual.copy()
    for _ in range(_STEPS):
        fitted = chances_of(design @ found)
        gradient = design.T @ (fitted - outcomes) + pull @ (found - usual)
        step = np.linalg.solve(_information(design, fitted) + pull, gradient)
        while loss(found - step) > loss(found) and np.abs(step).max() >= _CLOSE:
            step = step / 2
        found = found - step
        if np.abs(step).max() < _CLOSE:
            break
    return float(found[0]), float(found[1])


def _information(design: Floats, chances: Floats) -> npt.NDArray[Any]:
    return np.asarray((design * (chances * (1 - chances))[:, None]).T @ design)
