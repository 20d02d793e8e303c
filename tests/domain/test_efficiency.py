"""The Efficiency Gain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.efficiency import Efficiency

counts = st.integers(0, 10**7)


@given(counts, counts)
def test_the_gain_is_the_share_of_what_is_scheduled(actioned: int, more: int) -> None:
    figure = Efficiency(actioned, actioned + more)
    if figure.scheduled == 0:
        assert figure.gain is None
    else:
        assert figure.gain is not None
        assert 0 <= figure.gain <= 100
        assert figure.gain * figure.scheduled / 100 == pytest.approx(actioned)


@given(counts, counts, counts)
def test_further_actions_move_the_first_number_alone(
    actioned: int, scheduled: int, more: int
) -> None:
    assert Efficiency(actioned, scheduled).after(more) == Efficiency(actioned + more, scheduled)


def test_the_example_of_the_field_holds() -> None:
    assert Efficiency(12, 351).gain == pytest.approx(3.4188, abs=1e-4)
