"""Age groups: the columns of the density table and one of the criteria.

An age group is kept as its position in `AGE_GROUPS` (a small integer), so that
tables stay narrow and every list of groups has the same order.
"""

from bisect import bisect_right
from datetime import date
from typing import Final

_LOWER_BOUNDS: Final = (0, 18, 30, 40, 50, 60, 70, 80)

AGE_GROUPS: Final = (
    "0–17",
    "18–29",
    "30–39",
    "40–49",
    "50–59",
    "60–69",
    "70–79",
    "80+",
    "unknown",
)
UNKNOWN_AGE: Final = len(AGE_GROUPS) - 1
OLDEST: Final = 120
"""Ages above this are taken for a mistake in the record (years)."""


def age_group(age: int | None) -> int:
    """The position in `AGE_GROUPS` of an age in whole years; `None` is "unknown"."""
    return UNKNOWN_AGE if age is None else bisect_right(_LOWER_BOUNDS, age) - 1


def age_on(day: date, birth_date: date) -> int:
    """Whole years lived on `day` (a person born on 29 February ages on 1 March)."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))
