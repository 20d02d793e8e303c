"""Criteria, and what one person may apply them to."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ages import AGE_GROUPS
from domain.criteria import Criteria, House, select
from domain.days import WINDOWS, Calendar
from domain.people import Member, Refused, Role

HOUSE = House(Calendar(ZoneInfo("Asia/Jerusalem")), threshold=3)
NOW = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)

windows = st.integers(1, max(WINDOWS))
departments = st.none() | st.integers(0, 10**6)
age_groups = st.none() | st.integers(0, len(AGE_GROUPS) - 1)


def member(*departments: int) -> Member:
    return Member(1, 1, 1, "Dana", Role.STAFF, frozenset(departments))


@pytest.mark.parametrize("days", [0, -1, max(WINDOWS) + 1])
def test_a_window_of_other_lengths_is_refused(days: int) -> None:
    with pytest.raises(ValueError, match="a window has 1 to 30 days"):
        Criteria(days)


@pytest.mark.parametrize("group", [-1, len(AGE_GROUPS)])
def test_an_age_group_that_there_is_not_is_refused(group: int) -> None:
    with pytest.raises(ValueError, match="no age group"):
        Criteria(age_group=group)


@given(windows, departments, age_groups, departments, age_groups, windows)
def test_changing_one_criterion_leaves_the_others(
    days: int,
    department: int | None,
    group: int | None,
    other_department: int | None,
    other_group: int | None,
    other_days: int,
) -> None:
    criteria = Criteria(days, department, group)
    assert criteria.in_department(other_department) == Criteria(days, other_department, group)
    assert criteria.in_age_group(other_group) == Criteria(days, department, other_group)
    assert criteria.in_window(other_days) == Criteria(other_days, department, group)
    assert criteria == Criteria(days, department, group)


@given(windows, age_groups)
def test_a_selection_reaches_from_now_to_the_end_of_its_last_day(
    days: int, group: int | None
) -> None:
    chosen = select(Criteria(days, None, group), member(), HOUSE, NOW)
    assert chosen.after == NOW
    assert chosen.span.days == days
    assert chosen.before == HOUSE.calendar.end_of(chosen.span)
    assert chosen.before - NOW <= timedelta(days=days)
    assert (chosen.age_group, chosen.threshold) == (group, 3)


def test_no_department_stands_for_all_that_the_person_may_see() -> None:
    assert select(Criteria(), member(), HOUSE, NOW).departments == frozenset()
    assert select(Criteria(), member(4, 7), HOUSE, NOW).departments == {4, 7}


def test_one_department_is_selected_only_by_who_may_see_it() -> None:
    assert select(Criteria(department_id=7), member(4, 7), HOUSE, NOW).departments == {7}
    assert select(Criteria(department_id=7), member(), HOUSE, NOW).departments == {7}
    with pytest.raises(Refused):
        select(Criteria(department_id=8), member(4, 7), HOUSE, NOW)
