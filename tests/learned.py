"""A store's outcomes with what was known of each the evening before, for tests that learn."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from domain.prediction.features import features
from domain.prediction.recent import Recent
from domain.prediction.visits import Floats, Ints, day_of, evening_before
from storage.history import histories
from storage.store import Store

_PORTION: Final = 100_000


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
        return self._only(self.days < _since_1970(day))

    def since(self, day: date) -> "Record":
        """Only the days from one on."""
        return self._only(self.days >= _since_1970(day))

    def _only(self, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> "Record":
        return Record(self.visits[rows], self.features[rows])


def record(store: Store, zone: ZoneInfo) -> Record:
    """All of a store's outcomes."""
    known = store.read_now(lambda session: pd.concat(histories(session, _PORTION, zone)))
    known = known.sort_values(["start", "appointment"], ignore_index=True)
    done = known[known["outcome"].notna()].reset_index(drop=True)
    return Record(done, features(done, evening_before(done), known, Recent.of(known)))


def _since_1970(day: date) -> int:
    return (day - date(1970, 1, 1)).days
