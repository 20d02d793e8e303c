"""Notices: at most once, and never at night."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.days import Calendar
from domain.notices import Manners, NoticeEvent, NoticeState, back_off, next_state
from tests.hmo import ZONE

CALENDAR = Calendar(ZONE)


def local(hour: int, minute: int = 0, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize("state", [NoticeState.SENT, NoticeState.DOUBTFUL, NoticeState.FAILED])
def test_what_may_have_arrived_is_never_begun_again(state: NoticeState) -> None:
    follow = {next_state(state, event) for event in NoticeEvent} - {None}
    assert follow <= {NoticeState.SENT}


@pytest.mark.parametrize(
    ("now", "free"),
    [
        (local(12), local(12)),
        (local(20, 59), local(20, 59)),
        (local(21), local(8, day=24)),
        (local(23, 30), local(8, day=24)),
        (local(3), local(8)),
        (local(8), local(8)),
    ],
)
def test_nobody_is_written_to_at_night(now: datetime, free: datetime) -> None:
    assert Manners().free_at(now, CALENDAR) == free


def test_quiet_hours_may_lie_within_a_day_or_nowhere() -> None:
    siesta = Manners(quiet_from=13 * 60, quiet_until=15 * 60)
    assert siesta.free_at(local(14), CALENDAR) == local(15)
    assert siesta.free_at(local(22), CALENDAR) == local(22)
    assert Manners(quiet_from=0, quiet_until=0).free_at(local(0), CALENDAR) == local(0)


def test_the_night_on_which_clocks_change_ends_at_the_same_hour() -> None:
    before = datetime(2026, 10, 24, 22, tzinfo=ZONE).astimezone(UTC)
    until = Manners().free_at(before, CALENDAR)
    assert until.astimezone(ZONE).hour == 8
    assert until - before == timedelta(hours=11)


def test_a_provider_may_be_away_for_a_night() -> None:
    waits = [back_off(tries) for tries in range(1, 12)]
    assert waits == sorted(waits)
    assert sum(waits, timedelta()) > timedelta(hours=12)
