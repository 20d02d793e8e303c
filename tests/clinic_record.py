"""A made-up record of visits for tests of prediction, with something in it that can be learned.

Who misses visits goes on missing them, what is booked long ahead is missed more often, and
departments differ; the rest is chance. The same seed makes the same record.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from domain.prediction.features import features
from domain.prediction.recent import Recent
from domain.prediction.visits import DAY, Floats, Ints, day_of, evening_before, visits
from tests.hmo import ZONE

TODAY: Final = date(2026, 11, 23)
"""The day on which the tests' clock stands."""

DEPARTMENTS: Final = ("Cardiology", "Dermatology", "Neurology", "Orthopaedics", "Paediatrics")
_WORSE: Final = np.array([-0.5, 0.6, 0.0, 0.3, -0.3])
"""What each department adds to the log odds of a no-show."""


def record(
    patients: int = 1_500, days: int = 60, seed: int = 1, *, coming: int = 0, today: date = TODAY
) -> pd.DataFrame:
    """A frame of visits (`domain/prediction/visits.py`), four or so of each patient.

    Args:
        patients: How many.
        days: Days before today with visits, whose outcomes are known but for a few.
        seed: Of the chance.
        coming: Days from today on with appointments that are booked already.
        today: The day as of which it is.
    """
    chance = np.random.default_rng(seed)
    patient = np.repeat(np.arange(1, patients + 1), 1 + chance.poisson(3, patients))
    rows = len(patient)
    habit = chance.normal(0, 1, patients + 1)[patient]
    years = chance.integers(1, 95, patients + 1)[patient].astype(np.float64)
    department = chance.integers(0, len(DEPARTMENTS), rows)
    lead = np.where(chance.random(rows) < 0.3, 0, 1 + chance.geometric(0.06, rows))
    lead = np.minimum(lead, 90)
    reminder = np.where(lead > 2, chance.random(rows) < 0.6, 0).astype(np.float64)
    now = (today - date(1970, 1, 1)).days
    day = now + chance.integers(-days, coming or 1, rows) - (0 if coming else 1)
    lead = np.maximum(lead, day - now + 1)  # what is still to come was booked until yesterday
    start = day * DAY + chance.integers(14, 36, rows) * 1800
    booked = (start - lead * DAY - chance.integers(0, 7, rows) * 1800).astype(np.float64)
    odds = -2.6 + 1.2 * (lead > 0) + 0.03 * np.minimum(lead, 40) + 1.1 * habit
    odds += _WORSE[department] - 0.015 * (years - 45) - 0.5 * reminder
    outcome = (chance.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    return visits(
        {
            "appointment": np.arange(1, rows + 1),
            "patient": patient,
            "department": department + 1,
            "clinician": department * 2 + chance.integers(0, 2, rows) + 1,
            "start": start,
            "booked": _some_unknown(booked, 0.02, chance),
            "age": _some_unknown(years, 0.02, chance),
            "reminder": _some_unknown(reminder, 0.02, chance),
            "outcome": np.where(day >= now, np.nan, _some_unknown(outcome, 0.05, chance)),
        }
    )


@dataclass(frozen=True)
class Past:
    """Visits whose outcomes are known.

    Attributes:
        features: Of each as of the evening before its day.
        outcomes: 1 for a no-show, 0 for a visit.
        days: Days since 1970.
    """

    features: pd.DataFrame
    outcomes: Floats
    days: Ints

    def where(self, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "Past":
        """Some of them."""
        return Past(
            self.features[chosen].reset_index(drop=True), self.outcomes[chosen], self.days[chosen]
        )


def past_of(frame: pd.DataFrame) -> Past:
    """What can be learned from a record."""
    done = frame[frame["outcome"].notna()].reset_index(drop=True)
    seen = features(done, evening_before(done), frame, Recent.of(frame))
    return Past(seen, done["outcome"].to_numpy(), day_of(done["start"].to_numpy()))


def rows_of(frame: pd.DataFrame, today: date = TODAY) -> list[dict[str, str]]:
    """The same record as rows of a feed, to be loaded with `tests.hmo.Hmo(now, rows)`.

    What has no outcome was cancelled if it is past, and is booked if it is to come.
    """
    now = (today - date(1970, 1, 1)).days * DAY
    return [
        {
            "appointment_id": f"A{visit['appointment']}",
            "patient_id": f"P{visit['patient']}",
            "department": DEPARTMENTS[visit["department"] - 1],
            "start": _moment(visit["start"]),
            "status": _status(visit["outcome"], visit["start"] < now),
            "booked_at": _moment(visit["booked"]),
            "age": "" if np.isnan(visit["age"]) else f"{visit['age']:.0f}",
            "clinician": f"Dr. {visit['clinician']}",
        }
        for visit in frame.to_dict("records")
    ]


def _some_unknown(values: Floats, share: float, chance: np.random.Generator) -> Floats:
    return np.where(chance.random(len(values)) < share, np.nan, values)


def _moment(seconds: float) -> str:
    if np.isnan(seconds):
        return ""
    on_the_wall = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    return on_the_wall.replace(tzinfo=ZONE).isoformat()


def _status(outcome: float, is_past: bool) -> str:
    if np.isnan(outcome):
        return "cancelled" if is_past else "booked"
    return "noshow" if outcome else "fulfilled"
