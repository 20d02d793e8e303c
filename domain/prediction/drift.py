"""Drift: whether chances that were given still mean what they said, month by month.

A chance that people act upon can undo itself: who is called comes. Where many are called, chances
look too high the more the better that works; this is to be kept in mind before they are blamed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from domain.prediction.judging import auc, is_in_band
from domain.prediction.odds import line

FEWEST_OF_A_KIND: Final = 200
"""No-shows, and visits kept, of a month that says anything: with fewer, level and slope leave
their band by chance alone now and then."""

LEAST_AUC: Final = 0.6
"""Below this the order of the list is hardly better than guessing."""


@dataclass(frozen=True)
class Month:
    """What became of a month's chances.

    Attributes:
        first: Its first day.
        rows: Appointments with a chance and an outcome.
        no_shows: Of them.
        mean: Mean chance, 0–1.
        slope: Of the calibration; 1 is right.
        auc: 0–1; NaN if all or none came.
    """

    first: date
    rows: int
    no_shows: int
    mean: float
    slope: float
    auc: float

    @property
    def rate(self) -> float:
        """Share of no-shows, 0–1."""
        return self.no_shows / self.rows

    @property
    def level(self) -> float:
        """Mean chance ÷ share of no-shows; NaN without any."""
        return self.mean / self.rate if self.no_shows else float("nan")

    @property
    def is_enough(self) -> bool:
        """Whether there are enough of both outcomes to say anything."""
        return min(self.no_shows, self.rows - self.no_shows) >= FEWEST_OF_A_KIND

    @property
    def problem(self) -> str | None:
        """What is out of its band, in plain words; `None` if nothing, or too little is known."""
        if not self.is_enough:
            return None
        if not is_in_band(self.level):
            return (
                f"chances were too {'high' if self.level > 1 else 'low'}: "
                f"{self.mean:.1%} on average, and {self.rate:.1%} did not come"
            )
        if not self.auc >= LEAST_AUC:
            return f"the order is hardly better than guessing: AUC {self.auc:.2f}"
        if not is_in_band(self.slope):
            too = "much" if self.slope < 1 else "little"
            return f"chances differed too {too} from each other: slope {self.slope:.2f}"
        return None


def months(table: pd.DataFrame) -> list[Month]:
    """Hold chances to account, the earliest month first.

    Args:
        table: Columns `day` (dates), `chance` (0–1) and `outcome` (1 no-show, 0 came).
    """
    if table.empty:
        return []
    first = pd.to_datetime(table["day"]).dt.to_period("M")
    return [_month(period.start_time.date(), of) for period, of in table.groupby(first)]


def _month(first: date, table: pd.DataFrame) -> Month:
    chances, outcomes = table["chance"].to_numpy(float), table["outcome"].to_numpy(float)
    return Month(
        first,
        len(table),
        int(outcomes.sum()),
        float(chances.mean()),
        line(chances, outcomes)[0],
        auc(outcomes, chances),
    )
