"""When the nightly tidying is due."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.retention import last_night
from tests.hmo import HOUSE

CALENDAR = HOUSE.calendar


@pytest.mark.parametrize(
    ("now", "night"),
    [
        ("2026-11-23T00:59:59+00:00", date(2026, 11, 22)),  # 02:59:59 in Jerusalem
        ("2026-11-23T01:00:00+00:00", date(2026, 11, 23)),
        ("2026-11-23T21:59:59+00:00", date(2026, 11, 23)),
        ("2026-11-23T22:00:00+00:00", date(2026, 11, 23)),  # already the 24th there
        ("2026-03-27T00:00:00+00:00", date(2026, 3, 27)),  # 02:00 became 03:00 that night
        ("2026-10-25T00:30:00+00:00", date(2026, 10, 24)),  # 02:30, not long after 02:00 was 01:00
    ],
)
def test_a_night_is_due_from_three_oclock_where_the_hmo_is(now: str, night: date) -> None:
    assert last_night(CALENDAR, datetime.fromisoformat(now)) == night


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.timedeltas(timedelta()))  # noqa: DTZ001
def test_nights_follow_one_another(at: datetime, later: timedelta) -> None:
    first = at.replace(tzinfo=UTC)
    second = first + min(later, timedelta(days=400))
    passed = last_night(CALENDAR, second) - last_night(CALENDAR, first)
    assert abs(passed - (second - first)) < timedelta(days=1, hours=2)
    assert passed >= timedelta()
