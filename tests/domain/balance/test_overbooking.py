"""Overbooking: advice, exact by convolution."""

from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.balance.overbooking import advise, no_show_distribution, with_extra

chances = st.lists(st.floats(0, 1), max_size=7)


def tried_out(each: list[float], extra: int) -> tuple[float, float]:
    """P(collision) and expected collisions, by trying every way a day can go."""
    p_collision = expected = 0.0
    for stays_away in product((True, False), repeat=len(each)):
        p = prod(one if away else 1 - one for one, away in zip(each, stays_away, strict=True))
        collisions = max(extra - sum(stays_away), 0)
        p_collision += p * (collisions > 0)
        expected += p * collisions
    return p_collision, expected


@settings(max_examples=40, deadline=None)
@given(chances, st.integers(0, 9))
def test_collisions_are_those_of_trying_every_way_a_day_can_go(
    each: list[float], extra: int
) -> None:
    advice = with_extra(each, extra)
    assert (advice.p_collision, advice.expected_collisions) == pytest.approx(tried_out(each, extra))
    assert advice.expected_no_shows == pytest.approx(sum(each))


@settings(max_examples=40, deadline=None)
@given(chances, st.sampled_from((0.0, 0.05, 0.3)))
def test_as_many_are_advised_as_the_risk_allows_and_not_one_more(
    each: list[float], most: float
) -> None:
    advice = advise(each, most)
    assert advice == with_extra(each, advice.extra)
    assert advice.p_collision <= most + 1e-12
    more = with_extra(each, advice.extra + 1)
    assert more.p_collision > most - 1e-12 or advice.extra == len(each)


def test_ten_patients_of_whom_each_stays_away_every_fifth_time() -> None:
    # Binomial: P(0) = 0.8¹⁰ = 0.107, P(1) = 0.268.
    assert no_show_distribution([0.2] * 10)[:2] == pytest.approx([0.8**10, 2 * 0.8**9])
    assert advise([0.2] * 10).extra == 0
    cautious = advise([0.2] * 10, 0.11)
    assert cautious.extra == 1
    assert cautious.expected_collisions == pytest.approx(0.8**10)


def test_on_an_empty_day_nobody_is_advised() -> None:
    assert advise([]).extra == 0


def test_what_is_no_chance_or_number_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        advise([0.2, 1.2])
    with pytest.raises(ValueError, match="-1 more"):
        with_extra([0.2], -1)
