"""How likely a wave fills its slot, and the hours that stay empty."""

import pytest

from domain.balance.dispatch import Wave
from domain.balance.idle import chance_to_be_used, idle_hours
from tests.hmo import HOUSE
from tests.waitlist import candidate, slot


def wave(*chances: float) -> Wave:
    """A wave of a slot of an hour, of patients who accept and come with these chances."""
    asked = [candidate(number, p_accept_and_come=each) for number, each in enumerate(chances, 1)]
    return Wave(slot(1, minutes=60), tuple(asked))


def test_one_patient_fills_a_slot_if_they_accept_and_come() -> None:
    assert chance_to_be_used(wave(0.08), 0.1, HOUSE.calendar) == pytest.approx(0.08)


def test_more_patients_make_it_likelier_and_whoever_is_first_must_also_come() -> None:
    used = chance_to_be_used(wave(*[0.08] * 12), 0.1, HOUSE.calendar)
    assert used == pytest.approx((1 - 0.9**12) * 0.8)


def test_hours_stay_idle_as_far_as_nobody_comes_and_wholly_where_nobody_is_asked() -> None:
    alone = slot(2, department_id=2)
    found = idle_hours([wave(0.5)], [alone], 1.0, HOUSE.calendar)
    assert found[1].before == 1.0
    assert found[1].after == pytest.approx(0.5)
    assert found[2].before == found[2].after == alone.hours
