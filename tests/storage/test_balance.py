"""The plan on both databases: from free slots and who waits, to the offers that a manager sends."""

from datetime import timedelta
from typing import Any

import pytest

from domain.ages import AGE_GROUPS
from domain.balance.plan import Candidate, FreeSlot, digest
from domain.balance.times import ANY_TIME
from domain.clock import HandClock
from domain.notices import Channel, NoticeKind
from domain.offers import PRIOR_RATE, too_late_from
from domain.people import Refused, Role
from domain.waiting import WaitState, chance_to_miss
from storage import balance, notices
from storage.free_slots import USUAL_MINUTES, free_slots
from storage.store import Store
from storage.tables import Appointment, ClinicSession, Patient, Waiting, key_of
from storage.takers import takers
from tests.hmo import Hmo, join
from tests.storage.offering import EVERYWHERE, Clinic, a_clinic, a_small_clinic


@pytest.fixture
def clinic(store: Store, clock: HandClock) -> Clinic:
    return a_small_clinic(store, clock)


def free(clinic: Clinic) -> list[FreeSlot]:
    return clinic.store.read_now(free_slots, EVERYWHERE, clinic.house, clinic.clock.now())


def waiting(clinic: Clinic, *departments: int) -> dict[int, Candidate]:
    where, now = frozenset(departments), clinic.clock.now()
    found = clinic.store.read_now(takers, where, clinic.house, now)
    return {one.waiting_id: one for one in found}


def in_session(clinic: Clinic, slot: Appointment, after: int, until: int, **facts: Any) -> None:
    """A session of the slot's clinician, from so many minutes after its start to so many."""
    usual: dict[str, Any] = {"department_id": slot.department_id, "slot_minutes": 25}
    row = ClinicSession(
        clinician_id=slot.clinician_id or 0,
        start=slot.start + timedelta(minutes=after),
        until=slot.start + timedelta(minutes=until),
        **(usual | facts),
    )
    clinic.store.write_now(lambda session: session.add(row))


def test_released_slots_are_free_until_it_is_too_late(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    clinic.authorized("p2")
    slot = clinic.slot(backfill)
    (found,) = free(clinic)
    assert found == FreeSlot(backfill, 1, slot.clinician_id, slot.start, USUAL_MINUTES)
    clinic.clock.move(too_late_from(slot.start) - clinic.clock.now())
    assert free(clinic) == []


def test_a_session_says_how_long_a_slot_is_and_what_for(clinic: Clinic) -> None:
    slot = clinic.slot(clinic.given_back("p1"))
    in_session(clinic, slot, -60, 60, visit_types="first visit; follow-up")
    (found,) = free(clinic)
    assert (found.minutes, found.visit_types) == (25, frozenset({"first visit", "follow-up"}))


@pytest.mark.parametrize(
    ("after", "until", "facts"),
    [
        (-60, 60, {"blocked": True}),
        (60, 120, {}),
        (-60, 0, {}),
        (-60, 60, {"department_id": 2}),
    ],
    ids=["blocked", "later that day", "over by then", "elsewhere"],
)
def test_a_slot_whose_clinician_is_not_there_is_not_free(
    clinic: Clinic, after: int, until: int, facts: dict[str, Any]
) -> None:
    slot = clinic.slot(clinic.given_back("p1"))
    in_session(clinic, slot, after, until, **facts)
    assert free(clinic) == []
    in_session(clinic, clinic.coming("p2"), -60, 60)
    clinic.given_back("p2")
    assert len(free(clinic)) == 1


def test_a_waiting_patient_is_known_by_urgency_history_and_what_they_have(clinic: Clinic) -> None:
    place = clinic.waits("late", urgency=4, visit_type="follow-up")
    had = clinic.coming("late")
    one = waiting(clinic)[place]
    assert (one.urgency, one.visit_type, one.has_booking_on) == (4, "follow-up", had.start)
    assert one.group == AGE_GROUPS[3]
    assert one.p_accept_and_come == pytest.approx(PRIOR_RATE * (1 - chance_to_miss(0, 1)))
    clinic.change(Appointment, had.id, chance=400)
    assert waiting(clinic)[place].p_accept_and_come == pytest.approx(PRIOR_RATE * 0.6)
    assert place not in waiting(clinic, 2)


def test_a_waiting_patient_is_thought_to_take_slots_at_the_hours_they_came(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())  # at 8:00
    for number in range(6):
        hmo.visit("early", -20 - number, "fulfilled")
        hmo.visit("other", -20 - number + 9 / 24, "fulfilled")
    clinic = a_clinic(store, clock, hmo)
    place, new = clinic.waits("early"), clinic.waits("new")
    morning, _, afternoon = waiting(clinic)[place].times
    assert (morning, waiting(clinic)[new].times) == (1.0, ANY_TIME)
    assert afternoon < 0.5


def test_who_may_not_be_written_to_is_not_asked(clinic: Clinic) -> None:
    names = ("willing", "no consent", "no phone", "stopped", "enough", "left", "asked")
    place = {name: clinic.waits(name) for name in names}
    now = clinic.clock.now()
    keys = {name: clinic.store.read_now(_patient, place[name]) for name in names}
    clinic.change(Patient, keys["no consent"], consent=None)
    clinic.change(Patient, keys["no phone"], phone=None)
    clinic.change(Waiting, place["left"], state=WaitState.WITHDRAWN)
    phone = clinic.store.read_now(lambda s: s.get_one(Patient, keys["stopped"]).phone) or ""
    clinic.store.write_now(notices.stop, Channel.SMS, phone, now)
    about = [key_of(clinic.coming(patient)) for patient in ("p2", "p3", "late")]
    for appointment in about:
        told = notices.About(NoticeKind.CONFIRM, appointment)
        clinic.store.write_now(notices.write, keys["enough"], told, clinic.house, now)
    clinic.send(clinic.given_back("p1"), [place["asked"]])
    assert list(waiting(clinic)) == [place["willing"]]


def test_nobody_is_offered_a_slot_twice_or_the_one_they_gave_up(clinic: Clinic) -> None:
    backfill, own = clinic.given_back("p1"), clinic.waits("p1")
    place = clinic.waits("a")
    (offer,) = clinic.send(backfill, [place])
    clinic.declines(offer)
    found = waiting(clinic)
    assert found[place].barred == found[own].barred == {backfill}


def test_a_manager_sends_what_the_plan_proposes(clinic: Clinic) -> None:
    backfills = [clinic.given_back("p1"), clinic.let_go("p2")]
    first, second = clinic.waits("a", urgency=5), clinic.waits("b", urgency=4)
    plan = clinic.plan()
    assert {proposal.candidate.waiting_id for proposal in plan.proposals} == {first, second}
    assert [each.slot.backfill_id for each in clinic.plan(confirmed=True).proposals] == backfills[
        :1
    ]
    now = clinic.clock.now()
    args = (clinic.noa, plan, clinic.house, now)
    assert clinic.store.write_now(balance.send_plan, *args) == 2
    assert clinic.store.write_now(balance.send_plan, *args) == 0
    assert sorted(clinic.told(NoticeKind.OFFER)) == ["a", "b"]
    assert clinic.plan().proposals == ()


def test_a_plan_is_another_one_once_somebody_has_left_or_a_slot_is_taken(clinic: Clinic) -> None:
    clinic.given_back("p1")
    first, second = clinic.waits("a", urgency=5), clinic.waits("b")
    shown = digest(clinic.plan())
    assert digest(clinic.plan()) == shown
    clinic.change(Waiting, second, urgency=2)
    assert digest(clinic.plan()) == shown
    clinic.change(Waiting, first, state=WaitState.WITHDRAWN)
    assert digest(clinic.plan()) != shown


def test_a_manager_of_another_department_sends_nothing(clinic: Clinic) -> None:
    clinic.given_back("p1")
    clinic.waits("a")
    now = clinic.clock.now()
    avi = join(clinic.store, Role.MANAGER, 3, "Avi", now, ("Dermatology",))
    with pytest.raises(Refused):
        clinic.store.write_now(balance.send_plan, avi, clinic.plan(), clinic.house, now)
    assert clinic.told(NoticeKind.OFFER) == []


def _patient(session: Any, place: int) -> int:
    return int(session.get_one(Waiting, place).patient_id)
