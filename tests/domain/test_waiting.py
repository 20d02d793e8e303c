"""Waiting patients: how likely they come, by how often they did."""

import pytest

from domain.waiting import TARGET_DAYS, URGENCIES, chance_to_miss


def test_of_whom_nothing_is_known_one_in_five_is_expected_to_miss() -> None:
    assert chance_to_miss(0, 0) == pytest.approx(0.2)


def test_the_more_was_seen_the_more_it_says() -> None:
    assert chance_to_miss(1, 1) < chance_to_miss(5, 5) < chance_to_miss(50, 50) < 1
    assert 0 < chance_to_miss(0, 50) < chance_to_miss(0, 5) < 0.2


def test_the_more_urgent_a_patient_is_the_sooner_they_should_be_seen() -> None:
    targets = [TARGET_DAYS[urgency] for urgency in URGENCIES]
    assert targets == sorted(targets, reverse=True)
