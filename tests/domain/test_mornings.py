"""Mornings: one summary a day at its local time, whatever clocks and programs do."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.days import Calendar
from domain.mornings import EVERY_DAY, MINUTES, Rhythm, day_due, due_on, next_due

JERUSALEM = Calendar(ZoneInfo("Asia/Jerusalem"))
ZONES = (
    "Asia/Jerusalem",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",  # clocks moved at midnight
    "America/Nuuk",  # … and move an hour before it
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # had no 30 December 2011
    "Asia/Kathmandu",
    "UTC",
)

calendars = st.sampled_from(ZONES).map(lambda name: Calendar(ZoneInfo(name)))
rhythms = st.builds(Rhythm, st.integers(0, MINUTES - 1), st.integers(1, EVERY_DAY))
moments = st.integers(0, 16 * 366 * MINUTES).map(
    lambda minutes: datetime(2011, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
pauses = st.lists(st.integers(1, 4 * MINUTES), min_size=1, max_size=40)
"""Minutes between looks: seconds of downtime, or days of it."""


def at(text: str) -> datetime:
    """A moment from its local time in Jerusalem."""
    return datetime.fromisoformat(text).replace(tzinfo=JERUSALEM.zone).astimezone(UTC)


HALF_PAST_SEVEN = Rhythm(7 * 60 + 30)
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


@pytest.mark.parametrize(
    ("now", "last", "day"),
    [
        ("2026-11-23T07:29:59", None, None),
        ("2026-11-23T07:30", None, MONDAY),
        ("2026-11-23T07:50", None, MONDAY),
        ("2026-11-23T23:59:59", None, MONDAY),
        ("2026-11-23T07:50", MONDAY, None),
        ("2026-11-24T00:10", None, None),
        ("2026-11-24T07:29", date(2026, 11, 19), None),
        ("2026-11-24T07:30", date(2026, 11, 19), TUESDAY),
    ],
    ids=[
        "a second too early",
        "on time",
        "down at the time and up twenty minutes later",
        "down all day",
        "sent before",
        "yesterday's was missed",
        "several were missed, and today's time has not come",
        "several were missed, and today's time has come: one",
    ],
)
def test_a_summary_is_sent_on_its_day_from_its_time_on(
    now: str, last: date | None, day: date | None
) -> None:
    assert day_due(HALF_PAST_SEVEN, JERUSALEM, last, at(now)) == day


def test_a_time_that_clocks_skip_comes_as_much_later() -> None:
    assert due_on(date(2026, 3, 27), 2 * 60 + 30, JERUSALEM) == at("2026-03-27T03:30")


def test_a_time_that_comes_twice_counts_once() -> None:
    rhythm, day = Rhythm(60 + 30), date(2026, 10, 25)
    first = due_on(day, rhythm.minute, JERUSALEM)
    second = first + timedelta(hours=1)
    assert first == datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    assert f"{second.astimezone(JERUSALEM.zone):%H:%M}" == "01:30"
    assert day_due(rhythm, JERUSALEM, None, first) == day
    assert day_due(rhythm, JERUSALEM, day, second) is None
    assert next_due(rhythm, JERUSALEM, day, first) == at("2026-10-26T01:30")


def test_a_summary_that_clocks_move_past_midnight_is_still_that_of_the_day_before() -> None:
    nuuk = Calendar(ZoneInfo("America/Nuuk"))
    saturday, rhythm = date(2024, 3, 30), Rhythm(23 * 60 + 30)
    due = due_on(saturday, rhythm.minute, nuuk)
    assert nuuk.day_of(due) == saturday + timedelta(days=1)
    assert day_due(rhythm, nuuk, date(2024, 3, 29), due) == saturday
    assert day_due(rhythm, nuuk, saturday, due) is None


def test_who_joins_after_the_days_time_gets_the_first_one_the_next_day() -> None:
    assert next_due(HALF_PAST_SEVEN, JERUSALEM, None, at("2026-11-23T07:30")) == at(
        "2026-11-24T07:30"
    )
    assert next_due(HALF_PAST_SEVEN, JERUSALEM, None, at("2026-11-23T07:29")) == at(
        "2026-11-23T07:30"
    )


def test_who_has_had_one_today_and_chooses_a_later_time_gets_the_next_tomorrow() -> None:
    later = Rhythm(14 * 60)
    assert next_due(later, JERUSALEM, MONDAY, at("2026-11-23T09:00")) == at("2026-11-24T14:00")


def test_a_clock_that_was_set_back_finds_no_day_twice() -> None:
    due = next_due(HALF_PAST_SEVEN, JERUSALEM, date(2026, 12, 24), at("2026-11-23T06:00"))
    assert due == at("2026-12-25T07:30")


@pytest.mark.parametrize(("minute", "days"), [(-1, 1), (MINUTES, 1), (0, 0), (0, 128)])
def test_a_rhythm_without_a_time_or_a_day_is_none(minute: int, days: int) -> None:
    with pytest.raises(ValueError, match=r"no minute|no weekdays"):
        Rhythm(minute, days)


@given(rhythms, calendars, st.none() | st.dates(date(2011, 1, 1), date(2027, 1, 1)), moments)
def test_the_next_one_lies_ahead_on_a_wanted_day_and_is_then_sent(
    rhythm: Rhythm, calendar: Calendar, last: date | None, now: datetime
) -> None:
    due = next_due(rhythm, calendar, last, now)
    assert due > now
    day = day_due(rhythm, calendar, last, due)
    assert day is not None
    assert rhythm.includes(day)
    assert last is None or day > last
    assert day_due(rhythm, calendar, day, due) is None


@given(rhythms, calendars, moments)
def test_a_program_that_never_rests_serves_every_wanted_day_once_and_on_time(
    rhythm: Rhythm, calendar: Calendar, began: datetime
) -> None:
    served: list[date] = []
    now = began
    for _ in range(12):
        now = next_due(rhythm, calendar, served[-1] if served else None, now)
        day = day_due(rhythm, calendar, served[-1] if served else None, now)
        assert day is not None
        local = now.astimezone(calendar.zone)
        assert local.hour * 60 + local.minute >= rhythm.minute or local.date() > day
        served.append(day)
    for one, other in pairwise(served):
        between = [one + timedelta(days=n) for n in range(1, (other - one).days)]
        skipped = [day for day in between if rhythm.includes(day) and _exists(day, calendar)]
        assert skipped == []


@given(rhythms, calendars, moments, pauses)
def test_a_program_that_is_often_down_serves_no_day_twice_early_or_late(
    rhythm: Rhythm, calendar: Calendar, now: datetime, minutes: list[int]
) -> None:
    last: date | None = None
    for pause in minutes:
        now += timedelta(minutes=pause)
        day = day_due(rhythm, calendar, last, now)
        if day is None:
            continue
        assert last is None or day > last
        assert due_on(day, rhythm.minute, calendar) <= now
        assert calendar.day_of(due_on(day, rhythm.minute, calendar)) == calendar.day_of(now)
        assert day_due(rhythm, calendar, day, now) is None
        last = day


def _exists(day: date, calendar: Calendar) -> bool:
    """Whether the calendar of the zone has that day at all."""
    return calendar.day_of(calendar.start_of(day)) == day
