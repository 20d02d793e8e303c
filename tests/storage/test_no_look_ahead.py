"""What comes in later moves no feature as of an evening; on both databases."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlmodel import Session

from domain.days import Span
from domain.prediction.features import features
from domain.prediction.recent import LEVEL_DAYS, Recent
from domain.prediction.visits import DAY, day_of
from storage.history import outcomes_by_day, visits_of
from storage.store import Store
from tests.hmo import HOUSE, Hmo

TOMORROW = date(2026, 11, 24)
EVENING = HOUSE.calendar.start_of(TOMORROW) - timedelta(seconds=1)
LATER = datetime(2026, 12, 20, tzinfo=UTC)
PATIENTS = 25


def schedule() -> Hmo:
    """Two months of visits, some booked weeks ahead, some on the day, as known long afterwards."""
    hmo, draw = Hmo(LATER), np.random.default_rng(5)
    for _ in range(1_500):
        days = float(-draw.integers(0, 60) - draw.integers(0, 9) / 24)
        status = draw.choice(["noshow", "fulfilled", "fulfilled", "cancelled"])
        ahead = float(draw.choice([0.1, 3, 8, 25])) + float(draw.random())
        department = f"Department {draw.integers(0, 3)}"
        who = f"p{draw.integers(0, PATIENTS)}"
        hmo.visit(who, days, str(status), department=department, booked_days_ahead=ahead)
    return hmo


def as_of_the_evening(session: Session) -> pd.DataFrame:
    """The features of all that is booked for tomorrow, indexed by appointment."""
    return seen(session, day_of_1970(TOMORROW) * DAY - 1)


def seen(session: Session, moment: int) -> pd.DataFrame:
    """The features of tomorrow's appointments that were booked by the evening, at a moment."""
    known = visits_of(session, range(1, PATIENTS + 1), HOUSE.calendar.zone)
    tomorrow = day_of(known["start"].to_numpy()) == day_of_1970(TOMORROW)
    booked = known["booked"].to_numpy() < day_of_1970(TOMORROW) * DAY
    targets = known[tomorrow & booked].sort_values("appointment", ignore_index=True)
    span = Span(TOMORROW - timedelta(days=LEVEL_DAYS), LATER.date())
    recent = Recent(outcomes_by_day(session, span, HOUSE.calendar))
    found = features(targets, np.full(len(targets), moment), known, recent)
    return found.set_index(targets["appointment"])


def day_of_1970(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def test_no_feature_of_an_evening_moves_when_later_rows_are_imported(store: Store) -> None:
    hmo = schedule()
    early = hmo.load(store, EVENING)
    before = store.read_now(as_of_the_evening)
    late = hmo.load(store, LATER)
    assert early.not_booked_yet > 100, "bookings were made after the evening"
    assert late.updated > 100, "outcomes became known after the evening"
    assert len(before) > 10
    after = store.read_now(as_of_the_evening)
    pd.testing.assert_frame_equal(after, before)


def test_the_same_rows_do_move_what_is_seen_later(store: Store) -> None:
    schedule().load(store, LATER)
    before = store.read_now(as_of_the_evening)
    a_week_on = store.read_now(seen, (day_of_1970(TOMORROW) + 7) * DAY - 1)
    moved = (before.fillna(-1) != a_week_on.fillna(-1)).any()
    assert {"others_week_after", "others_week_before"} & set(moved[moved].index)
