"""What patients are told and shown, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col

from domain.answers import Answer, Holds, Source
from domain.clock import HandClock
from domain.notices import Channel, NoticeKind
from domain.policies import Silence
from domain.statuses import Status
from storage import answers, visits
from storage.store import Store
from storage.tables import Appointment, PolicyRow
from storage.visits import VisitView
from tests.patients import WRITING, Written, a_few_letters, goes_to_another

DAY = timedelta(days=1)


@pytest.fixture
def written(store: Store, clock: HandClock) -> Written:
    return a_few_letters(store, clock.now(), "he-IL")


def test_a_patient_who_is_asked_sees_her_visit_and_by_when_to_answer(
    store: Store, clock: HandClock, written: Written
) -> None:
    seen = looked(store, clock, written)
    assert (seen.department, seen.language) == ("Cardiology", "he-IL")
    assert seen.start == clock.now() + 3 * DAY
    assert seen.holds is Holds.UNANSWERED
    assert seen.deadline == clock.now() + DAY
    assert not seen.released_by_silence
    store.write_now(release_by_silence, written)
    assert looked(store, clock, written).released_by_silence


def test_what_she_last_said_is_what_holds(store: Store, clock: HandClock, written: Written) -> None:
    for answer, holds in (
        (Answer.CALL_ME, Holds.TO_BE_CALLED),
        (Answer.CANCEL, Holds.GIVEN_BACK),
        (Answer.CONFIRM, Holds.COMING),
    ):
        about = (written.visit, answer, Source.PAGE, WRITING, clock.now())
        store.write_now(answers.answer_visit, *about)
        seen = looked(store, clock, written)
        assert (seen.holds, seen.deadline) == (holds, None)


def test_a_visit_that_the_hmo_cancelled_was_not_given_back(
    store: Store, clock: HandClock, written: Written
) -> None:
    store.write_now(cancel, written.visit)
    assert looked(store, clock, written).holds is Holds.CHANGED


def test_a_time_that_went_to_another_patient_is_taken(
    store: Store, clock: HandClock, written: Written
) -> None:
    store.write_now(goes_to_another, written.backfill)
    seen = looked(store, clock, written)
    assert (seen.holds, seen.deadline) == (Holds.TAKEN, None)


def test_whoever_is_offered_a_slot_cannot_speak_for_its_patient(
    store: Store, clock: HandClock, written: Written
) -> None:
    assert store.read_now(visits.look, written.offered, clock.now()) is None
    assert store.read_now(visits.look, 999, clock.now()) is None


def test_an_offer_tells_until_when_it_holds_and_what_would_be_given_up(
    store: Store, clock: HandClock, written: Written
) -> None:
    told = store.read_now(visits.told, written.offered)
    assert told is not None
    assert (told.kind, told.channel) == (NoticeKind.OFFER, Channel.EMAIL)
    assert told.start == clock.now() + 3 * DAY
    assert told.until == clock.now() + timedelta(hours=12)
    assert told.own_start == clock.now() + 20 * DAY


def test_a_question_tells_its_deadline_and_what_silence_does(
    store: Store, clock: HandClock, written: Written
) -> None:
    store.write_now(release_by_silence, written)
    told = store.read_now(visits.told, written.asked)
    assert told is not None
    assert (told.kind, told.channel) == (NoticeKind.CONFIRM, Channel.SMS)
    assert told.until == clock.now() + DAY
    assert told.released_by_silence
    assert told.own_start is None
    assert store.read_now(visits.told, 999) is None


def test_whoever_stopped_is_known_by_any_of_their_notices(
    store: Store, clock: HandClock, written: Written
) -> None:
    found = store.read_now(visits.addressee, written.offered)
    assert found is not None
    assert (found.offer_id, found.stopped) == (written.offer, False)
    store.write_now(answers.stop_for, found.patient_id, found.channel, clock.now())
    again = store.read_now(visits.addressee, written.offered)
    other = store.read_now(visits.addressee, written.asked)
    assert again is not None
    assert other is not None
    assert (again.stopped, other.stopped) == (True, False)
    assert store.read_now(visits.addressee, 999) is None


def looked(store: Store, clock: HandClock, written: Written) -> VisitView:
    seen = store.read_now(visits.look, written.asked, clock.now())
    assert seen is not None
    return seen


def release_by_silence(session: Session, written: Written) -> None:
    department_id = session.get_one(Appointment, written.visit).department_id
    session.add(PolicyRow(department_id=department_id, deadline_hours=48, silence=Silence.RELEASE))


def cancel(session: Session, visit: int) -> None:
    session.execute(
        update(Appointment).where(col(Appointment.id) == visit).values(status=Status.CANCELLED)
    )
