"""Times: at which part of the day a patient is likely to take a slot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.balance.times import ANY_TIME, part_of, times_of

USUAL = (0.5, 0.25, 0.25)

counts = st.tuples(*[st.integers(0, 200)] * 3)
shares = st.tuples(*[st.floats(0, 1)] * 3)


@pytest.mark.parametrize(
    ("hour", "minute", "part"),
    [(0, 0, 0), (11, 59, 0), (12, 0, 1), (14, 59, 1), (15, 0, 2), (23, 59, 2)],
)
def test_the_day_has_a_morning_a_midday_and_an_afternoon(hour: int, minute: int, part: int) -> None:
    assert part_of(60 * hour + minute) == part


def test_of_whom_nothing_is_known_or_who_comes_as_all_do_any_time_is_as_good() -> None:
    assert times_of((0, 0, 0), USUAL) == ANY_TIME
    assert times_of((6, 3, 3), USUAL) == ANY_TIME


def test_who_came_more_often_than_usual_at_a_time_is_less_likely_at_the_others() -> None:
    # (0 + 4 × ½) ÷ ½ = 4 and (3 + 4 × ¼) ÷ ¼ = 16, each ÷ 7 visits
    assert times_of((0, 3, 0), USUAL) == pytest.approx((0.25, 1, 0.25))
    # (1 + 2) ÷ ½ = 6, (1 + 1) ÷ ¼ = 8 and 4
    assert times_of((1, 1, 0), USUAL) == pytest.approx((0.75, 1, 0.5))


def test_nobody_is_less_than_a_quarter_as_likely_as_at_their_best_time() -> None:
    assert times_of((0, 90, 0), USUAL) == (0.25, 1, 0.25)


def test_shares_are_as_good_as_numbers_and_a_department_without_visits_as_one_of_equal_parts() -> (
    None
):
    assert times_of((1, 1, 0), (20, 10, 10)) == times_of((1, 1, 0), USUAL)
    assert times_of((2, 1, 0), (0, 0, 0)) == times_of((2, 1, 0), (7, 7, 7))


def test_one_visit_at_a_time_that_is_rare_does_not_outdo_all_others() -> None:
    # (1 + 0.4) ÷ 0.1 = 14 beside 4, instead of (1 + 0.04) ÷ 0.01 = 104
    assert times_of((0, 0, 1), (0.5, 0.49, 0.01)) == pytest.approx((4 / 14, 4 / 14, 1))
    assert times_of((0, 0, 1), (0.5, 0.5, 0)) == pytest.approx((4 / 14, 4 / 14, 1))


@given(counts, shares)
def test_the_best_time_is_1_and_no_other_is_more(
    visits: tuple[int, int, int], usual: tuple[float, float, float]
) -> None:
    times = times_of(visits, usual)
    assert max(times) == 1
    assert min(times) >= 0.25


@pytest.mark.parametrize(("visits", "usual"), [((0, -1, 0), USUAL), ((1, 0, 0), (1.5, -0.5, 0))])
def test_fewer_visits_than_none_are_refused(
    visits: tuple[int, int, int], usual: tuple[float, float, float]
) -> None:
    with pytest.raises(ValueError, match="0 or more"):
        times_of(visits, usual)
