"""Visits: appointments as columns, the form in which the model sees them.

| column | what |
|---|---|
| `appointment`, `patient`, `department` | ids |
| `clinician` | id, −1 if unknown |
| `start` | seconds since 1970 as the clock on the HMO's wall counts them |
| `booked` | the same of the moment of booking; NaN if unknown |
| `age` | years on the day; NaN if unknown |
| `reminder` | 1 or 0; NaN if unknown |
| `outcome` | 1 no-show, 0 came; NaN if unknown, cancelled or excused |

Wall-clock seconds make days and hours a matter of division, whatever the zone.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

DAY: Final = 86_400
"""Seconds."""

WHOLE: Final = ("appointment", "patient", "department", "clinician", "start")
"""Columns that are never unknown."""

COLUMNS: Final = (*WHOLE, "booked", "age", "reminder", "outcome")

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NEVER: Final = -(1 << 40)


def visits(columns: dict[str, Any]) -> pd.DataFrame:
    """A frame of visits with the right kinds of numbers.

    Raises:
        KeyError: A column is missing.
    """
    kinds = {name: np.int64 if name in WHOLE else np.float64 for name in COLUMNS}
    return pd.DataFrame({name: columns[name] for name in COLUMNS}).astype(kinds)


def day_of(seconds: Ints) -> Ints:
    """Whole days since 1970."""
    return seconds // DAY


def booked_of(frame: pd.DataFrame) -> Ints:
    """When each was booked, in seconds; long ago if that is unknown."""
    booked = frame["booked"].to_numpy()
    return np.where(np.isnan(booked), _NEVER, booked).astype(np.int64)


def is_ahead(frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether each was booked before its day; unknown counts as ahead."""
    return day_of(booked_of(frame)) < day_of(frame["start"].to_numpy())


def known_day(frame: pd.DataFrame) -> Ints:
    """The day after which each outcome can be known: its own, or that of a later entry."""
    return np.maximum(day_of(frame["start"].to_numpy()), day_of(booked_of(frame)))


def evening_before(frame: pd.DataFrame) -> Ints:
    """The last second before each one's day; for what was booked on its day, when it was."""
    midnight = day_of(frame["start"].to_numpy()) * DAY
    return np.maximum(midnight - 1, booked_of(frame))


def at_booking(frame: pd.DataFrame) -> Ints:
    """When each was booked, or the evening before its day if that is unknown."""
    unknown = np.isnan(frame["booked"].to_numpy())
    return np.where(unknown, evening_before(frame), booked_of(frame))


def today_of(moments: Ints) -> Ints:
    """The first day whose outcomes are not known yet at each moment.

    The last second of a day stands for its evening, when that day's outcomes are in.
    """
    return day_of(moments + 1)
