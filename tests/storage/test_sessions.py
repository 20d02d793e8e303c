"""How full clinicians' sessions are, how much of them was used, and what is open next."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from domain.clock import HandClock
from domain.days import Span
from domain.sessions import Fill, Use
from storage import sessions
from storage.store import Store
from storage.tables import ClinicSession, Department
from tests.hmo import HOUSE, Hmo, load
from tests.storage.plans import plan_of

HEADER = "clinician,department,start,end,slot_minutes,blocked"


def row(department: str, start: datetime, hours: float, slot: int = 20, blocked: str = "") -> str:
    end = start + timedelta(hours=hours)
    return f"Dr. {department},{department},{start.isoformat()},{end.isoformat()},{slot},{blocked}"


@pytest.fixture
def clinic(store: Store, clock: HandClock) -> Store:
    """Tomorrow Cardiology has six slots, of which two are taken and one was given back."""
    now = clock.now()
    hmo = Hmo(now)
    for number in range(2):
        hmo.visit(f"p{number}", 1 + number / 72)
    hmo.visit("p3", 1 + 2 / 72, "cancelled")
    hmo.visit("p4", 1 + 2 / 72, "cancelled", department="Eyes")
    hmo.visit("p5", -7, "fulfilled")
    hmo.visit("p6", -7 + 1 / 72, "noshow")
    hmo.visit("p7", -7 + 2 / 72, "arrived")
    hmo.visit("p8", -6, "fulfilled")
    hmo.load(store)
    tomorrow = now + timedelta(days=1)
    rows = [
        row("Cardiology", tomorrow, 2),
        row("Cardiology", tomorrow + timedelta(hours=4), 2, 20, "yes"),
        row("Eyes", tomorrow, 1.1, 30),
        row("Cardiology", now - timedelta(days=7), 2),
    ]
    load(store, HEADER, rows, now)
    return store


def key(store: Store, name: str) -> int:
    def work(session: Session) -> int:
        return session.exec(select(Department.id).where(Department.name == name)).one() or 0

    return store.read_now(work)


def coming(clock: HandClock) -> Span:
    ahead = HOUSE.calendar.ahead(clock.now(), 8)
    return Span(ahead.first + timedelta(days=1), ahead.last)


def test_fill_is_scheduled_by_template_slots_and_leaves_out_what_is_blocked(
    clinic: Store, clock: HandClock
) -> None:
    found = clinic.read_now(sessions.fills, (), coming(clock), HOUSE.calendar)
    assert [(it.department, it.fill) for it in found] == [
        ("Cardiology", Fill(2, 6, 120)),
        ("Eyes", Fill(0, 2, 60)),
    ]
    one = clinic.read_now(sessions.fills, {key(clinic, "Eyes")}, coming(clock), HOUSE.calendar)
    assert one == found[1:]


def test_utilisation_is_the_time_of_who_came_by_the_time_there_was(
    clinic: Store, clock: HandClock
) -> None:
    span = HOUSE.calendar.back(clock.now(), 14)
    found = clinic.read_now(sessions.use, key(clinic, "Cardiology"), span, HOUSE.calendar)
    # Two came, each without a duration; the one on the day after came outside all sessions.
    assert found == Use(40, 120)
    assert clinic.read_now(sessions.use, key(clinic, "Eyes"), span, HOUSE.calendar) == Use(0, 0)


def test_the_third_open_slot_is_found_however_far_ahead(clinic: Store, clock: HandClock) -> None:
    now, eyes = clock.now(), key(clinic, "Eyes")
    third = clinic.read_now(sessions.third_next, key(clinic, "Cardiology"), HOUSE.calendar, now)
    assert third == now + timedelta(days=1, minutes=80)
    assert clinic.read_now(sessions.third_next, eyes, HOUSE.calendar, now) is None
    later = now + timedelta(days=40)
    load(clinic, HEADER, [row("Eyes", later, 1, 30)], now)
    assert clinic.read_now(sessions.third_next, eyes, HOUSE.calendar, now) == later
    clock.move(timedelta(days=1, minutes=1))
    assert clinic.read_now(sessions.third_next, eyes, HOUSE.calendar, clock.now()) == later + (
        timedelta(minutes=30)
    )


def test_a_large_store_is_never_read_as_a_whole(sqlite_store: Store, clock: HandClock) -> None:
    def fill(session: Session) -> None:
        session.add(Department(id=1, name="Eyes"))
        session.flush()

    sqlite_store.write_now(fill)
    load(sqlite_store, HEADER, [row("Eyes", clock.now() + timedelta(days=1), 4)], clock.now())
    assert sqlite_store.read_now(lambda session: len(session.exec(select(ClinicSession)).all()))
    span = coming(clock)
    plans = [
        plan_of(sqlite_store, sessions.fills, (), span, HOUSE.calendar),
        plan_of(sqlite_store, sessions.use, 1, span, HOUSE.calendar),
        plan_of(sqlite_store, sessions.third_next, 1, HOUSE.calendar, clock.now()),
    ]
    steps = "\n".join(plans)
    assert "SCAN clinic_session" not in steps
    assert "SCAN appointment" not in steps
    assert "SEARCH clinic_session USING COVERING INDEX ix_clinic_session_department" in steps
    assert "SEARCH appointment USING COVERING INDEX ix_appointment_clinician" in steps
