"""What may be excused, and what a changed number of no-shows makes of a patient."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.corrections import IN_WORDS, NEEDS, Barrier, Excuse, barrier_of_excuse, standing
from domain.people import Member, Role
from domain.statuses import Status


@given(st.sampled_from(Status), st.booleans())
def test_only_a_recorded_no_show_that_counts_can_be_excused(status: Status, excused: bool) -> None:
    barrier = barrier_of_excuse(status, excused=excused)
    assert (barrier is None) == (status is Status.NOSHOW and not excused)
    assert (barrier is Barrier.ALREADY) == (status is Status.NOSHOW and excused)


@pytest.mark.parametrize(("role", "may"), [("staff", True), ("manager", True), ("admin", False)])
def test_staff_and_managers_correct_in_their_departments(role: str, may: bool) -> None:
    member = Member(1, 1, 1, "Dana", Role(role), frozenset({3}))
    assert member.may(NEEDS, 3) is may
    assert not member.may(NEEDS, 4)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (2, 1, "no longer high-risk"),
        (3, 2, "still high-risk"),
        (1, 0, "not high-risk"),
        (1, 2, "high-risk again"),
        (2, 2, "still high-risk"),
    ],
)
def test_what_follows_is_said_in_words(before: int, after: int, words: str) -> None:
    assert standing(before, after, 2) == words


def test_every_reason_has_its_words() -> None:
    assert set(IN_WORDS) == set(Excuse)
