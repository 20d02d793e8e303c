"""The colours of a heatmap and the scale that gives a value its colour."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]

LIGHT_FROM: Final = 0.62
"""The place on the ramp from which white letters have more contrast than dark ones."""
RAMP: Final = ("#fff3d6", "#fdd49e", "#fdac66", "#f07d36", "#cf4d17", "#9c3203", "#5f1b01")
"""One hue from light to dark: lightness alone carries the value, whatever colours one sees."""


class Scale:
    """The colour scale: from a round number to a round number, a few far values beyond it.

    Attributes:
        low, high: Its ends.
        ticks, labels: What is written along it.
        is_used: Whether there is anything to colour.
    """

    def __init__(self, values: Grid) -> None:
        seen = values[np.isfinite(values)]
        self.is_used = seen.size > 0
        least, most = (float(seen.min()), float(seen.max())) if self.is_used else (0.0, 1.0)
        # One small cell must not make all the others pale.
        usual = float(np.quantile(seen, 0.97)) if seen.size >= 30 else most
        finest = 1.0 if (seen == np.round(seen)).all() else 0.1
        step = _round_step(max((usual - least) / 4, finest))
        self.low = math.floor(least / step) * step
        self.high = max(math.ceil(usual / step), round(self.low / step) + 1) * step
        count = round((self.high - self.low) / step)
        self.ticks = [self.low + step * place for place in range(count + 1)]
        self.labels = [f"{tick:,.{0 if step >= 1 else 1}f}" for tick in self.ticks]
        if most > self.high:
            self.labels[-1] += "+"

    def place(self, values: Grid) -> Grid:
        """Where on the scale values are: 0 at its low end, 1 at its high end."""
        return (values - self.low) / (self.high - self.low)


def _round_step(wish: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, … (or 0.1, 0.2, 0.5) that is not below `wish`."""
    power = 10.0 ** math.floor(math.log10(wish))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= wish)
