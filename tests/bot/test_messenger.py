"""The messenger: each notice leaves once, whatever the provider, the database and kills do."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from bot import messenger
from bot.pace import Pace
from domain.clock import HandClock
from domain.links import Purpose, opened
from domain.notices import Channel, NoticeKind, NoticeState
from domain.people import Role
from storage import notice_queue, provider_outages
from storage.store import Store
from storage.tables import Notice, Patient, Push
from tests.courses import Course, begin
from tests.gateways import MailServer, SmsGateway
from tests.hmo import join
from tests.messengers import PAGES, SECRET, messenger_at_work, soon

MINUTE = timedelta(minutes=1)


@pytest.fixture
def course(sqlite_store: Store, clock: HandClock) -> Course:
    """`p1` and `p2` are asked, by SMS."""
    found = begin(sqlite_store, clock)
    for patient in ("p1", "p2"):
        found.authorize(patient)
    found.work()
    return found


async def test_patients_are_asked_by_sms_with_a_link_of_their_own(
    course: Course, tmp_path: Path
) -> None:
    async with SmsGateway().running() as gateway:
        with structlog.testing.capture_logs() as logs:
            async with messenger_at_work(course, {Channel.SMS: gateway.url}, tmp_path) as desk:
                await soon(desk, lambda: states(course) == [NoticeState.SENT] * 2)
    assert logs == []
    assert sorted(said["to"] for said in gateway.taken) == ["+972525550101", "+972525550102"]
    first = next(said for said in gateway.taken if said["to"] == "+972525550101")
    text = first["message"]
    assert text.startswith("Clinic Galil: are you coming to Cardiology, Mon 30 Nov 08:00?")
    link = opened(SECRET, text.rpartition(f"{PAGES}/v/")[2])
    assert link is not None
    assert (link.purpose, link.notice_id) == (Purpose.VISIT, course.notices()[0].id)
    assert link.expires == course.visit("p1").start


async def test_a_provider_away_for_an_hour_costs_no_tries_and_then_all_goes_out_once(
    course: Course, tmp_path: Path
) -> None:
    join(course.store, Role.ADMIN, 5, "Root", course.clock.now())
    gateway = SmsGateway()
    async with gateway.running():
        pass  # it has a port, and is away
    with structlog.testing.capture_logs() as logs:
        async with messenger_at_work(course, {Channel.SMS: gateway.url}, tmp_path) as desk:
            for minute in range(60):
                course.clock.move(MINUTE)
                await soon(desk, partial(has_tried, logs, minute + 1))
            assert len(tries(logs)) <= 64
            assert [notice.tries for notice in course.notices()] == [0, 0]
            (down,) = course.store.read_now(provider_outages.down, frozenset(Channel))
            assert down.problem == "the provider cannot be reached: it refused the connection"
            told = course.store.read_now(lambda session: session.exec(select(Push)).one())
            assert told.address == "deliveries:0"
            async with gateway.running():
                course.clock.move(MINUTE)
                await soon(desk, lambda: states(course) == [NoticeState.SENT] * 2)
                await soon(desk, lambda: not is_down(course))
    assert sorted(said["to"] for said in gateway.taken) == ["+972525550101", "+972525550102"]
    assert "the provider of SMS works again" in str(logs)
    assert "555" not in str(logs)
    assert PAGES not in str(logs)


async def test_one_recipient_who_is_refused_as_if_for_all_stops_nobody_else(
    course: Course, tmp_path: Path
) -> None:
    first = "+972525550101"  # the oldest notice's
    async with SmsGateway(code=404, refused={first: 404}).running() as gateway:
        with structlog.testing.capture_logs() as logs:
            async with messenger_at_work(course, {Channel.SMS: gateway.url}, tmp_path) as desk:
                await soon(desk, partial(is_down, course))
                gateway.code = 200
                for probe in range(len(tries(logs)) + 1, len(tries(logs)) + 5):
                    course.clock.move(MINUTE)
                    await soon(desk, partial(has_probed, logs, probe, gateway))
                await soon(desk, lambda: states(course)[1] is NoticeState.SENT)
                await soon(desk, lambda: course.notices()[0].tries > 0)
    assert [said["to"] for said in gateway.taken] == ["+972525550102"]
    assert states(course)[0] is NoticeState.WAITING


async def test_a_provider_that_answers_nothing_of_use_spoils_few_messages(
    course: Course, tmp_path: Path
) -> None:
    many(course, 10)
    async with SmsGateway(code=502).running() as gateway:
        with structlog.testing.capture_logs() as logs:
            async with messenger_at_work(course, {Channel.SMS: gateway.url}, tmp_path) as desk:
                await soon(desk, lambda: "fails for everybody" in str(logs))
    found = states(course)
    assert len(found) == 12
    assert found.count(NoticeState.DOUBTFUL) == len(gateway.taken) <= 6
    assert found.count(NoticeState.WAITING) >= 6


async def test_of_two_that_are_killed_and_start_anew_none_sends_twice(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messenger, "ENDS_WITHIN", 0)
    async with SmsGateway(hangs=True).running() as gateway:
        urls = {Channel.SMS: gateway.url}
        async with messenger_at_work(course, urls, tmp_path) as desk:
            await soon(desk, lambda: len(gateway.taken) == 2)
            gateway.let_go()
        gateway.hangs = False
        course.clock.move(notice_queue.BEGUN_FOR + MINUTE)
        async with messenger_at_work(course, urls, tmp_path) as desk:
            await soon(desk, lambda: NoticeState.SENDING not in states(course))
            assert set(states(course)) <= {NoticeState.DOUBTFUL, NoticeState.SENT}
            await asyncio.to_thread(course.work)
    assert len(gateway.taken) == 2


async def test_several_on_one_postgresql_share_the_work_and_each_message_leaves_once(
    postgres_store: Store, clock: HandClock, tmp_path: Path
) -> None:
    course = begin(postgres_store, clock)
    patients = many(course, 12)
    async with SmsGateway().running() as gateway, contextlib.AsyncExitStack() as at_work:
        for _ in range(3):
            one = messenger_at_work(course, {Channel.SMS: gateway.url}, tmp_path)
            desk = await at_work.enter_async_context(one)
        await soon(desk, lambda: states(course) == [NoticeState.SENT] * len(patients))
    assert len({said["message"] for said in gateway.taken}) == len(gateway.taken) == len(patients)


async def test_what_was_not_begun_when_it_ends_is_left_as_if_nothing_had_happened(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = asyncio.Event()

    async def turn(*_: object) -> None:
        await never.wait()

    monkeypatch.setattr(messenger, "ENDS_WITHIN", 0)
    monkeypatch.setattr(Pace, "turn", turn)
    url = "json://127.0.0.1:9/sms"
    async with messenger_at_work(course, {Channel.SMS: url}, tmp_path) as desk:
        await soon(desk, lambda: all(notice.claimed_until for notice in course.notices()))
    assert states(course) == [NoticeState.WAITING] * 2
    assert [notice.claimed_until for notice in course.notices()] == [None, None]


async def test_a_number_that_is_none_is_tried_by_mail_at_once(
    course: Course, tmp_path: Path
) -> None:
    def change(session: Session) -> None:
        patient_id = session.exec(select(Notice)).all()[0].patient_id
        session.get_one(Patient, patient_id).phone = "ask the son"

    course.store.write_now(change)
    async with SmsGateway().running() as gateway, MailServer().running() as mail:
        urls = {Channel.SMS: gateway.url, Channel.EMAIL: mail.url}
        async with messenger_at_work(course, urls, tmp_path) as desk:
            await soon(desk, lambda: len(mail.taken) == 1 and len(gateway.taken) == 1)
            await soon(desk, lambda: states(course)[-1] is NoticeState.SENT)
    (letter,) = mail.taken
    assert letter.to == ("p1@mail.example",)
    assert letter.parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<{PAGES}/s/" in str(letter.parsed["List-Unsubscribe"])
    failed = course.notices()[0]
    assert (failed.state, failed.problem) == (NoticeState.FAILED, "the phone number is none")


def many(course: Course, number: int) -> list[str]:
    """So many more patients who are asked."""
    patients = [f"q{each}" for each in range(number)]
    for patient in patients:
        course.hmo.regular(patient, 3, coming=7)
    course.hmo.load(course.store, course.clock.now())
    known = update(Patient).where(col(Patient.external_id).in_(patients))
    agree = known.values(consent=True, phone="0525550199")
    course.store.write_now(lambda session: session.execute(agree))
    for patient in patients:
        course.authorize(patient)
    course.work()
    return patients


def states(course: Course) -> list[NoticeState]:
    """Of the questions, in the order in which they were written."""
    wanted = select(Notice).where(Notice.kind == NoticeKind.CONFIRM).order_by(col(Notice.id))
    return course.store.read_now(lambda session: [row.state for row in session.exec(wanted)])


def tries(logs: Sequence[object]) -> list[object]:
    return [line for line in logs if "was not sent" in str(line)]


def has_tried(logs: Sequence[object], times: int) -> bool:
    return len(tries(logs)) >= times


def has_probed(logs: Sequence[object], times: int, gateway: SmsGateway) -> bool:
    return has_tried(logs, times) or bool(gateway.taken)


def is_down(course: Course) -> bool:
    return bool(course.store.read_now(provider_outages.down, frozenset(Channel)))
