"""Records: past appointments with what was known of each on the evening before, and its outcome.

They are read by portions of patients, so that memory does not grow with the store.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlmodel import Session

from domain.days import Calendar, Span
from domain.prediction.features import features
from domain.prediction.recent import LEVEL_DAYS, Recent
from domain.prediction.training import TooLittle
from domain.prediction.visits import Floats, Ints, day_of, evening_before, is_ahead
from storage.history import histories, outcomes_by_day
from storage.learning import span_of

Bools = npt.NDArray[np.bool_]
Tell = Callable[[str], None]

_PATIENTS_AT_ONCE: Final = 5_000
_FIRST_DAY: Final = date(1970, 1, 1)


@dataclass(frozen=True)
class Records:
    """Appointments with a known outcome, in the order of their days.

    Attributes:
        appointments: Their keys.
        departments: Keys.
        days: Since 1970.
        ahead: Whether each was booked before its day.
        outcomes: 1 no-show, 0 came.
        features: What was known on the evening before, or at booking for what was booked on
            its day.
    """

    appointments: Ints
    departments: Ints
    days: Ints
    ahead: Bools
    outcomes: Floats
    features: pd.DataFrame

    def of(self, wanted: Bools) -> "Records":
        """Only some of them."""
        return Records(
            self.appointments[wanted],
            self.departments[wanted],
            self.days[wanted],
            self.ahead[wanted],
            self.outcomes[wanted],
            self.features[wanted].reset_index(drop=True),
        )

    @property
    def span(self) -> Span:
        """Their first and last day."""
        return Span(date_of(int(self.days.min())), date_of(int(self.days.max())))

    def flagged(self, threshold: int) -> Bools:
        """Which the rule flags: so many earlier no-shows."""
        return self.features["misses"].to_numpy() >= threshold


def number_of(day: date) -> int:
    """Days since 1970."""
    return (day - _FIRST_DAY).days


def date_of(number: int) -> date:
    """The day that lies so many days after the first of 1970."""
    return _FIRST_DAY + timedelta(days=number)


def read_records(
    session: Session, calendar: Calendar, until: date, most: int, tell: Tell = lambda _: None
) -> Records:
    """The latest appointments before a day, so many at most, in whole days.

    Raises:
        TooLittle: There is no outcome before that day.
    """
    span = span_of(session, until, most)
    if span is None:
        raise TooLittle(f"no appointment before {until:%d %b %Y} has a known outcome")
    back = timedelta(days=LEVEL_DAYS)
    tell("reading the outcomes of each day")
    recent = Recent(outcomes_by_day(session, Span(span.first - back, span.last), calendar))
    tell("reading what each patient's record was")
    parts = [
        _part(known, recent, span) for known in histories(session, _PATIENTS_AT_ONCE, calendar.zone)
    ]
    return _together(parts)


def _part(known: pd.DataFrame, recent: Recent, span: Span) -> Records:
    day = day_of(known["start"].to_numpy())
    within = (day >= number_of(span.first)) & (day <= number_of(span.last))
    targets = known[within & known["outcome"].notna().to_numpy()].reset_index(drop=True)
    return Records(
        appointments=targets["appointment"].to_numpy(),
        departments=targets["department"].to_numpy(),
        days=day_of(targets["start"].to_numpy()),
        ahead=is_ahead(targets),
        outcomes=targets["outcome"].to_numpy(),
        features=features(targets, evening_before(targets), known, recent),
    )


def _together(parts: list[Records]) -> Records:
    """In the order of days and keys, so that the same store always gives the same."""
    whole = Records(
        np.concatenate([part.appointments for part in parts]),
        np.concatenate([part.departments for part in parts]),
        np.concatenate([part.days for part in parts]),
        np.concatenate([part.ahead for part in parts]),
        np.concatenate([part.outcomes for part in parts]),
        pd.concat([part.features for part in parts], ignore_index=True),
    )
    order = np.lexsort((whole.appointments, whole.days))
    return Records(
        whole.appointments[order],
        whole.departments[order],
        whole.days[order],
        whole.ahead[order],
        whole.outcomes[order],
        whole.features.iloc[order].reset_index(drop=True),
    )
