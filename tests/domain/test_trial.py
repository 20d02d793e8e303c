"""The trial: who is held out, the interval of what is found, and how much is still needed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.trial import (
    SHARES,
    Group,
    Lift,
    Verdict,
    held_out_needed,
    is_held_out,
    lift,
    still_needed,
    verdict,
    wilson,
)


@st.composite
def groups(draw: st.DrawFn) -> Group:
    visits = draw(st.integers(1, 5000))
    return Group(visits, draw(st.integers(0, visits)))


def found(held_out: Group, reminded: Group) -> Lift:
    known = lift(held_out, reminded)
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((70, 56), (80, 48), 0.0524, 0.3339),
        ((10, 9), (10, 3), 0.1705, 0.8090),
        ((7, 6), (7, 2), 0.0582, 0.8062),
        ((56, 5), (29, 0), -0.0381, 0.1926),
        ((10, 0), (20, 0), -0.1611, 0.2775),
        ((10, 0), (10, 0), -0.2775, 0.2775),
        ((10, 10), (20, 0), 0.6791, 1.0),
        ((10, 10), (10, 0), 0.6075, 1.0),
    ],
)
def test_the_interval_is_that_of_the_examples_of_newcombe(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    known = found(Group(*one), Group(*other))
    assert (round(known.low, 4), round(known.high, 4)) == (low, high)


@given(groups(), groups())
def test_the_interval_holds_the_difference_and_turns_round_with_the_groups(
    one: Group, other: Group
) -> None:
    known, turned = found(one, other), found(other, one)
    assert -1 - 1e-9 <= known.low <= known.difference <= known.high <= 1 + 1e-9
    assert math.isclose(known.low, -turned.high, abs_tol=1e-12)
    assert math.isclose(known.high, -turned.low, abs_tol=1e-12)


@given(groups())
def test_the_interval_of_a_rate_holds_it_and_narrows_with_more_visits(group: Group) -> None:
    low, high = wilson(group)
    assert 0 <= low <= group.no_shows / group.visits <= high <= 1
    closer_low, closer_high = wilson(Group(4 * group.visits, 4 * group.no_shows))
    assert closer_high - closer_low < high - low


def test_of_a_group_without_visits_nothing_is_told() -> None:
    assert lift(Group(), Group(10, 2)) is None
    assert Group().rate is None


@given(st.text(max_size=12), st.text(max_size=32), st.sampled_from(SHARES))
def test_a_patient_stays_where_they_are_and_a_larger_share_holds_them_too(
    reference: str, salt: str, share: int
) -> None:
    assert is_held_out(reference, salt, share) == is_held_out(reference, salt, share)
    assert not is_held_out(reference, salt, 0)
    assert is_held_out(reference, salt, 100)
    if is_held_out(reference, salt, share):
        assert is_held_out(reference, salt, share + 10)


@pytest.mark.parametrize("share", SHARES)
def test_the_share_is_what_was_asked_for_and_each_trial_draws_anew(share: int) -> None:
    everybody = [f"P-{number}" for number in range(20_000)]
    first = {who for who in everybody if is_held_out(who, "one", share)}
    second = {who for who in everybody if is_held_out(who, "two", share)}
    for drawn in (first, second):
        assert abs(100 * len(drawn) / len(everybody) - share) < 1.5
    assert abs(len(first & second) / len(first) - share / 100) < 0.05


def test_as_many_visits_are_needed_as_the_tables_of_two_proportions_say() -> None:
    # 25 % against 20 % and 20 % against 16 %, groups of one size, two-sided 5 %, power 80 %.
    assert held_out_needed(50, 0.25, 0.2) == 1094
    assert held_out_needed(50, 0.20, 0.2) == 1447
    assert held_out_needed(20) < held_out_needed(30) < held_out_needed(50)


def test_before_enough_is_seen_no_difference_is_a_verdict() -> None:
    held_out, reminded = Group(40, 30), Group(160, 10)
    assert found(held_out, reminded).low > 0
    assert verdict(held_out, reminded, 20) is Verdict.TOO_EARLY
    assert verdict(Group(), Group(), 20) is Verdict.TOO_EARLY
    assert still_needed(Group(), Group(), 20) == math.ceil(5 * held_out_needed(20))


@pytest.mark.parametrize(
    ("held_out", "reminded", "concluded"),
    [
        (Group(1000, 250), Group(4000, 800), Verdict.HELPS),
        (Group(1000, 250), Group(4000, 1200), Verdict.HARMS),
        (Group(1000, 250), Group(4000, 990), Verdict.NOT_SHOWN),
    ],
)
def test_with_enough_visits_the_interval_decides(
    held_out: Group, reminded: Group, concluded: Verdict
) -> None:
    assert still_needed(held_out, reminded, 20) == 0
    assert verdict(held_out, reminded, 20) is concluded


@given(groups(), groups(), st.sampled_from(SHARES))
def test_another_visit_of_either_group_never_asks_for_many_more(
    held_out: Group, reminded: Group, share: int
) -> None:
    more = still_needed(held_out, Group(reminded.visits + 1, reminded.no_shows), share)
    assert more <= still_needed(held_out, reminded, share)
