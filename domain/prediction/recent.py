"""Recent rates: how departments and clinicians, and the HMO as a whole, have fared of late.

Rates are drawn towards what is usual as by a number of further outcomes, so that a few do not
weigh like many. The numbers come from a search over validation days (decision 0011).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from domain.prediction.asof import AsOf, Sums
from domain.prediction.visits import Floats, Ints, is_ahead, known_day

LEVEL_DAYS: Final = 56
"""Days that the HMO's general level looks back."""

DEPARTMENT_DAYS: Final = 14
CLINICIAN_DAYS: Final = 28

COLUMNS: Final = ("day", "department", "clinician", "ahead", "outcomes", "misses")

_USUAL: Final = 500.0
"""Outcomes as by which the general level is drawn to 20 % (28 % ahead, 5 % on the day)."""
_OF_DEPARTMENT: Final = 200.0
_OF_CLINICIAN: Final = 100.0


@dataclass(frozen=True)
class Levels:
    """What is usual as of some moments: shares of no-shows, 0–1.

    Attributes:
        all: Over all appointments.
        ahead: Over those booked before their day.
        same_day: Over the others.
        department: How much more than usual of those ahead are missed in the department.
        clinician: … and of all with the clinician; NaN if there is none.
    """

    all: Floats
    ahead: Floats
    same_day: Floats
    department: Floats
    clinician: Floats


class Recent:
    """Known outcomes by day, ready to be asked what was known when.

    Args:
        table: Columns `day` (since when it is known), `department`, `clinician` (−1: unknown),
            `ahead` (0 or 1), `outcomes`, `misses`; one row for each combination with any.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        day = table["day"].to_numpy(np.int64)
        ahead = table["ahead"].to_numpy(np.float64)
        outcomes = table["outcomes"].to_numpy(np.float64)
        misses = table["misses"].to_numpy(np.float64)
        values = (misses, outcomes, misses * ahead, outcomes * ahead)
        groups = {
            "everyone": np.zeros(len(table), np.int64),
            "department": table["department"].to_numpy(np.int64),
            "clinician": table["clinician"].to_numpy(np.int64) + 1,
        }
        self._sums = {name: Sums(AsOf(group, day), *values) for name, group in groups.items()}

    @classmethod
    def of(cls, known: pd.DataFrame) -> "Recent":
        """From all visits of the HMO."""
        done = known[known["outcome"].notna()]
        rows = pd.DataFrame(
            {
                "day": known_day(done),
                "department": done["department"].to_numpy(),
                "clinician": done["clinician"].to_numpy(),
                "ahead": is_ahead(done).astype(np.int64),
                "outcomes": 1,
                "misses": done["outcome"].to_numpy().astype(np.int64),
            }
        )
        keys = ["day", "department", "clinician", "ahead"]
        return cls(rows.groupby(keys, as_index=False).sum())

    def levels(self, today: Ints, department: Ints, clinician: Ints) -> Levels:
        """What is usual, known before each day `today` began."""
        everyone = np.zeros(len(today), np.int64)
        misses, outcomes, misses_ahead, outcomes_ahead = self._within(
            "everyone", everyone, today, LEVEL_DAYS
        )
        return Levels(
            all=_drawn(misses, outcomes, 0.20, _USUAL),
            ahead=_drawn(misses_ahead, outcomes_ahead, 0.28, _USUAL),
            same_day=_drawn(misses - misses_ahead, outcomes - outcomes_ahead, 0.05, _USUAL),
            department=self._department(today, department, everyone),
            clinician=self._clinician(today, clinician, everyone),
        )

    def _department(self, today: Ints, department: Ints, everyone: Ints) -> Floats:
        _, _, misses, outcomes = self._within("everyone", everyone, today, DEPARTMENT_DAYS)
        usual = _drawn(misses, outcomes, 0.20, _USUAL)
        _, _, misses, outcomes = self._within("department", department, today, DEPARTMENT_DAYS)
        return _drawn(misses, outcomes, usual, _OF_DEPARTMENT) - usual

    def _clinician(self, today: Ints, clinician: Ints, everyone: Ints) -> Floats:
        misses, outcomes, _, _ = self._within("everyone", everyone, today, CLINICIAN_DAYS)
        usual = _drawn(misses, outcomes, 0.20, _USUAL)
        misses, outcomes, _, _ = self._within("clinician", clinician + 1, today, CLINICIAN_DAYS)
        rate = _drawn(misses, outcomes, usual, _OF_CLINICIAN) - usual
        return np.where(clinician < 0, np.nan, rate)

    def _within(self, name: str, group: Ints, today: Ints, days: int) -> tuple[Floats, ...]:
        """Misses and outcomes, of all and of those ahead, in the days before each `today`."""
        return self._sums[name].between(group, today - days, today)


def _drawn(misses: Floats, outcomes: Floats, usual: float | Floats, weight: float) -> Floats:
    """A share of misses, drawn towards what is usual as by `weight` further outcomes."""
    return (misses + weight * usual) / (outcomes + weight)
