"""Age groups: every age has exactly one."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ages import AGE_GROUPS, OLDEST, UNKNOWN_AGE, age_group, age_on

DAYS = st.dates(date(1900, 1, 1), date(2040, 12, 31))


@given(st.integers(0, OLDEST))
def test_the_label_of_an_age_group_names_bounds_that_hold_the_age(age: int) -> None:
    lowest, highest = bounds(AGE_GROUPS[age_group(age)])
    assert lowest <= age <= highest


def test_the_groups_follow_one_another_without_a_gap() -> None:
    known = [bounds(label) for label in AGE_GROUPS[:UNKNOWN_AGE]]
    assert known[0][0] == 0
    assert [low for low, _ in known[1:]] == [high + 1 for _, high in known[:-1]]
    assert known[-1][1] >= OLDEST


def test_an_unknown_age_stands_last() -> None:
    assert AGE_GROUPS[age_group(None)] == "unknown"
    assert age_group(None) == len(AGE_GROUPS) - 1


@given(DAYS, DAYS)
def test_a_birthday_adds_exactly_one_year(birth: date, day: date) -> None:
    eve, birthday = day - timedelta(days=1), (day.month, day.day) == (birth.month, birth.day)
    leapling = (birth.month, birth.day) == (2, 29) and (day.month, day.day) == (3, 1)
    step = age_on(day, birth) - age_on(eve, birth)
    if birthday or (leapling and (eve.month, eve.day) != (2, 29)):
        assert step == 1
    else:
        assert step == 0


@pytest.mark.parametrize(
    ("day", "age"),
    [(date(2001, 2, 28), 0), (date(2001, 3, 1), 1), (date(2004, 2, 29), 4)],
)
def test_who_was_born_on_29_february_ages_on_1_march_of_common_years(day: date, age: int) -> None:
    assert age_on(day, date(2000, 2, 29)) == age


def bounds(label: str) -> tuple[int, int]:
    numbers = [int(number) for number in re.findall(r"\d+", label)]
    return (numbers[0], OLDEST) if label.endswith("+") else (numbers[0], numbers[1])
