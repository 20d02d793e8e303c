"""What became of filled slots: won back, lost, a collision, or not known yet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.gains import Filled, Outcome, outcome_of, realised
from domain.statuses import ATTENDED, Status

statuses = st.sampled_from(Status)
slots = st.builds(Filled, statuses, statuses, st.none() | st.integers(5, 120))


@pytest.mark.parametrize(
    ("first", "replacement", "outcome"),
    [
        (Status.CANCELLED, Status.FULFILLED, Outcome.WON),
        (Status.NOSHOW, Status.ARRIVED, Outcome.WON),
        (Status.FULFILLED, Status.FULFILLED, Outcome.COLLISION),
        (Status.CHECKED_IN, Status.ARRIVED, Outcome.COLLISION),
        (Status.CANCELLED, Status.NOSHOW, Outcome.LOST),
        (Status.CANCELLED, Status.CANCELLED, Outcome.LOST),
        (Status.FULFILLED, Status.NOSHOW, Outcome.LOST),
        (Status.CANCELLED, Status.BOOKED, Outcome.UNKNOWN),
        (Status.BOOKED, Status.FULFILLED, Outcome.UNKNOWN),
    ],
)
def test_a_slot_is_won_back_only_if_the_one_stayed_away_and_the_other_came(
    first: Status, replacement: Status, outcome: Outcome
) -> None:
    assert outcome_of(first, replacement) is outcome


def test_a_collision_takes_a_slot_and_its_time_away() -> None:
    won = Filled(Status.CANCELLED, Status.FULFILLED, 30)
    both = Filled(Status.FULFILLED, Status.FULFILLED, 20)
    found = realised([won, won, both, won._replace(minutes=None)])
    assert (found.filled, found.won, found.collisions, found.slots) == (4, 3, 1, 2)
    assert (found.minutes, found.untimed) == (40, 1)
    assert realised([both]).slots == -1


def test_who_kept_their_visit_is_told_beside_and_never_added() -> None:
    found = realised([], [Status.FULFILLED, Status.NOSHOW, Status.BOOKED])
    assert (found.kept, found.kept_unknown) == (1, 1)
    assert (found.filled, found.slots, found.minutes) == (0, 0, 0)


@given(st.lists(slots))
def test_every_filled_slot_counts_once_and_no_gain_exceeds_who_came(filled: list[Filled]) -> None:
    found = realised(filled)
    assert found.filled == len(filled)
    assert found.slots <= sum(slot.replacement in ATTENDED for slot in filled)
