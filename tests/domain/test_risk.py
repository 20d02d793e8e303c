"""History strips and lead times."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.risk import STRIP_LENGTH, history_strip, lead_days
from domain.statuses import ATTENDED, OUTCOMES, Status

DAYS = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(st.lists(st.sampled_from(Status), max_size=60))
def test_a_strip_marks_the_latest_outcomes_and_nothing_else(statuses: list[Status]) -> None:
    strip = history_strip(statuses)
    outcomes = [status for status in statuses if status in OUTCOMES]
    assert len(strip) == min(len(outcomes), STRIP_LENGTH)
    assert len(strip) <= STRIP_LENGTH
    for mark, status in zip(reversed(strip), reversed(outcomes), strict=False):
        assert mark == ("✓" if status in ATTENDED else "✗")


def test_an_excused_visit_leaves_no_mark() -> None:
    assert history_strip([Status.NOSHOW, Status.ENTERED_IN_ERROR, Status.CANCELLED]) == "✗"
    assert history_strip([]) == ""


@given(DAYS, st.integers(0, 5000))
def test_lead_time_counts_whole_days(booked: date, days: int) -> None:
    assert lead_days(booked, booked + timedelta(days=days)) == days
