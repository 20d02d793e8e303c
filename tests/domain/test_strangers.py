"""Strangers: answered five times, then more and more rarely, and never shut out for good."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.strangers import (
    ANSWERED,
    FORGOTTEN_AFTER,
    LONGEST,
    SHORTEST,
    WRONG_CODE,
    Tries,
    quiet_after,
)

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def after(tries: int, counts_as: int = 1) -> Tries:
    """After so many answered tries, each as soon as possible."""
    found, now = Tries(NOW), NOW
    for _ in range(tries):
        now = max(now, found.quiet_until or now)
        found = found.and_one(now, counts_as)
    return found


def test_five_tries_are_answered_before_the_first_quiet_minute() -> None:
    assert [after(tries).quiet_until for tries in range(1, ANSWERED)] == [None] * 4
    assert after(ANSWERED).quiet_until == NOW + MINUTE


def test_each_further_try_doubles_the_quiet_time_up_to_an_hour() -> None:
    quiet = [quiet_after(number) // MINUTE for number in range(4, 14)]
    assert quiet == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert quiet_after(10**9) == LONGEST


def test_a_wrong_code_counts_as_two_tries() -> None:
    assert after(2, WRONG_CODE).quiet_until is None
    assert after(3, WRONG_CODE).quiet_until == NOW + 2 * SHORTEST


def test_quiet_ends_with_its_last_second() -> None:
    quiet = after(ANSWERED)
    assert quiet.is_quiet(NOW + MINUTE - SECOND)
    assert not quiet.is_quiet(NOW + MINUTE)


def test_an_hour_later_all_is_forgotten() -> None:
    few, many = after(2), after(9)
    assert many.quiet_until
    for tries, end in ((few, NOW), (many, many.quiet_until)):
        assert not tries.is_forgotten(end + FORGOTTEN_AFTER - SECOND)
        assert tries.is_forgotten(end + FORGOTTEN_AFTER)
        again = end + FORGOTTEN_AFTER
        assert tries.and_one(again) == Tries(again, 1)


@given(st.lists(st.tuples(st.integers(0, 4 * 3600), st.sampled_from([1, WRONG_CODE])), max_size=60))
def test_whoever_waits_an_hour_is_heard_and_nobody_more_than_some_twenty_times_in_one(
    pauses: list[tuple[int, int]],
) -> None:
    tries, now, answered = Tries(NOW), NOW, []
    for seconds, counts_as in pauses:
        now += timedelta(seconds=seconds)
        if not tries.is_quiet(now):
            tries = tries.and_one(now, counts_as)
            answered.append(now)
        assert tries.quiet_until is None or tries.quiet_until - now <= LONGEST
    for moment in answered:
        assert sum(moment <= other < moment + FORGOTTEN_AFTER for other in answered) <= 20
