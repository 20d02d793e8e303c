"""`Advice`: who is short of time, who could help, and what coming days would bear."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.balance.overbooking import Advice
from domain.clock import HandClock
from domain.monospace import width
from domain.people import Role
from handlers import words
from handlers.advice import day_line
from handlers.router import open_screen
from handlers.screens import Visit
from storage.overbooking import DayAdvice
from storage.store import Store
from storage.tables import Appointment
from tests.handlers.desks import desk_at
from tests.hmo import join, load
from tests.storage.offering import Clinic, a_small_clinic


@pytest.fixture
def clinic(sqlite_store: Store, clock: HandClock) -> Clinic:
    return a_small_clinic(sqlite_store, clock)


@pytest.fixture
def noa(clinic: Clinic, tmp_path: Path) -> Iterator[Visit]:
    with desk_at(clinic.store, clinic.clock, tmp_path) as desk:
        yield Visit(desk, clinic.noa)


async def test_who_could_help_is_named_and_nothing_is_moved(noa: Visit, clinic: Clinic) -> None:
    start = clinic.clock.now() + timedelta(days=3)
    until = start + timedelta(hours=2)
    line = f"Dr. Dermatology,Dermatology,{start.isoformat()},{until.isoformat()},echo"
    load(clinic.store, "clinician,department,start,end,visit_types", [line], clinic.clock.now())
    for number in range(4):
        clinic.waits(f"w{number}", visit_type="echo")
    shown = await open_screen(noa, "advice:-")
    assert (
        "Cardiology, echo: 4 waiting, 0.0 h free, 1.3 h short\n\nWho could help:\n"
        "Dr. Dermatology Thu 26 Nov 08:00–10:00 Dermatology → Cardiology "
        "(echo, 1.3 h; 4 waiting, 0.0 h free)\n"
        "Slotwise moves nothing: change it in the HMO's own system."
    ) in shown.text
    assert "Choose a department" in shown.text
    avi = join(clinic.store, Role.MANAGER, 7, "Avi", clinic.clock.now(), ("Cardiology",))
    limited = await open_screen(replace(noa, member=avi), "advice:-")
    assert "Dermatology" not in limited.text
    assert "Other departments than yours are not looked at." in limited.text


async def test_a_departments_days_are_told_once_chances_are_known(
    noa: Visit, clinic: Clinic
) -> None:
    unknown = await open_screen(noa, "advice:1")
    assert "This department has time for who waits" in unknown.text
    assert "cannot be told" in unknown.text
    clinic.change(Appointment, chance=400)
    told = await open_screen(noa, "advice:1")
    assert "Tue 24 Nov      1   0.4   +0  0.00" in told.text
    assert "Slotwise books none of it" in told.text


@given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.integers(0, 9_999), st.floats(0, 999))
def test_a_day_is_one_line_of_34_columns(day: date, booked: int, expected: float) -> None:
    advice = Advice(expected, round(expected), 0.05, expected / 20)
    assert width(day_line(DayAdvice(day, booked, booked, advice))) <= words.WIDTH
