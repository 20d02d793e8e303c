"""Messages about patients leave the chats again while Telegram still allows it."""

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.demo.server import Fault, Phone
from domain.clock import HandClock
from handlers.screens import Picture, Screen
from storage import counters, people, retention
from storage.store import Store
from storage.tables import MemberRow, OpenMessage, Patient
from tests.bot.demo.server.helpers import picture
from tests.e2e.test_guard import BUTTON_ROWS, prepare, pressed, samples
from tests.e2e.town import AVI, Message, Town, a_small_hmo, body, town
from tests.hmo import HOUSE
from tests.waiting import until

HOUR = timedelta(hours=1)
REMOVED = "older than 36 hours and its content was removed. /risk shows the present list."
ROWS = b"appointment_id,patient_id,department,start,status\nX1,18,Eyes,never,booked\n"


@pytest.fixture
async def place(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """A town without Chromium whose bot is not at work yet."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found:
        yield found


async def test_what_tells_of_patients_is_deleted_and_the_rest_stays(
    place: Town, clock: HandClock
) -> None:
    async with place.bot_at_work():
        await place.everybody_joins()
        dana, root = place.dana, place.root
        await look_around(place)
        await root.uploads("may.csv", ROWS)
        await root.sees("each with its reason")
        await time_passes(place, 35 * HOUR)
        since = dana.now()
        await dana.says("/summary")
        young = await dana.sees("high-risk appointment", since=since)
        await time_passes(place, 2 * HOUR)
        await until(lambda: not root_files(root))
        await until(lambda: noted(place.store, dana) == [young["message_id"]])
        left = [body(message).split()[0] for message in dana.messages]
        assert left == ["/start", "Welcome,", "/risk", "/summary", "I", "/summary", "Good"]
        assert any("was not imported" in body(message) for message in root.messages)
        assert {message["message_id"] for message in mentions(place, dana)} <= {young["message_id"]}


async def test_a_summary_that_was_deleted_can_be_asked_for_again(
    place: Town, clock: HandClock
) -> None:
    async with place.bot_at_work():
        await place.everybody_joins()
        dana = place.dana
        await dana.says("/summary")
        first = await dana.sees("high-risk appointment")
        await time_passes(place, 37 * HOUR)
        await until(lambda: first["message_id"] not in numbers(dana))
        await dana.says("/summary")
        again = await dana.sees("high-risk appointment")
        await until(all_noted(place, dana, {again["message_id"]}))


async def test_what_could_not_be_deleted_in_time_is_left_without_its_content(
    place: Town, clock: HandClock
) -> None:
    async with place.bot_at_work():
        await place.everybody_joins()
        dana, root = place.dana, place.root
        await look_around(place)
        await root.uploads("may.csv", ROWS)
        await root.sees("each with its reason")
        pictures = await show_a_picture(place, dana)
    await time_passes(place, 49 * HOUR, summaries=False)
    async with place.bot_at_work():
        await until(lambda: noted(place.store, dana) == noted(place.store, root) == [])
        assert not mentions(place, dana, typed=False)
        for message in (*blanked(dana), *blanked(root)):
            assert "reply_markup" not in message
            assert body(message).startswith("This message is")
        assert len(blanked(dana)) == 4
        (photo,) = [m for m in dana.messages if "photo" in m]
        assert (photo["message_id"], REMOVED in body(photo)) == (pictures, True)
        (file,) = [m["document"] for m in root.messages if "document" in m and not m["outgoing"]]
        assert file["file_name"] == "removed.txt"


async def test_troubles_on_the_way_are_survived_and_what_is_gone_is_forgotten(
    place: Town, clock: HandClock
) -> None:
    async with place.bot_at_work() as bot:
        await place.everybody_joins()
        dana, noa, avi, root = place.dana, place.noa, place.avi, place.root
        for phone in (dana, noa, avi, root):
            await phone.says("/risk")
            await phone.sees("High-risk")
        (number,) = noted(place.store, dana)
        await bot.app.bot.delete_message(dana.person.user_id, number)
        avi.blocks()
        faults = place.server.faults
        faults.add(Fault("deleteMessages", retry_after=1, times=2))
        faults.add(Fault("deleteMessages", chat_id=noa.person.user_id, code=502, times=1))
        faults.add(Fault("deleteMessages", chat_id=root.person.user_id, drop="after", times=1))
        await time_passes(place, 37 * HOUR, summaries=False)
        phones = (dana, noa, avi, root)
        await until(lambda: not any(noted(place.store, phone) for phone in phones))
        for phone in (dana, noa, root):
            assert not mentions(place, phone)


async def test_many_messages_of_a_chat_go_in_few_calls(place: Town, clock: HandClock) -> None:
    async with place.bot_at_work():
        await place.everybody_joins()
        dana = place.dana
        for _ in range(12):
            since = dana.now()
            await dana.says("/risk")
            await dana.sees("High-risk", since=since)
        await time_passes(place, 37 * HOUR, summaries=False)
        await until(lambda: noted(place.store, dana) == [])
        assert len(place.server.calls("deleteMessages")) == 1
        assert place.server.calls("deleteMessage") == []


async def test_the_chat_of_a_suspended_person_is_emptied_at_once(
    place: Town, clock: HandClock
) -> None:
    async with place.bot_at_work():
        await place.everybody_joins()
        avi, noa = place.avi, place.noa
        for phone in (avi, noa):
            await phone.says("/risk")
            await phone.sees("High-risk")
        place.store.write_now(suspend, AVI.user_id)
        await until(lambda: not mentions(place, avi))
        assert mentions(place, noa)


async def test_everything_that_names_a_patient_is_protected_and_noted_to_be_removed(
    place: Town, clock: HandClock
) -> None:
    async with place.bot_at_work():
        await place.everybody_joins()
        prepare(place.store, clock)
        known = samples(place.store)
        for phone in (place.dana, place.noa, place.root):
            await phone.says("/pending")
            await phone.sees("waiting")
            for row in BUTTON_ROWS:
                await pressed(phone, known[row["address"]])
                found = {message["message_id"] for message in mentions(place, phone)}
                assert found <= protected(phone), row
                await until(all_noted(place, phone, found))
        assert mentions(place, place.noa)


async def test_a_bot_that_was_down_at_night_tidies_up_when_it_is_there(
    place: Town, clock: HandClock
) -> None:
    night = HOUSE.calendar.day_of(clock.now())
    async with place.bot_at_work():
        await until(lambda: not place.store.read_now(retention.is_due, night))
        assert place.store.read_now(anonymous) == 0
    clock.move(timedelta(days=800))
    async with place.bot_at_work():
        night = HOUSE.calendar.day_of(clock.now())
        await until(lambda: not place.store.read_now(retention.is_due, night))
        assert place.store.read_now(anonymous) > 20
        assert place.store.read_now(counters.verify) == []


async def time_passes(place: Town, by: timedelta, *, summaries: bool = True) -> None:
    """Let time pass, once all that was sent is noted; perhaps no summary comes meanwhile."""
    for phone in (place.dana, place.noa, place.avi, place.root):
        await until(all_noted(place, phone, protected(phone)))
    if not summaries:
        later = place.clock.now() + 2 * by
        due = update(MemberRow).values(summary_due_at=later)
        place.store.write_now(lambda session: session.execute(due))
    place.clock.move(by)


def all_noted(place: Town, phone: Phone, messages: set[int]) -> Callable[[], bool]:
    return lambda: messages <= set(noted(place.store, phone))


async def look_around(place: Town) -> None:
    """Dana opens a list, a card, a summary, looks for a patient, and says something of one."""
    dana = place.dana
    await dana.says("/risk")
    listed = await dana.sees("High-risk")
    await dana.says("/summary")
    await dana.sees("high-risk appointment")
    reference = re.findall(r"P-\w{6}", body(listed))[0]
    await dana.says(f"/find {reference}")
    card = await dana.sees("Nothing decided yet")
    since = dana.now()
    await dana.says("the daughter of Ruth rang", reply_to=card["message_id"])
    await dana.sees("I did not understand that", since=since)


async def show_a_picture(place: Town, phone: Phone) -> int:
    """Send a heatmap as a picture, without a browser; its message's number."""
    assert place.bot is not None
    member = place.store.read_now(people.member_by_telegram, phone.person.user_id)
    assert member is not None

    async def drawn() -> bytes:
        return picture(200, 200)

    shown = Picture(("k",), await drawn(), drawn)
    screen = Screen("figures", picture=shown, address="heat:90:rate:-")
    return await place.bot.desk.gateway.send(member, screen)


def mentions(place: Town, phone: Phone, *, typed: bool = True) -> list[Message]:
    """The messages in a chat that name a patient."""
    references = place.store.read_now(known_references)
    return [
        message
        for message in phone.messages
        if (typed or not message["outgoing"]) and references & set(named(message))
    ]


def named(message: Message) -> list[str]:
    return re.findall(r"P-\w{6}", repr(message))


def known_references(session: Session) -> set[str]:
    return set(session.scalars(select(col(Patient.reference))))


def anonymous(session: Session) -> int:
    ids = session.scalars(select(col(Patient.external_id))).all()
    return len([external_id for external_id in ids if external_id.startswith(retention.NOBODY)])


def suspend(session: Session, telegram_id: int) -> None:
    chosen = update(MemberRow).where(col(MemberRow.telegram_id) == telegram_id)
    session.execute(chosen.values(suspended=True))


def noted(store: Store, phone: Phone) -> list[int]:
    """The messages of a chat that are to be removed some day."""

    def work(session: Session) -> list[int]:
        chat = phone.person.user_id
        wanted = select(col(OpenMessage.message_id)).where(col(OpenMessage.chat_id) == chat)
        return sorted(session.scalars(wanted))

    return store.read_now(work)


def protected(phone: Phone) -> set[int]:
    return {m["message_id"] for m in phone.messages if m.get("has_protected_content")}


def numbers(phone: Phone) -> list[int]:
    return [message["message_id"] for message in phone.messages]


def root_files(phone: Phone) -> list[Message]:
    return [message for message in phone.messages if "document" in message]


def blanked(phone: Phone) -> list[Message]:
    return [message for message in phone.messages if REMOVED in body(message)]
