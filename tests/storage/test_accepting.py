"""Accepting on both databases: who has the slot, what is booked, and what is told to whom."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import col, select

from domain.answers import Answer, Source
from domain.backfills import Stage
from domain.clock import HandClock
from domain.criteria import Criteria
from domain.criteria import select as select_criteria
from domain.notices import Channel, NoticeKind
from domain.offers import OfferBarrier, OfferState
from domain.pushes import PushKind
from domain.statuses import Status
from domain.transfers import Kind, State
from domain.waiting import WaitState
from storage import answers, backfills, outbox, proposals, slots
from storage.bookings import REPLACEMENT, SWAPPED
from storage.efficiency import efficiency
from storage.store import Store
from storage.tables import Action, ClinicSession, Patient, Waiting, key_of
from tests.hmo import HOUSE
from tests.storage.offering import Clinic, a_small_clinic


@pytest.fixture
def clinic(store: Store, clock: HandClock) -> Clinic:
    return a_small_clinic(store, clock)


def test_who_accepts_has_the_slot_and_the_next_one_hears_that_it_is_gone(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    slot = clinic.slot(backfill)
    first, second = clinic.send(backfill, [clinic.waits("a"), clinic.waits("b")])
    clinic.reached()
    assert clinic.accepts(second) is None
    assert clinic.accepts(first) is OfferBarrier.GONE
    assert clinic.accepts(second) is OfferBarrier.YOURS
    assert clinic.declines(second) is OfferBarrier.YOURS
    booked = clinic.coming("b")
    assert (booked.external_id, booked.status) == (f"slotwise-{backfill}", Status.BOOKED)
    assert (booked.start, booked.day, booked.clinician_id, booked.department_id) == (
        slot.start,
        slot.day,
        slot.clinician_id,
        slot.department_id,
    )
    filled = clinic.backfill(backfill)
    assert (filled.stage, filled.replacement_id) == (Stage.FILLED, booked.id)
    place = clinic.all(select(Waiting).where(col(Waiting.appointment_id) == booked.id))
    assert [row.state for row in place] == [WaitState.BOOKED]
    clinic.step()
    assert clinic.told(NoticeKind.BOOKED) == ["b"]
    assert clinic.told(NoticeKind.GONE) == ["a"]
    assert clinic.told(NoticeKind.RELEASED) == []
    assert clinic.is_true()


def test_who_never_got_the_offer_is_not_told_that_it_is_gone(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    first, _ = clinic.send(backfill, [clinic.waits("a"), clinic.waits("b")])
    clinic.accepts(first)
    clinic.step()
    assert clinic.told(NoticeKind.OFFER) == clinic.told(NoticeKind.GONE) == []


def test_the_slot_goes_on_counting_by_the_replacements_own_action(clinic: Clinic) -> None:
    selection = select_criteria(Criteria(), clinic.noa, HOUSE, clinic.clock.now())

    def figure() -> tuple[int, int]:
        found = clinic.store.read_now(efficiency, selection)
        return found.actioned, found.scheduled

    assert figure() == (0, 5)
    silent, spoken = clinic.let_go("p1"), clinic.given_back("p2")
    assert figure() == (1, 4)
    for backfill, patient in ((silent, "a"), (spoken, "b")):
        (offer,) = clinic.send(backfill, [clinic.waits(patient)])
        assert clinic.accepts(offer) is None
    assert figure() == (2, 5)
    (action,) = clinic.all(
        select(Action).where(col(Action.appointment_id) == clinic.coming("a").id)
    )
    assert (action.kind, action.state, action.reason) == (
        Kind.TRANSFER,
        State.AUTHORIZED,
        REPLACEMENT,
    )
    assert action.decided_by == clinic.noa.id
    assert clinic.is_true()


def test_a_patient_who_stayed_silent_keeps_the_slot_until_somebody_accepts(clinic: Clinic) -> None:
    backfill = clinic.let_go("p1")
    (offer,) = clinic.send(backfill, [clinic.waits("a")])
    assert clinic.slot(backfill).status is Status.BOOKED
    clinic.clock.move(timedelta(minutes=5))
    clinic.accepts(offer)
    slot = clinic.slot(backfill)
    assert (slot.status, slot.released_at) == (Status.CANCELLED, clinic.clock.now())
    assert clinic.told(NoticeKind.RELEASED) == ["p1"]
    assert clinic.is_true()


def test_a_silent_patient_who_could_not_be_told_keeps_the_slot_and_is_called(
    clinic: Clinic,
) -> None:
    backfill = clinic.let_go("p1")
    first, _ = clinic.send(backfill, [clinic.waits("a"), clinic.waits("b")])
    clinic.reached()
    clinic.change(Patient, clinic.slot(backfill).patient_id, consent=False)
    assert clinic.accepts(first) is OfferBarrier.WITHDRAWN
    assert clinic.slot(backfill).status is Status.BOOKED
    clinic.step()
    assert clinic.backfill(backfill).stage is Stage.CALLING
    assert clinic.told(NoticeKind.GONE) == ["a", "b"]
    assert clinic.is_true()


def test_who_says_stop_does_not_lose_a_slot_by_silence_any_more(clinic: Clinic) -> None:
    backfill = clinic.let_go("p1")
    (offer,) = clinic.send(backfill, [clinic.waits("a")])
    who = clinic.slot(backfill).patient_id
    clinic.store.write_now(answers.stop_for, who, Channel.SMS, clinic.clock.now())
    assert clinic.backfill(backfill).stage is Stage.CALLING
    assert clinic.accepts(offer) is OfferBarrier.WITHDRAWN
    assert clinic.slot(backfill).status is Status.BOOKED


def test_what_the_patient_had_later_is_given_back_and_proposed_to_managers(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    had = clinic.coming("late")
    place = clinic.waits("late")
    (offer,) = clinic.send(backfill, [place])
    assert clinic.look(offer).own_start == had.start
    assert clinic.coming("late").status is Status.BOOKED
    clinic.accepts(offer)
    old = clinic.appointment(key_of(had))
    assert (old.status, old.released_at) == (Status.CANCELLED, clinic.clock.now())
    assert clinic.store.read_now(slots.given_back, key_of(old))
    waiting = clinic.store.read_now(proposals.waiting, clinic.noa, clinic.clock.now(), 0, 9)
    assert [(action.appointment_id, action.note) for action, _ in waiting.rows] == [
        (had.id, SWAPPED)
    ]
    assert clinic.look(offer).own_start is None
    assert clinic.is_true()


def test_a_later_slot_that_was_authorised_itself_is_released_at_once(clinic: Clinic) -> None:
    backfill, own = clinic.given_back("p1"), clinic.authorized("p3")
    (offer,) = clinic.send(backfill, [clinic.waits("p3")])
    clinic.accepts(offer)
    released = clinic.backfill(own)
    assert (released.stage, released.due_at) == (Stage.RELEASED, clinic.clock.now())
    assert clinic.slot(own).status is Status.CANCELLED
    assert clinic.is_true()


def test_a_replacement_that_is_given_up_for_an_earlier_slot_is_free_again(clinic: Clinic) -> None:
    later = clinic.given_back("p3")
    clinic.accepts(*clinic.send(later, [clinic.waits("a")]))
    replacement = clinic.coming("a")
    earlier = clinic.given_back("p1")
    clinic.accepts(*clinic.send(earlier, [clinic.waits("a", external_id="again")]))
    open_one = clinic.store.read_now(backfills.open_of, key_of(replacement))
    assert open_one is not None
    assert (open_one.stage, open_one.due_at) == (Stage.RELEASED, clinic.clock.now())
    assert clinic.is_true()


def test_an_acceptance_that_fails_half_way_leaves_nothing_behind(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    backfill = clinic.let_go("p1")
    (offer,) = clinic.send(backfill, [clinic.waits("late")])

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power fails")

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "enqueue", fail)
        with pytest.raises(RuntimeError):
            clinic.accepts(offer)
    assert clinic.look(offer).state is OfferState.OPEN
    assert clinic.slot(backfill).status is clinic.coming("late").status is Status.BOOKED
    assert clinic.is_true()
    assert clinic.accepts(offer) is None


def test_a_visit_before_the_slot_or_in_another_department_stays(clinic: Clinic) -> None:
    backfill = clinic.given_back("d1")
    early, later = clinic.coming("early"), clinic.coming("late")
    first, second = clinic.send(
        backfill, [clinic.waits("early", "Dermatology"), clinic.waits("late", "Dermatology")]
    )
    clinic.accepts(first)
    for kept in (early, later):
        assert clinic.appointment(key_of(kept)).status is Status.BOOKED
    assert second


def test_one_patient_with_two_offers_takes_one_and_the_other_wave_goes_on(clinic: Clinic) -> None:
    here, there = clinic.given_back("p1"), clinic.given_back("d1")
    (offer,) = clinic.send(here, [clinic.waits("a")])
    (other,) = clinic.send(there, [clinic.waits("a", "Dermatology")])
    clinic.reached()
    clinic.accepts(offer)
    assert clinic.accepts(other) is OfferBarrier.WITHDRAWN
    clinic.step()
    assert clinic.backfill(there).stage is Stage.RELEASED
    assert clinic.told(NoticeKind.GONE) == []


def test_who_took_another_slot_is_not_told_later_that_the_first_is_gone(clinic: Clinic) -> None:
    here, there = clinic.given_back("p1"), clinic.given_back("d1")
    (offer,) = clinic.send(here, [clinic.waits("a")])
    clinic.send(there, [clinic.waits(each, "Dermatology") for each in ("a", "b")])
    clinic.reached()
    clinic.accepts(offer)
    clinic.clock.move(timedelta(hours=1))
    said = (key_of(clinic.slot(there)), Answer.CONFIRM, Source.PAGE)
    clinic.store.write_now(answers.answer_visit, *said, clinic.house, clinic.clock.now())
    clinic.step()
    assert clinic.told(NoticeKind.GONE) == ["b"]


def test_two_offers_of_one_place_at_once_get_it_one_slot(clinic: Clinic) -> None:
    place, found = clinic.waits("a"), []
    for patient in ("p1", "p2"):
        (offer,) = clinic.send(clinic.given_back(patient), [place])
        clinic.declines(offer)  # of which the patient may think again
        found.append(offer)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(clinic.accepts, found))
    assert sorted(results, key=str) == [None, OfferBarrier.WITHDRAWN]
    assert len(clinic.told(NoticeKind.BOOKED)) == 1


def test_an_expired_offer_is_refused_also_before_the_wave_is_ended(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    (offer,) = clinic.send(backfill, [clinic.waits("a")])
    clinic.clock.move(clinic.look(offer).expires_at - clinic.clock.now())
    assert clinic.accepts(offer) is OfferBarrier.EXPIRED
    assert clinic.declines(offer) is OfferBarrier.EXPIRED
    assert clinic.backfill(backfill).stage is Stage.OFFERING


def test_who_declined_may_think_again_while_the_slot_is_offered(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    first, second = clinic.send(backfill, [clinic.waits("a"), clinic.waits("b")])
    for offer in (first, second):
        assert clinic.declines(offer) is clinic.declines(offer) is None
        assert clinic.look(offer).state is OfferState.DECLINED
    assert clinic.accepts(first) is None
    assert clinic.look(second).state is OfferState.GONE
    assert clinic.accepts(second) is OfferBarrier.GONE


def test_a_slot_whose_clinician_has_left_meanwhile_is_not_booked(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    (offer,) = clinic.send(backfill, [clinic.waits("a")])
    slot = clinic.slot(backfill)
    hour = timedelta(hours=1)
    blocked = ClinicSession(
        clinician_id=slot.clinician_id or 0,
        department_id=slot.department_id,
        start=slot.start - hour,
        until=slot.start + hour,
        slot_minutes=20,
        blocked=True,
    )
    clinic.store.write_now(lambda session: session.add(blocked))
    clinic.reached()
    assert clinic.accepts(offer) is OfferBarrier.WITHDRAWN
    clinic.step()
    assert clinic.backfill(backfill).stage is Stage.RELEASED
    assert clinic.look(offer).state is OfferState.WITHDRAWN
    assert clinic.told(NoticeKind.GONE) == ["a"]


def test_an_offer_tells_whether_what_it_became_is_booked_still(clinic: Clinic) -> None:
    (offer,) = clinic.send(clinic.given_back("p1"), [clinic.waits("a")])
    assert clinic.look(offer).waits
    clinic.accepts(offer)
    assert (clinic.look(offer).is_booked, clinic.look(offer).waits) == (True, False)
    said = (key_of(clinic.coming("a")), Answer.CANCEL, Source.PAGE)
    clinic.store.write_now(answers.answer_visit, *said, clinic.house, clinic.clock.now())
    assert (clinic.look(offer).state, clinic.look(offer).is_booked) == (OfferState.ACCEPTED, False)


def test_managers_of_the_department_are_told_once(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    (offer,) = clinic.send(backfill, [clinic.waits("a")])
    clinic.accepts(offer)
    (push,) = clinic.store.write_now(outbox.claim_due, clinic.clock.now(), 9, ())
    assert (push.kind, push.address) == (PushKind.FILLED, f"filled:{backfill}")


def test_of_many_who_accept_at_once_one_has_the_slot(clinic: Clinic) -> None:
    backfill = clinic.given_back("p1")
    places = [clinic.waits(f"w{number}") for number in range(24)]
    open_offers = clinic.send(backfill, places)
    assert len(open_offers) == 24
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(clinic.accepts, open_offers))
    assert results.count(None) == 1
    assert results.count(OfferBarrier.GONE) == 23
    assert len(clinic.told(NoticeKind.BOOKED)) == 1
    assert [offer.state for offer in clinic.offers(backfill)].count(OfferState.ACCEPTED) == 1
    assert clinic.is_true()


def test_a_patient_who_accepts_two_slots_at_once_has_one(clinic: Clinic) -> None:
    slots_of = [(clinic.given_back("p1"), "Cardiology"), (clinic.given_back("d1"), "Dermatology")]
    open_offers = [
        offer
        for backfill, department in slots_of
        for offer in clinic.send(backfill, [clinic.waits("a", department)])
    ]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(clinic.accepts, open_offers))
    assert sorted(results, key=str) == [None, OfferBarrier.WITHDRAWN]
    assert clinic.is_true()
