"""History strips and lead times."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.risk import STRIP_LENGTH, history_strip, lead_days
from domain.statuses import ATTENDED, OUTCOMES, Status

DAYS = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(st.lists(st.tuples(st.sampled_from(Status), st.booleans()), max_size=60))
def test_a_strip_marks_the_latest_outcomes_and_nothing_else(
    visits: list[tuple[Status, bool]],
) -> None:
    strip = history_strip(visits)
    outcomes = [visit for visit in visits if visit[0] in OUTCOMES]
    assert len(strip) == min(len(outcomes), STRIP_LENGTH)
    assert len(strip) <= STRIP_LENGTH
    for mark, (status, excused) in zip(reversed(strip), reversed(outcomes), strict=False):
        assert mark == ("✓" if status in ATTENDED else "○" if excused else "✗")


def test_a_visit_without_an_outcome_leaves_no_mark() -> None:
    visits = [(Status.NOSHOW, False), (Status.ENTERED_IN_ERROR, False), (Status.CANCELLED, True)]
    assert history_strip(visits) == "✗"
    assert history_strip([]) == ""


@given(DAYS, st.integers(0, 5000))
def test_lead_time_counts_whole_days(booked: date, days: int) -> None:
    assert lead_days(booked, booked + timedelta(days=days)) == days
