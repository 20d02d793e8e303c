"""Days of the HMO's own calendar, on the days when clocks change above all."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.days import PERIODS, WINDOWS, Calendar, Span, day_finder

JERUSALEM = Calendar(ZoneInfo("Asia/Jerusalem"))
SAO_PAULO = Calendar(ZoneInfo("America/Sao_Paulo"))
SECOND = timedelta(seconds=1)

calendars = st.sampled_from((JERUSALEM, SAO_PAULO))
days = st.dates(date(2000, 1, 1), date(2035, 12, 31))
moments = st.datetimes(datetime(2012, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from(sorted(available_timezones() - {"localtime"})).map(ZoneInfo)


@pytest.mark.parametrize(
    ("calendar", "day", "hours"),
    [
        (JERUSALEM, date(2026, 3, 27), 23),
        (JERUSALEM, date(2026, 10, 25), 25),
        (JERUSALEM, date(2026, 11, 23), 24),
        (SAO_PAULO, date(2018, 11, 4), 23),
        (SAO_PAULO, date(2018, 2, 17), 25),
        (SAO_PAULO, date(2026, 11, 4), 24),
    ],
)
def test_a_day_on_which_clocks_change_is_shorter_or_longer(
    calendar: Calendar, day: date, hours: int
) -> None:
    one = Span(day, day)
    assert calendar.end_of(one) - calendar.start_of(day) == timedelta(hours=hours)


def test_a_day_whose_midnight_is_skipped_begins_with_its_first_moment() -> None:
    begins = SAO_PAULO.start_of(date(2018, 11, 4))
    assert begins == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert begins.astimezone(SAO_PAULO.zone).hour == 1


@given(calendars, days)
def test_a_day_begins_where_the_day_before_ends(calendar: Calendar, day: date) -> None:
    begins = calendar.start_of(day)
    assert calendar.day_of(begins) == day
    assert calendar.day_of(begins - SECOND) == day - timedelta(days=1)
    assert begins.utcoffset() == timedelta()


@given(calendars, moments)
def test_a_moment_lies_within_its_day(calendar: Calendar, moment: datetime) -> None:
    day = calendar.day_of(moment)
    assert calendar.start_of(day) <= moment < calendar.end_of(Span(day, day))


@given(calendars, moments, st.sampled_from(WINDOWS))
def test_a_window_ahead_begins_today_and_has_its_days(
    calendar: Calendar, now: datetime, length: int
) -> None:
    window = calendar.ahead(now, length)
    assert window.first == calendar.day_of(now)
    assert window.days == length
    assert calendar.end_of(window) > now


@given(calendars, moments, st.sampled_from(PERIODS))
def test_a_look_back_ends_with_yesterday_and_has_its_days(
    calendar: Calendar, now: datetime, length: int
) -> None:
    period = calendar.back(now, length)
    assert period.days == length
    assert period.last == calendar.day_of(now) - timedelta(days=1)
    assert calendar.end_of(period) <= now


@given(zones, st.lists(moments, max_size=20))
def test_the_quick_way_to_a_day_agrees_with_the_calendar_in_every_zone(
    zone: ZoneInfo, stream: list[datetime]
) -> None:
    quick, calendar = day_finder(zone), Calendar(zone)
    around = [moment + timedelta(seconds=step) for moment in stream for step in (-899, 0, 899)]
    assert [quick(moment) for moment in around] == [calendar.day_of(moment) for moment in around]


@pytest.mark.parametrize("calendar", [JERUSALEM, SAO_PAULO])
def test_the_quick_way_is_right_through_a_whole_year_of_quarter_hours(calendar: Calendar) -> None:
    quick = day_finder(calendar.zone)
    first = datetime(2018, 1, 1, tzinfo=UTC)
    for quarter in range(0, 366 * 96, 3):
        moment = first + quarter * timedelta(minutes=15)
        assert quick(moment + SECOND) == quick(moment) == calendar.day_of(moment)
