"""Deliveries: the table of states, and how long is waited."""

import re
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain import deliveries
from domain.deliveries import MOVES, ORDER, TRIES, Ending, Event, State, back_off, next_state
from domain.pushes import PushKind

events = st.sampled_from(Event)


def test_the_table_in_the_docstring_is_the_one_that_counts() -> None:
    lines = re.findall(r"^\| (\w+) +\| ([\w ]+?) +\| (\w+) ", str(deliveries.__doc__), re.MULTILINE)
    told = {(State(a), Event(b)): State(c) for a, b, c in lines[1:]}
    late = {move for move in MOVES if move[1] is Event.ARRIVED} - {(State.SENDING, Event.ARRIVED)}
    assert told == {move: to for move, to in MOVES.items() if move not in late}


@given(st.lists(events, max_size=30))
def test_nothing_leaves_sent_and_only_a_try_or_its_late_answer_leads_there(
    happens: list[Event],
) -> None:
    state = State.WAITING
    for event in happens:
        moved = next_state(state, event)
        if state is State.SENT:
            assert moved is None
        assert (moved is State.SENT) == (event is Event.ARRIVED and state is not State.SENT)
        state = moved or state


@given(st.integers(1, 1000), st.floats(0, 1))
def test_a_wait_is_at_least_five_seconds_and_at_most_a_quarter_of_an_hour(
    tries: int, chance: float
) -> None:
    assert timedelta(seconds=5) <= back_off(tries, chance) <= timedelta(minutes=15)


def test_waits_double_until_they_are_long_enough() -> None:
    waits = [back_off(tries, 1) for tries in range(1, TRIES)]
    assert waits[0] == timedelta(seconds=10)
    assert [b / a for a, b in pairwise(waits[:7])] == [2] * 6
    assert set(waits[7:]) == {timedelta(minutes=15)}
    least = sum((back_off(tries, 0) for tries in range(1, TRIES)), timedelta())
    assert timedelta(hours=4) < least < sum(waits, timedelta()) < timedelta(hours=10)
    assert back_off(1, 0) == waits[0] / 2


def test_every_kind_has_its_place_and_what_all_get_comes_last() -> None:
    assert sorted(ORDER) == sorted(PushKind)
    assert ORDER[-1] is PushKind.SUMMARY


def test_a_wait_that_was_asked_for_is_no_try() -> None:
    assert not Ending(Event.NOT_YET, "RetryAfter", wait=timedelta(seconds=3)).counts
    assert Ending(Event.LOST, "TimedOut").counts
