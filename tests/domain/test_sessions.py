"""Clinicians' sessions: slots, what is open, how full."""

from datetime import timedelta

import pytest

from domain.sessions import Fill, Opening, Time, Use, open_slots
from tests.conftest import MONDAY_MORNING as NOW

SLOT = timedelta(minutes=20)


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def opening(clinician: int, start: int, until: int) -> Opening:
    return Opening(clinician, NOW + minutes(start), NOW + minutes(until), SLOT)


def test_a_session_has_whole_slots_alone() -> None:
    assert [slot.start - NOW for slot in opening(1, 0, 50).slots()] == [minutes(0), minutes(20)]


def test_a_slot_is_open_if_it_is_to_come_and_no_visit_of_its_clinician_touches_it() -> None:
    openings = [opening(1, -20, 100), opening(2, 20, 60)]
    taken = [
        Time(1, NOW + minutes(15), NOW + minutes(35)),
        Time(2, NOW + minutes(40), NOW + minutes(60)),
        Time(3, NOW + minutes(60), NOW + minutes(80)),
    ]
    found = [start - NOW for start in open_slots(openings, taken, NOW)]
    # Clinician 1: 0 is not to come, 20 is touched, 40, 60 and 80 are open; clinician 2: 20 is.
    assert found == [minutes(20), minutes(40), minutes(60), minutes(80)]


def test_fill_rate_is_scheduled_by_template_slots_and_free_time_follows_the_mean_slot() -> None:
    fill = Fill(90, 100, 3_000)
    assert (fill.rate, fill.free, fill.free_hours) == (90, 10, 5)
    assert fill + Fill(10, 0, 0) == Fill(100, 100, 3_000)


def test_an_overbooked_department_has_nothing_free() -> None:
    fill = Fill(11, 10, 200)
    assert fill.rate == pytest.approx(110)
    assert (fill.free, fill.free_hours) == (0, 0)


def test_without_sessions_there_is_no_rate() -> None:
    assert Fill(5, 0, 0).rate is None
    assert Fill(5, 0, 0).free_hours == 0
    assert Use(0, 0).rate is None


def test_utilisation_is_attended_by_available_time() -> None:
    assert (Use(240, 300) + Use(60, 100)).rate == 75
