"""A slot that Slotwise booked for a waiting patient, and how the HMO's feed tells of it later."""

import pytest

from domain.clock import HandClock
from domain.statuses import Status
from storage.feeds.report import ImportReport
from storage.store import Store
from storage.tables import Appointment, Patient, key_of
from tests.hmo import Hmo
from tests.storage.feeds.helpers import appointment
from tests.storage.offering import Clinic, a_clinic

NEW = "H77"


@pytest.fixture
def hmo(clock: HandClock) -> Hmo:
    """A slot of p1, who is at risk, and a later one of somebody who waits for a sooner one."""
    hmo = Hmo(clock.now())
    hmo.regular("p1", 3, coming=4)
    hmo.visit("late", 20, key="LATER")
    return hmo


@pytest.fixture
def clinic(store: Store, clock: HandClock, hmo: Hmo) -> Clinic:
    return a_clinic(store, clock, hmo)


@pytest.fixture
def booked(clinic: Clinic) -> Appointment:
    """The slot, let go by p1 in silence, booked for who had the later one."""
    backfill = clinic.let_go("p1")
    (offer,) = clinic.send(backfill, [clinic.waits("late")])
    assert clinic.accepts(offer) is None
    replacement = clinic.backfill(backfill).replacement_id
    return clinic.appointment(replacement or 0)


def test_the_hmos_own_row_takes_over_our_booking(
    clinic: Clinic, hmo: Hmo, booked: Appointment
) -> None:
    known = clinic.number(Appointment)
    hmo.visit("late", 4, key=NEW)
    assert again(clinic, hmo).inserted == 0
    adopted = clinic.appointment(key_of(booked))
    assert (adopted.external_id, adopted.status) == (NEW, Status.BOOKED)
    assert (clinic.number(Appointment), clinic.number(Patient)) == (known, 2)
    hmo.rows[-1]["status"] = "cancelled"
    again(clinic, hmo)
    assert clinic.appointment(key_of(booked)).status is Status.CANCELLED
    assert clinic.is_true()


def test_rows_that_do_not_know_yet_change_nothing(
    clinic: Clinic, hmo: Hmo, booked: Appointment
) -> None:
    again(clinic, hmo)
    assert clinic.appointment(key_of(booked)).status is Status.BOOKED
    assert clinic.coming("p1").status is Status.CANCELLED
    assert appointment(clinic.store, "LATER").status is Status.CANCELLED
    assert clinic.is_true()


def test_an_appointment_that_the_hmo_moves_into_the_slot_is_our_booking(
    clinic: Clinic, hmo: Hmo, booked: Appointment
) -> None:
    given_back = appointment(clinic.store, "LATER")
    known = clinic.number(Appointment)
    (moved,) = [row for row in hmo.rows if row["appointment_id"] == "LATER"]
    moved["start"] = booked.start.isoformat()
    again(clinic, hmo)
    assert appointment(clinic.store, "LATER").id == booked.id
    assert clinic.appointment(key_of(given_back)).status is Status.CANCELLED
    assert clinic.number(Appointment) == known
    assert clinic.is_true()


def test_another_row_of_the_patient_is_a_visit_of_its_own(
    clinic: Clinic, hmo: Hmo, booked: Appointment
) -> None:
    hmo.visit("late", 4, "cancelled", key="old")
    hmo.visit("late", 5, key="other day")
    hmo.visit("late", 4, key="elsewhere", department="Dermatology")
    assert again(clinic, hmo).inserted == 3
    assert clinic.appointment(key_of(booked)).external_id.startswith("slotwise-")
    assert clinic.is_true()


def again(clinic: Clinic, hmo: Hmo) -> ImportReport:
    return hmo.load(clinic.store)
