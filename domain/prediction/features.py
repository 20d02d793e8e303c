"""Features: what is known of an appointment before it takes place, as numbers.

Each is computed as of a moment, from nothing that was not known then: outcomes of earlier days,
and bookings made until then. A cancellation is not known (when it came is not recorded), so a
booking counts as one. Neither sex nor any other protected attribute is among them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from domain.prediction.asof import AsOf, Sums, runs
from domain.prediction.recent import Levels, Recent
from domain.prediction.visits import (
    DAY,
    Floats,
    Ints,
    booked_of,
    day_of,
    is_ahead,
    known_day,
    today_of,
)

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "lead": ("lead",),
        "time": ("weekday", "hour", "booked_weekday", "booked_hour"),
        "age": ("age",),
        "history": (
            *("visits", "misses", "miss_rate", "missed_last", "days_since", "misses_in_a_row"),
            *("visits_ahead", "misses_ahead", "miss_rate_ahead", "excess"),
        ),
        "other bookings": (
            *("others_that_day", "others_week_before", "others_week_after", "open_bookings"),
            *("booked_that_day", "booked_together"),
        ),
        "department": ("department_rate",),
        "clinician": ("clinician_rate",),
        "reminder": ("reminder",),
    }
)
"""The features by what they are about: those of a family move together."""

FEATURES: Final = tuple(name for names in FAMILIES.values() for name in names)

RISING: Final = frozenset(
    {
        *("misses", "miss_rate", "missed_last", "misses_in_a_row"),
        *("misses_ahead", "miss_rate_ahead", "excess"),
    }
)
"""More of these never makes a no-show less likely, …"""

FALLING: Final = frozenset({"reminder"})
"""… and of these never more likely."""

_OF_PATIENT: Final = 4.0
"""Visits as by which a patient's rate is drawn to what is usual."""

_TOGETHER: Final = 60
"""Seconds within which bookings were made together."""


def features(
    targets: pd.DataFrame, moments: Ints, known: pd.DataFrame, recent: Recent
) -> pd.DataFrame:
    """The features of some appointments.

    Args:
        targets: A frame of visits (`domain/prediction/visits.py`).
        moments: As of when each is seen, in wall-clock seconds.
        known: All visits of the targets' patients, the targets among them; what lies after a
            moment does not count.
        recent: The HMO's recent outcomes.

    Returns:
        A column of floats for each of `FEATURES`, a row for each target, in their order.
    """
    today = np.minimum(today_of(moments), day_of(targets["start"].to_numpy()))
    levels = recent.levels(today, targets["department"].to_numpy(), targets["clinician"].to_numpy())
    found = {
        **_booking(targets),
        **_history(targets, today, known, levels),
        **_bookings(targets, moments, today, known),
        "department_rate": levels.department,
        "clinician_rate": levels.clinician,
    }
    return pd.DataFrame({name: found[name] for name in FEATURES})


def _booking(targets: pd.DataFrame) -> dict[str, Floats]:
    start, booked = targets["start"].to_numpy(), targets["booked"].to_numpy()
    age = targets["age"].to_numpy()
    return {
        "lead": np.maximum(start // DAY - np.floor(booked / DAY), 0.0),
        "weekday": _weekday(start.astype(np.float64)),
        "hour": (start % DAY // 3600).astype(np.float64),
        "booked_weekday": _weekday(booked),
        "booked_hour": np.floor(booked % DAY / 3600),
        "age": np.where((age >= 0) & (age <= 120), age, np.nan),
        "reminder": targets["reminder"].to_numpy(),
    }


def _weekday(seconds: Floats) -> Floats:
    """Monday is 0; the first of January 1970 was a Thursday."""
    return (np.floor(seconds / DAY) + 3) % 7


def _history(
    targets: pd.DataFrame, today: Ints, known: pd.DataFrame, levels: Levels
) -> dict[str, Floats]:
    done = known[known["outcome"].notna()]
    patient, missed = done["patient"].to_numpy(), done["outcome"].to_numpy()
    ahead, day = is_ahead(done).astype(np.float64), known_day(done)
    index = AsOf(patient, day, booked_of(done))
    who = targets["patient"].to_numpy()
    sums = Sums(index, missed, np.ones(len(done)), missed * ahead, ahead)
    misses, visits, misses_ahead, visits_ahead = sums.between(who, None, today)
    last = index.between(who, None, today)[1] - 1
    in_a_row = runs(patient[index.order], missed[index.order] == 1)
    expected = visits_ahead * levels.ahead + (visits - visits_ahead) * levels.same_day
    return {
        "visits": visits,
        "misses": misses,
        "miss_rate": (misses + _OF_PATIENT * levels.all) / (visits + _OF_PATIENT),
        "missed_last": _where(visits > 0, missed[index.order], last, np.nan),
        "days_since": today - _where(visits > 0, day[index.order], last, np.nan),
        "misses_in_a_row": _where(visits > 0, in_a_row, last, 0.0),
        "visits_ahead": visits_ahead,
        "misses_ahead": misses_ahead,
        "miss_rate_ahead": (misses_ahead + _OF_PATIENT * levels.ahead)
        / (visits_ahead + _OF_PATIENT),
        # Beyond what such bookings lead one to expect of anybody.
        "excess": (misses - expected) / (visits + _OF_PATIENT),
    }


def _where(
    holds: npt.NDArray[np.bool_],
    values: Ints | Floats,
    index: npt.NDArray[np.intp],
    otherwise: float,
) -> Floats:
    """`values[index]` where that is meant to be, without looking where it is not."""
    found = np.full(len(index), otherwise)
    found[holds] = values[index[holds]]
    return found


def _bookings(
    targets: pd.DataFrame, moments: Ints, today: Ints, known: pd.DataFrame
) -> dict[str, Floats]:
    """Other bookings of the patient; those whose moment of booking is unknown are left out."""
    dated = known[known["booked"].notna()]
    who, own = targets["patient"].to_numpy(), targets["booked"].to_numpy()
    itself = (own <= moments).astype(np.float64)  # NaN is not
    ones = np.ones(len(dated))
    bookings = Sums(AsOf(dated["patient"].to_numpy(), booked_of(dated)), ones)
    over = Sums(AsOf(dated["patient"].to_numpy(), known_day(dated)), ones)
    (made,) = bookings.between(who, None, moments + 1)
    (passed,) = over.between(who, None, today)
    booked = booked_of(targets)
    midnight = day_of(booked) * DAY

    def made_within(since: Ints, before: Ints) -> Floats:
        """How many bookings the patient made in a stretch of time, as far as is known."""
        (number,) = bookings.between(who, since, np.minimum(before, moments + 1))
        return np.where(np.isnan(own), np.nan, number)

    return {
        **_by_day(targets, moments, dated, itself),
        "open_bookings": np.maximum(made - passed - itself, 0.0),
        "booked_that_day": made_within(midnight, midnight + DAY),
        "booked_together": made_within(booked - _TOGETHER, booked + _TOGETHER + 1),
    }


def _by_day(
    targets: pd.DataFrame, moments: Ints, dated: pd.DataFrame, itself: Floats
) -> dict[str, Floats]:
    """How many bookings lie on the target's day, and in the week before and after."""
    day = day_of(dated["start"].to_numpy())
    first = int(day.min(initial=0)) - 8
    days = int(day.max(initial=0)) - first + 9
    index = AsOf(dated["patient"].to_numpy() * days + (day - first), booked_of(dated))
    counts = index.running(np.ones(len(dated)))
    who, on = targets["patient"].to_numpy(), day_of(targets["start"].to_numpy()) - first

    def count(offset: int) -> Floats:
        low, high = index.between(who * days + np.clip(on + offset, 0, days - 1), None, moments + 1)
        return counts[high] - counts[low]

    week = range(1, 8)
    return {
        "others_that_day": np.maximum(count(0) - itself, 0.0),
        "others_week_before": np.sum([count(-ahead) for ahead in week], axis=0),
        "others_week_after": np.sum([count(ahead) for ahead in week], axis=0),
    }
