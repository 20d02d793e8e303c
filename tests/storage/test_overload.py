"""Overload and overbooking on both databases: what is short, who could help, what days bear."""

from datetime import timedelta

import pytest

from domain.clock import HandClock
from domain.days import Span
from storage.overbooking import overbooking
from storage.overload import Overloads, overloads
from storage.store import Store
from storage.tables import Appointment
from tests.hmo import HOUSE, load
from tests.storage.offering import Clinic, a_small_clinic

SESSIONS = "clinician,department,start,end,slot_minutes,visit_types,blocked"


@pytest.fixture
def clinic(store: Store, clock: HandClock) -> Clinic:
    return a_small_clinic(store, clock)


def opens(clinic: Clinic, clinician: str, department: str, days: int, kinds: str = "") -> None:
    """A session of two hours, slots of twenty minutes, from eight o'clock on."""
    start = clinic.clock.now() + timedelta(days=days)
    until = start + timedelta(hours=2)
    line = f"{clinician},{department},{start.isoformat()},{until.isoformat()},20,{kinds},"
    report = load(clinic.store, SESSIONS, [line], clinic.clock.now())
    assert not report.rejected


def look(clinic: Clinic, *departments: int, days: int = 14) -> Overloads:
    today = HOUSE.calendar.day_of(clinic.clock.now())
    span = Span(today + timedelta(days=1), today + timedelta(days=days))
    where = frozenset(departments)
    return clinic.store.read_now(overloads, where, span, HOUSE.calendar)


def test_a_department_is_short_of_what_its_own_sessions_do_not_hold(clinic: Clinic) -> None:
    for number in range(8):
        clinic.waits(f"w{number}", visit_type="echo")
    opens(clinic, "Dr. Cardiology", "Cardiology", 4)
    opens(clinic, "Dr. Dermatology", "Dermatology", 4, "echo;biopsy")
    found = look(clinic)
    (short,) = found.shortages
    # Of six slots one is p1's: five of eight patients find time, and three of them none.
    assert short.waiting == 8
    assert short.free_hours == pytest.approx(5 / 3)
    assert short.overload.hours == pytest.approx(1)
    (help_,) = found.helps
    assert (help_.clinician, help_.move.from_department, help_.move.to) == ("Dr. Dermatology", 2, 1)
    assert help_.until - help_.start == timedelta(hours=2)
    assert look(clinic, 1).helps == ()
    assert look(clinic, 2).shortages == ()


def test_a_slot_that_is_free_to_be_offered_is_no_free_time(clinic: Clinic) -> None:
    for number in range(8):
        clinic.waits(f"w{number}")
    opens(clinic, "Dr. Cardiology", "Cardiology", 4)
    before = look(clinic).shortages
    clinic.given_back("p1")
    assert look(clinic).shortages == before


def test_who_can_come_only_later_needs_no_time_now(clinic: Clinic) -> None:
    clinic.waits("w", earliest=HOUSE.calendar.day_of(clinic.clock.now()) + timedelta(days=30))
    assert look(clinic).shortages == ()
    assert len(look(clinic, days=40).shortages) == 1


def test_days_are_told_with_their_booked_visits_and_what_they_would_bear(clinic: Clinic) -> None:
    clinic.change(Appointment, chance=999)
    today = HOUSE.calendar.day_of(clinic.clock.now())
    span = Span(today + timedelta(days=1), today + timedelta(days=7))
    found = clinic.store.read_now(overbooking, 1, span)
    assert [(it.day - today).days for it in found] == [1, 4, 5, 6]
    assert all((it.booked, it.known, it.advice.extra) == (1, 1, 1) for it in found)
    assert found[0].advice.expected_no_shows == pytest.approx(0.999)
    clinic.change(Appointment, chance=0)
    assert {it.known for it in clinic.store.read_now(overbooking, 1, span)} == {0}
