"""Replies by SMS on both databases: which question they answer, and when a person has to ask."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from domain.answers import Answer, Holds, Reply, Source
from domain.backfills import Stage
from domain.calls import CallOutcome
from domain.clock import HandClock
from domain.notices import Channel, NoticeKind, NoticeState
from domain.offers import OfferState
from domain.statuses import Status
from storage import answers, calls, counters, notices
from storage.store import Store
from storage.tables import Appointment, Notice, OfferRow, Patient, PatientAnswer, key_of
from tests.courses import Course, begin

CONFIRM, CANCEL = Answer.CONFIRM, Answer.CANCEL
P1 = "+972525550101"


@pytest.fixture
def asked(store: Store, clock: HandClock) -> Course:
    """`p1` was asked about an authorised slot, and has the question."""
    course = begin(store, clock)
    course.authorize("p1")
    course.work()
    course.deliver()
    return course


def stage(course: Course, patient: str = "p1") -> Stage:
    return course.backfill(patient).stage


def texted(course: Course, kind: NoticeKind, patient: str = "p1") -> None:
    """The patient gets another SMS about their visit."""
    now, visit = course.clock.now(), course.visit(patient)
    sms = Notice(
        key=f"{kind}:{key_of(visit)}",
        patient_id=visit.patient_id,
        kind=kind,
        channel=Channel.SMS,
        state=NoticeState.SENT,
        counts=False,
        appointment_id=key_of(visit),
        created_at=now,
        due_at=now,
        ended_at=now,
    )
    course.store.write_now(lambda session: session.add(sms))


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (" 1 ", Holds.COMING),
        ("Yes!", Holds.COMING),
        ("2", Holds.GIVEN_BACK),
        ("3", Holds.TO_BE_CALLED),
        ("who is this", Holds.TO_BE_CALLED),
    ],
)
def test_an_sms_answers_the_question(asked: Course, text: str, holds: Holds) -> None:
    understood = text != "who is this"
    reply = asked.texts(P1, text)
    assert reply is (Reply.ANSWERED if understood else Reply.NOT_UNDERSTOOD)
    told = asked.store.read_now(answers.look, key_of(asked.visit("p1")), asked.clock.now())
    assert told.holds is holds


def test_an_sms_that_comes_twice_counts_once(asked: Course) -> None:
    asked.texts(P1, "1", "r1")
    asked.says("p1", CANCEL)
    assert asked.texts(P1, "1", "r1") is Reply.REPEATED
    assert stage(asked) is Stage.RELEASED


@pytest.mark.parametrize("text", ["2", "thanks"])
def test_an_sms_about_an_offer_that_comes_twice_is_not_about_the_next_question(
    asked: Course, text: str
) -> None:
    asked.says("p1", CANCEL)
    asked.offer("p1", "w1")
    asked.texts("0525550103", text, "r1")
    asked.clock.move(timedelta(hours=1))
    texted(asked, NoticeKind.REMINDER, "w1")
    assert asked.texts("0525550103", text, "r1") is Reply.REPEATED
    told = asked.store.read_now(answers.look, key_of(asked.visit("w1")), asked.clock.now())
    assert told.holds is Holds.UNANSWERED


def test_an_sms_that_comes_twice_at_once_counts_once(asked: Course) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: asked.texts(P1, "2", "r1"), range(4)))
    assert sorted(found) == [Reply.ANSWERED, *[Reply.REPEATED] * 3]


def test_an_unclear_sms_does_not_overturn_an_answer(asked: Course) -> None:
    asked.says("p1", CONFIRM)
    assert asked.texts(P1, "thanks") is Reply.NOT_UNDERSTOOD
    assert stage(asked) is Stage.KEPT


def test_an_sms_from_a_number_that_nobody_wrote_to_does_nothing(asked: Course) -> None:
    assert asked.texts("+972525559999", "2") is Reply.NOBODY
    assert stage(asked) is Stage.ASKING


def test_a_number_that_two_patients_share_leaves_it_to_a_person(asked: Course) -> None:
    def share(session: Session) -> None:
        for patient in ("p1", "p2"):
            visit = session.merge(asked.visit(patient))
            session.get_one(Patient, visit.patient_id).phone = "052-5550101"

    asked.store.write_now(share)
    asked.authorize("p2")
    asked.work()
    asked.deliver()
    assert asked.texts(P1, "2") is Reply.NOT_UNDERSTOOD
    assert (stage(asked), stage(asked, "p2")) == (Stage.CALLING, Stage.CALLING)
    assert asked.visit("p1").status is Status.BOOKED


def test_stop_stops_every_message_for_good_and_a_person_asks(asked: Course) -> None:
    assert asked.texts(P1, "STOP") is Reply.STOPPED
    assert stage(asked) is Stage.CALLING
    asked.authorize("silent")
    visit, now = key_of(asked.visit("p1")), asked.clock.now()
    asked.store.write_now(calls.record_call, asked.noa, visit, CallOutcome.CONFIRMED, now, 2)
    asked.says("p1", CANCEL)
    asked.says("p1", CONFIRM)
    asked.work()
    assert len(asked.notices()) == 1
    # The same patient by e-mail, and the same number written in another way.
    for address in ((Channel.EMAIL, "p1@mail.example"), (Channel.SMS, "(052) 5550-101")):
        assert not asked.store.write_now(notices.stop, *address, asked.clock.now())


def test_an_sms_decides_about_an_offer(asked: Course) -> None:
    asked.says("p1", CANCEL)
    first, second = asked.offer("p1", "w1", "w2")
    later = key_of(asked.visit("w1"))
    assert asked.texts("0525550104", "3", "r1") is Reply.NOT_UNDERSTOOD
    assert asked.texts("0525550104", "לא", "r2") is Reply.ANSWERED
    assert asked.texts("0525550103", "1", "r3") is Reply.ANSWERED
    kept = [asked.store.read_now(Session.get_one, OfferRow, offer) for offer in (first, second)]
    assert [offer.state for offer in kept] == [OfferState.ACCEPTED, OfferState.DECLINED]
    given_back = select(PatientAnswer).where(PatientAnswer.appointment_id == later)
    said = asked.store.read_now(lambda session: session.exec(given_back).one())
    assert (said.answer, said.source) == (CANCEL, Source.SMS)
    assert stage(asked) is Stage.FILLED
    assert asked.store.read_now(counters.verify) == []


@pytest.mark.parametrize("kind", [NoticeKind.GONE, NoticeKind.BOOKED, NoticeKind.RELEASED])
def test_an_sms_answers_the_question_also_if_something_was_told_since(
    asked: Course, kind: NoticeKind
) -> None:
    asked.clock.move(timedelta(hours=1))
    texted(asked, kind)
    assert asked.texts(P1, "1") is Reply.ANSWERED
    assert stage(asked) is Stage.KEPT


@pytest.mark.parametrize("text", ["1", "2", "call me tomorrow pls"])
def test_where_a_visit_was_asked_about_and_a_slot_offered_a_person_calls(
    asked: Course, text: str
) -> None:
    asked.authorize("p2")
    asked.says("p2", CANCEL)
    asked.clock.move(timedelta(hours=1))
    (offer,) = asked.offer("p2", "p1")
    assert asked.texts(P1, text) is Reply.NOT_UNDERSTOOD
    assert (stage(asked), asked.visit("p1").status) == (Stage.CALLING, Status.BOOKED)
    row = asked.store.read_now(Session.get_one, OfferRow, offer)
    assert row.state is OfferState.OPEN


def test_no_to_an_offer_that_is_gone_does_not_cancel_a_visit(asked: Course) -> None:
    asked.says("p1", CONFIRM)
    asked.authorize("p2")
    asked.says("p2", CANCEL)
    asked.clock.move(timedelta(hours=1))
    asked.offer("p2", "p1", "w1")
    asked.says("p2", CONFIRM)
    assert asked.texts(P1, "2") is Reply.NOT_UNDERSTOOD
    assert (stage(asked), asked.visit("p1").status) == (Stage.CALLING, Status.BOOKED)


def test_a_reminder_before_an_offer_leaves_no_doubt(asked: Course) -> None:
    asked.says("p1", CANCEL)
    texted(asked, NoticeKind.REMINDER, "w1")
    asked.clock.move(timedelta(hours=1))
    (offer,) = asked.offer("p1", "w1")
    assert asked.texts("0525550103", "2") is Reply.ANSWERED
    row = asked.store.read_now(Session.get_one, OfferRow, offer)
    assert (row.state, asked.visit("w1").status) == (OfferState.DECLINED, Status.BOOKED)


def test_who_was_asked_about_a_visit_that_is_another_patients_by_now_decides_nothing(
    asked: Course,
) -> None:
    visit, other = key_of(asked.visit("p1")), asked.visit("p2").patient_id

    def change_hands(session: Session) -> None:
        session.get_one(Appointment, visit).patient_id = other

    asked.store.write_now(change_hands)
    for text in ("2", "thanks"):
        assert asked.texts(P1, text, text) is Reply.NOT_UNDERSTOOD
    told = asked.store.read_now(answers.look, visit, asked.clock.now())
    assert told.holds is Holds.UNANSWERED
