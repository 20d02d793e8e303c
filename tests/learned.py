"""A store's outcomes with what was known of each the evening before, and a model at work on them.

For tests and benchmarks that learn. Patients are read in portions, so memory does not grow with
the store.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlmodel import Session

from domain.days import Calendar, Span
from domain.prediction.features import features
from domain.prediction.model import NoShowModel
from domain.prediction.recent import LEVEL_DAYS, Recent
from domain.prediction.visits import Floats, Ints, day_of, evening_before
from storage.history import histories, outcomes_by_day
from storage.store import Store

_PATIENTS_AT_ONCE: Final = 5_000


@dataclass(frozen=True)
class Record:
    """Appointments whose outcome is known, in the order of their days.

    Attributes:
        visits: As `domain/prediction/visits.py` describes them.
        features: Of each, as of the evening before its day.
    """

    visits: pd.DataFrame
    features: pd.DataFrame

    @property
    def outcomes(self) -> Floats:
        """1 for a no-show, 0 for a visit."""
        return self.visits["outcome"].to_numpy()

    @property
    def days(self) -> Ints:
        """The day of each, since 1970."""
        return day_of(self.visits["start"].to_numpy())

    def before(self, day: date) -> "Record":
        """Only the days before one."""
        return self._only(self.days < since_1970(day))

    def since(self, day: date) -> "Record":
        """Only the days from one on."""
        return self._only(self.days >= since_1970(day))

    def _only(self, rows: npt.NDArray[np.bool_]) -> "Record":
        return Record(self.visits[rows], self.features[rows])


def record(store: Store, calendar: Calendar, span: Span) -> Record:
    """The outcomes of some days."""
    return store.read_now(_read, calendar, span)


def recent_outcomes(session: Session, calendar: Calendar, span: Span) -> Recent:
    """What has to be known of the HMO to see appointments of some days."""
    longer = Span(span.first - timedelta(days=LEVEL_DAYS), span.last)
    return Recent(outcomes_by_day(session, longer, calendar))


def since_1970(day: date) -> int:
    """A day as `domain/prediction` counts it."""
    return (day - date(1970, 1, 1)).days


@dataclass(frozen=True)
class AtWork:
    """A model that scores, see `storage.rescoring.Scorer`."""

    model_id: int
    model: NoShowModel
    recent: Recent
    calendar: Calendar

    def thousandths(
        self, targets: pd.DataFrame, now: datetime, known: pd.DataFrame
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        on_the_wall = now.astimezone(self.calendar.zone).replace(tzinfo=UTC)
        moments = np.full(len(targets), int(on_the_wall.timestamp()))
        chances = self.model.chances(features(targets, moments, known, self.recent))
        return np.clip(np.round(chances * 1000), 1, 999).astype(np.int64)


def _read(session: Session, calendar: Calendar, span: Span) -> Record:
    recent = recent_outcomes(session, calendar, span)
    parts = list(_parts(session, calendar, span, recent))
    visits = pd.concat([part.visits for part in parts], ignore_index=True)
    found = pd.concat([part.features for part in parts], ignore_index=True)
    order = np.lexsort((visits["appointment"], visits["start"]))
    return Record(visits.iloc[order], found.iloc[order])


def _parts(session: Session, calendar: Calendar, span: Span, recent: Recent) -> Iterator[Record]:
    first, last = since_1970(span.first), since_1970(span.last)
    for known in histories(session, _PATIENTS_AT_ONCE, calendar.zone):
        day = day_of(known["start"].to_numpy())
        done = known["outcome"].notna() & (day >= first) & (day <= last)
        targets = known[done].reset_index(drop=True)
        yield Record(targets, features(targets, evening_before(targets), known, recent))
