"""Clocks: always UTC, and one that starts elsewhere runs on at normal speed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.clock import HandClock, MovableClock, SystemClock

TRIAL = datetime(2016, 5, 29, 23, tzinfo=ZoneInfo("Asia/Jerusalem"))


def test_the_machines_clock_tells_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_a_clock_started_elsewhere_runs_on_from_there() -> None:
    before = datetime.now(UTC)
    clock = SystemClock(TRIAL)
    first, second = clock.now(), clock.now()
    passed = datetime.now(UTC) - before
    assert first.tzinfo is UTC
    assert timedelta() <= first - TRIAL <= second - TRIAL <= passed


def test_a_hand_clock_stands_still_until_it_is_moved() -> None:
    clock = HandClock(TRIAL)
    assert clock.now() == clock.now() == TRIAL
    assert clock.now().tzinfo is UTC
    clock.move(timedelta(minutes=10))
    assert clock.now() - TRIAL == timedelta(minutes=10)


def test_a_movable_clock_is_put_on_and_runs_on_from_there() -> None:
    hand = HandClock(TRIAL)
    clock = MovableClock(hand)
    assert clock.now() == TRIAL
    clock.move_to(TRIAL + timedelta(days=1))
    hand.move(timedelta(minutes=10))
    assert clock.now() - TRIAL == timedelta(days=1, minutes=10)
    assert clock.now().tzinfo is UTC
