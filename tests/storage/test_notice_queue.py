"""The queue of notices: each is sent at most once, and only if it is still true and wanted."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from domain.answers import Answer
from domain.backfills import Stage
from domain.clock import HandClock
from domain.notices import TRIES, Channel, NoticeEvent, NoticeKind, NoticeState
from domain.people import Role
from domain.pushes import PushKind
from storage import answers, notice_figures, notice_queue, notices, provider_outages
from storage.notice_figures import Undelivered
from storage.notice_queue import BEGUN_FOR, CLAIMED_FOR, DueNotice, Outgoing
from storage.store import Store
from storage.tables import Notice, Patient, Push, key_of
from tests.courses import Course, begin
from tests.hmo import HOUSE, join
from tests.storage.plans import plan_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def course(store: Store, clock: HandClock) -> Course:
    """`p1`, who has a phone and an e-mail address, is asked."""
    found = begin(store, clock)
    found.authorize("p1")
    found.work()
    return found


def test_what_is_claimed_is_nobody_elses_until_it_is_given_back_or_its_time_is_up(
    course: Course,
) -> None:
    (claim,) = claims(course)
    assert claims(course) == []
    course.store.write_now(notice_queue.release, [claim])
    (again,) = claims(course)
    course.clock.move(CLAIMED_FOR)
    (later,) = claims(course)
    assert begins(course, again) is None
    assert begins(course, later) is not None
    assert claims(course, Channel.EMAIL) == []


def test_what_has_arrived_is_sent_once_and_stays_so(course: Course) -> None:
    sent = on_its_way(course)
    assert sent.address == "052-555 0101"
    course.store.write_now(notice_queue.arrived, sent, course.clock.now())
    assert state(course) == (NoticeState.SENT, None)
    ends(course, sent, NoticeEvent.NOT_YET)
    course.clock.move(timedelta(hours=3))
    assert claims(course) == []
    assert state(course) == (NoticeState.SENT, None)


def test_what_was_begun_by_who_has_died_is_in_doubt_and_never_sent_again(course: Course) -> None:
    sent = on_its_way(course)
    course.clock.move(BEGUN_FOR - MINUTE)
    assert claims(course) == []
    course.clock.move(2 * MINUTE)
    assert course.store.read_now(notice_queue.is_due, course.house, course.clock.now())
    assert claims(course) == []
    assert state(course) == (NoticeState.DOUBTFUL, notice_queue.DIED)
    course.store.write_now(notice_queue.arrived, sent, course.clock.now())  # it had only hung
    assert state(course) == (NoticeState.SENT, None)


def test_a_try_that_was_surely_not_taken_is_repeated_later_and_later_until_there_were_enough(
    course: Course,
) -> None:
    now, waits = course.clock.now(), []
    for _ in range(TRIES - 1):
        ends(course, on_its_way(course), NoticeEvent.NOT_YET)
        assert claims(course) == []
        waits.append(course.notices()[0].due_at - now)
        changes_notice(course, due_at=now)
    assert waits == sorted(waits)
    assert sum(waits, timedelta()) > timedelta(hours=12)
    join(course.store, Role.ADMIN, 5, "Root", course.clock.now())
    ends(course, on_its_way(course), NoticeEvent.NOT_YET)
    assert state(course) == (NoticeState.FAILED, f"no success in {TRIES} tries: why")
    assert [push.address for push in pushes(course)] == ["deliveries:0"]


def test_while_nobodys_message_is_taken_no_try_is_used_up(course: Course) -> None:
    for _ in range(2 * TRIES):
        ends(course, on_its_way(course), NoticeEvent.NOT_YET, counts=False)
    assert course.notices()[0].tries == 0
    assert state(course) == (NoticeState.WAITING, "why")


def test_what_is_refused_goes_another_way_and_then_to_a_person(course: Course) -> None:
    ends(course, on_its_way(course), NoticeEvent.HOPELESS)
    first, second = course.notices()
    assert (first.state, second.channel) == (NoticeState.FAILED, Channel.EMAIL)
    (claim,) = claims(course, Channel.EMAIL)
    found = begins(course, claim)
    assert found is not None
    assert found.address == "p1@mail.example"
    ends(course, found, NoticeEvent.HOPELESS)
    assert course.backfill("p1").stage is Stage.CALLING


def test_what_nobody_knows_of_is_not_sent_by_another_way_either(course: Course) -> None:
    ends(course, on_its_way(course), NoticeEvent.LOST)
    assert [notice.state for notice in course.notices()] == [NoticeState.DOUBTFUL]
    assert course.backfill("p1").stage is Stage.ASKING


def test_who_does_not_want_to_be_written_to_any_more_is_not(course: Course) -> None:
    (claim,) = claims(course)
    changes(course, consent=False)
    assert begins(course, claim) is None
    assert state(course) == (NoticeState.FAILED, "no consent")
    assert course.backfill("p1").stage is Stage.CALLING


def test_a_stop_of_somebody_with_the_same_number_holds_too(course: Course) -> None:
    (claim,) = claims(course)
    stop = (Channel.SMS, "+972525550101", course.clock.now())
    course.store.write_now(notices.stop, *stop)
    assert begins(course, claim) is None
    assert state(course) == (NoticeState.FAILED, "opted out")


def test_an_address_that_has_gone_leaves_the_other_way(course: Course) -> None:
    (claim,) = claims(course)
    changes(course, phone=None)
    assert begins(course, claim) is None
    assert [notice.channel for notice in course.notices()] == [Channel.SMS, Channel.EMAIL]


@pytest.mark.parametrize("late", [timedelta(days=5), timedelta(days=8)])
def test_a_question_that_comes_too_late_is_dropped(course: Course, late: timedelta) -> None:
    course.clock.move(late)  # past the deadline, or past the visit
    (claim,) = claims(course)
    assert begins(course, claim) is None
    assert state(course) == (NoticeState.DROPPED, None)


def test_a_question_that_was_answered_before_it_left_is_not_put(course: Course) -> None:
    (claim,) = claims(course)
    course.says("p1", Answer.CONFIRM)
    assert begins(course, claim) is None
    assert state(course) == (NoticeState.DROPPED, None)


def test_nothing_leaves_at_night_but_the_answer_to_who_is_awake(course: Course) -> None:
    course.house = HOUSE
    course.clock.move(timedelta(hours=14))
    for kind, number in ((NoticeKind.CONFIRM, 0), (NoticeKind.BOOKED, 1)):
        changes_notice(course, kind=kind)
        is_due = course.store.read_now(notice_queue.is_due, HOUSE, course.clock.now())
        assert (is_due, len(claims(course))) == (bool(number), number)


def test_reminders_wait_for_what_somebody_waits_for(course: Course) -> None:
    changes_notice(course, kind=NoticeKind.REMINDER)
    course.clock.move(MINUTE)
    course.authorize("p2")
    course.work()
    kinds = [course.notices(kind)[0].id for kind in (NoticeKind.CONFIRM, NoticeKind.REMINDER)]
    assert [claim.id for claim in claims(course)] == kinds


def test_admins_see_what_was_not_delivered_by_reference_alone(course: Course) -> None:
    ends(course, on_its_way(course), NoticeEvent.HOPELESS, "the provider answered 400")
    now = course.clock.now()
    day = HOUSE.calendar.start_of(HOUSE.calendar.day_of(now))
    today = course.store.read_now(notice_figures.today, frozenset(Channel), day, 3)
    assert today.counts == {
        (Channel.SMS, NoticeState.FAILED): 1,
        (Channel.EMAIL, NoticeState.WAITING): 1,
    }
    reference = course.store.read_now(lambda session: patient(session).reference)
    why = "the provider answered 400"
    about = (reference, NoticeKind.CONFIRM, Channel.SMS, NoticeState.FAILED, now, why)
    assert today.undelivered == [Undelivered(*about)]
    figures = course.store.read_now(notice_figures.figures, now)
    assert figures.states == {"waiting": 1, "sending": 0, "failed": 1, "doubtful": 0}


def test_admins_are_told_if_who_has_lost_a_slot_cannot_be_told_after_a_stop(
    course: Course,
) -> None:
    join(course.store, Role.ADMIN, 5, "Root", course.clock.now())
    changes_notice(course, kind=NoticeKind.RELEASED)
    about = (course.visit("p1").patient_id, Channel.SMS, course.clock.now())
    course.store.write_now(answers.stop_for, *about)
    (claim,) = claims(course)
    assert begins(course, claim) is None
    (lost,) = course.notices(NoticeKind.RELEASED)
    assert (lost.state, lost.problem) == (NoticeState.FAILED, "opted out")
    (alert,) = pushes(course)
    assert alert.kind is PushKind.ALERT


def test_admins_are_told_once_of_a_provider_that_stays_away(store: Store, clock: HandClock) -> None:
    join(store, Role.ADMIN, 5, "Root", clock.now())
    began = clock.now()
    for _ in range(40):
        store.write_now(provider_outages.note_down, Channel.SMS, "it refused", clock.now())
        clock.move(MINUTE)
    (told,) = store.read_now(lambda session: list(session.exec(select(Push))))
    assert told.created_at == began + provider_outages.TOLD_AFTER
    (found,) = store.read_now(provider_outages.down, frozenset(Channel))
    assert (found.since, found.problem) == (began, "it refused")
    store.write_now(provider_outages.note_up, Channel.SMS)
    assert store.read_now(provider_outages.down, frozenset(Channel)) == []


def test_what_is_due_is_found_by_an_index_however_much_was_sent(
    sqlite_store: Store, clock: HandClock
) -> None:
    for work in (notice_queue.is_due, notice_queue.claim):
        more = (Channel.SMS, 9) if work is notice_queue.claim else ()
        plan = plan_of(sqlite_store, work, HOUSE, clock.now(), *more)
        assert "USING INDEX ix_notice_due" in plan or "COVERING INDEX ix_notice_due" in plan
        assert "SCAN notice\n" not in f"{plan}\n"


def claims(course: Course, channel: Channel = Channel.SMS) -> list[DueNotice]:
    about = (course.house, course.clock.now(), channel, 9)
    return course.store.write_now(notice_queue.claim, *about)


def begins(course: Course, claim: DueNotice) -> Outgoing | None:
    return course.store.write_now(notice_queue.begin, claim, course.house, course.clock.now())


def on_its_way(course: Course) -> Outgoing:
    (claim,) = claims(course)
    found = begins(course, claim)
    assert found is not None
    return found


def ends(
    course: Course, sent: Outgoing, event: NoticeEvent, problem: str = "why", *, counts: bool = True
) -> None:
    about = (sent, event, problem, course.house, course.clock.now())
    course.store.write_now(notice_queue.end, *about, counts=counts)


def state(course: Course) -> tuple[NoticeState, str | None]:
    """What has become of the first question."""
    found = course.notices()[0]
    return found.state, found.problem


def patient(session: Session) -> Patient:
    return session.exec(select(Patient).where(Patient.external_id == "p1")).one()


def changes(course: Course, **values: Any) -> None:
    """The feed brings something new about the patient."""
    mine = update(Patient).where(col(Patient.external_id) == "p1").values(**values)
    course.store.write_now(lambda session: session.execute(mine))


def changes_notice(course: Course, **values: Any) -> None:
    first = key_of(course.notices()[0])
    mine = update(Notice).where(col(Notice.id) == first).values(**values)
    course.store.write_now(lambda session: session.execute(mine))


def pushes(course: Course) -> list[Push]:
    return course.store.read_now(lambda session: list(session.exec(select(Push))))
