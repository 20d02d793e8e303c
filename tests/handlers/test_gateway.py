"""The gateway, over HTTP against the strict server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlmodel import Session
from telegram import CallbackQuery, Message
from telegram.error import BadRequest, Forbidden, RetryAfter
from telegram.ext import ExtBot

from bot.demo.server import BotApiServer, Fault, Person, Phone
from domain.clock import HandClock
from domain.people import Member, Role
from handlers.desk import ChartRequest, HeatmapRequest, IdleHoursRequest
from handlers.gateway import FILE, Gateway
from handlers.screens import Picture, Screen, button
from storage import open_messages
from storage.open_messages import Shown
from storage.store import Store
from storage.tables import OpenMessage
from tests.bot.demo.server.helpers import picture
from tests.e2e.town import TOKEN, body
from tests.hmo import join

LIST = Screen("the list", [[button("Next ›", "risk:7.-.-:1")]], "risk:7.-.-:0", version=1)
CHOICE = Screen("choose", [[button("‹ Back", "risk:7.-.-:0")]], "riskdep:7.-.-:0")
PNG = picture(1080, 600)


async def drawn_again() -> bytes | str:
    return PNG


HEATMAP = Screen(
    "the heatmap", picture=Picture(("key",), PNG, drawn_again), address="heat:90:rate:-"
)


@dataclass
class Album:
    """Keeps the file ids that it is told."""

    kept: dict[tuple[object, ...], str] = field(default_factory=dict)
    forgotten: list[tuple[object, ...]] = field(default_factory=list)

    async def heatmap(self, request: HeatmapRequest) -> bytes | str:
        raise NotImplementedError

    async def chart(self, request: ChartRequest) -> bytes | str:
        raise NotImplementedError

    async def idle_hours(self, request: IdleHoursRequest) -> bytes | str:
        raise NotImplementedError

    def remember(self, key: tuple[object, ...], file_id: str) -> None:
        self.kept[key] = file_id

    def forget(self, key: tuple[object, ...]) -> None:
        self.forgotten.append(key)


@dataclass
class Bench:
    """A gateway between a store and a server, and the one person whom it writes to."""

    server: BotApiServer
    store: Store
    clock: HandClock
    bot: ExtBot[None]
    album: Album
    gateway: Gateway
    member: Member
    offset: int = 0

    @property
    def phone(self) -> Phone:
        return self.server.person(self.member.telegram_id)

    def shows(self, message_id: int) -> str | None:
        return self.store.read_now(open_messages.address_of, self.member.chat_id, message_id)

    async def message(self, message_id: int) -> Message:
        """The message as a handler gets it."""
        query = await self.query(message_id)
        assert isinstance(query.message, Message)
        return query.message

    async def query(self, message_id: int) -> CallbackQuery:
        seen = next(m for m in self.phone.messages if m["message_id"] == message_id)
        keyboard = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
        await self.phone.presses({**seen, "reply_markup": keyboard}, "x")
        (update,) = await self.bot.get_updates(offset=self.offset, timeout=2)
        self.offset = update.update_id + 1
        assert update.callback_query is not None
        return update.callback_query


@pytest.fixture
async def bench(sqlite_store: Store, clock: HandClock) -> AsyncIterator[Bench]:
    member = join(sqlite_store, Role.STAFF, 1001, "Dana", clock.now())
    server = BotApiServer(TOKEN, [Person(1001, "Dana", started=True)], clock=clock, limits=None)
    async with server.running():
        bot: ExtBot[None] = ExtBot(TOKEN, base_url=server.bot_url)
        async with bot:
            album = Album()
            gateway = Gateway(bot, sqlite_store, album, clock)
            yield Bench(server, sqlite_store, clock, bot, album, gateway, member)


async def test_every_screen_is_noted_and_one_without_figures_without_a_version(
    bench: Bench,
) -> None:
    for screen in (LIST, CHOICE, HEATMAP):
        sent = await noted(bench, await bench.gateway.send(bench.member, screen))
        assert (sent.address, sent.version) == (screen.address, screen.version)


async def test_a_few_lines_are_not_noted_and_a_file_is_and_is_protected(bench: Bench) -> None:
    await bench.gateway.say(bench.member.chat_id, "Noted.")
    said = bench.phone.messages[-1]
    await bench.gateway.document(bench.member, b"rows", "rows.csv", "the rows")
    sent = bench.phone.messages[-1]
    assert (bench.shows(said["message_id"]), bench.shows(sent["message_id"])) == (None, FILE)
    assert sent["has_protected_content"]


async def test_what_is_shown_anew_stays_as_old_as_the_message(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    before = bench.clock.now()
    bench.clock.move(timedelta(hours=30))
    assert await bench.gateway.edit(bench.member, sent, CHOICE)
    (only,) = bench.store.read_now(open_messages.to_be_removed, before + timedelta(seconds=1), 9)
    assert (only.message_id, only.address) == (sent, CHOICE.address)
    assert bench.store.read_now(open_messages.to_be_removed, before, 9) == []


async def test_what_is_sent_can_be_neither_forwarded_nor_heard_if_silent(bench: Bench) -> None:
    await bench.gateway.push(bench.member, LIST, silent=True)
    message = await bench.phone.sees("the list")
    assert message["silent"]
    assert message["has_protected_content"]


async def test_a_screen_takes_the_place_of_another_in_the_same_message(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    await bench.gateway.show(bench.member, await bench.message(sent), CHOICE)
    assert (await bench.phone.sees("choose"))["message_id"] == sent
    assert bench.shows(sent) == CHOICE.address


async def test_a_message_that_is_gone_is_replaced_by_a_new_one(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    message = await bench.message(sent)
    await bench.bot.delete_message(bench.member.chat_id, sent)
    await bench.gateway.show(bench.member, message, replace(LIST, text="the list again"))
    again = await bench.phone.sees("the list again")
    assert again["message_id"] != sent
    assert (bench.shows(sent), bench.shows(again["message_id"])) == (None, LIST.address)


async def test_an_edit_that_changes_nothing_is_no_failure(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    assert await bench.gateway.edit(bench.member, sent, replace(LIST, version=7))
    assert bench.server.calls("editMessageText")[-1].code == 400
    shown = await noted(bench, sent)
    assert shown.version == 7


async def test_a_picture_takes_the_place_of_a_text_as_a_new_message(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    await bench.gateway.show(bench.member, await bench.message(sent), HEATMAP)
    seen = await bench.phone.sees("the heatmap")
    assert seen["message_id"] != sent
    assert [m["message_id"] for m in bench.phone.messages] == [seen["message_id"]]
    assert bench.shows(sent) is None
    assert set(bench.album.kept) == {("key",)}


async def test_a_picture_takes_the_place_of_another_in_the_same_message(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, HEATMAP)
    other = replace(
        HEATMAP, text="by count", picture=Picture(("other",), picture(1080, 700), drawn_again)
    )
    await bench.gateway.show(bench.member, await bench.message(sent), other)
    assert (await bench.phone.sees("by count"))["message_id"] == sent
    assert set(bench.album.kept) == {("key",), ("other",)}


async def test_a_choice_keeps_the_picture_and_also_stands_in_a_text(bench: Bench) -> None:
    choice = replace(CHOICE, keeps_picture=True)
    for screen in (HEATMAP, LIST):
        sent = await bench.gateway.send(bench.member, screen)
        await bench.gateway.show(bench.member, await bench.message(sent), choice)
        seen = await bench.phone.sees("choose", since=1)
        assert seen["message_id"] == sent
        assert ("photo" in seen) == (screen is HEATMAP)
        await bench.bot.delete_message(bench.member.chat_id, sent)


async def test_a_known_picture_is_sent_by_its_file_id(bench: Bench) -> None:
    await bench.gateway.send(bench.member, HEATMAP)
    known = replace(HEATMAP, picture=known_as(bench.album.kept["key",]))
    await bench.gateway.send(bench.member, known)
    calls = bench.server.calls("sendPhoto")
    assert calls[1].params["photo"] == bench.album.kept["key",]
    assert bench.album.forgotten == []


async def test_a_file_id_that_telegram_takes_no_longer_is_forgotten_and_the_picture_sent_anew(
    bench: Bench,
) -> None:
    expired = replace(HEATMAP, picture=known_as("AgAC-from-another-time"))
    sent = await bench.gateway.send(bench.member, expired)
    assert await bench.phone.sees("the heatmap")
    assert [call.code for call in bench.server.calls("sendPhoto")] == [400, 200]
    assert (bench.album.forgotten, set(bench.album.kept)) == ([("key",)], {("key",)})
    await bench.gateway.show(bench.member, await bench.message(sent), expired)
    assert [call.code for call in bench.server.calls("editMessageMedia")] == [400, 200]


async def test_a_picture_that_could_not_be_sent_is_told_so_that_another_may_try(
    bench: Bench,
) -> None:
    bench.server.faults.add(Fault("sendPhoto", code=400, description="Bad Request: no rights"))
    with pytest.raises(BadRequest):
        await bench.gateway.send(bench.member, HEATMAP)
    assert bench.album.forgotten == [("key",)]


async def test_another_trouble_than_the_file_id_keeps_it(bench: Bench) -> None:
    bench.phone.blocks()
    with pytest.raises(Forbidden):
        await bench.gateway.send(bench.member, replace(HEATMAP, picture=known_as("photo-1")))
    assert bench.album.forgotten == []


async def test_a_wait_that_telegram_asks_for_is_waited_out(bench: Bench) -> None:
    bench.server.faults.add(Fault("sendMessage", retry_after=1))
    await bench.gateway.send(bench.member, LIST)
    assert [call.code for call in bench.server.calls("sendMessage")] == [429, 200]


async def test_a_long_wait_is_left_to_who_called(bench: Bench) -> None:
    bench.server.faults.add(Fault("sendMessage", retry_after=3600))
    with pytest.raises(RetryAfter):
        await bench.gateway.send(bench.member, LIST)
    assert len(bench.server.calls("sendMessage")) == 1


async def test_a_press_is_answered_too_late_without_a_failure(bench: Bench) -> None:
    query = await bench.query(await bench.gateway.send(bench.member, LIST))
    bench.clock.move(timedelta(minutes=1))
    await bench.gateway.answer(query, "too late")
    assert "query is too old" in bench.server.calls("answerCallbackQuery")[-1].outcome


async def test_another_refusal_of_an_answer_is_a_failure(bench: Bench) -> None:
    query = await bench.query(await bench.gateway.send(bench.member, LIST))
    bench.server.faults.add(Fault("answerCallbackQuery", code=400, description="Bad Request: no"))
    with pytest.raises(BadRequest):
        await bench.gateway.answer(query, "x")


async def test_long_words_are_cut_to_what_telegram_takes(bench: Bench) -> None:
    await bench.gateway.say(bench.member.chat_id, "ä" * 5000)
    assert len(body(bench.phone.messages[-1])) == 4096
    query = await bench.query(bench.phone.messages[-1]["message_id"])
    await bench.gateway.answer(query, "é" * 500, alert=True)
    assert len((await bench.phone.toast(query.id)).text or "") == 200


async def test_who_has_blocked_the_bot_is_a_failure_that_says_so(bench: Bench) -> None:
    bench.phone.blocks()
    with pytest.raises(Forbidden):
        await bench.gateway.send(bench.member, LIST)


async def test_figures_are_renewed_in_place(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    shown = await noted(bench, sent)
    await bench.gateway.renew(
        bench.member, shown, returns(replace(LIST, text="1", version=2)), at_once
    )
    assert (await bench.phone.sees("1"))["message_id"] == sent
    again = await noted(bench, sent)
    assert again.version == 2


async def test_figures_that_are_the_same_cost_no_edit(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    shown = await noted(bench, sent)
    await bench.gateway.renew(bench.member, shown, returns(replace(LIST, version=2)), at_once)
    assert bench.server.calls("editMessageText") == []
    again = await noted(bench, sent)
    assert again.version == 2


async def test_a_reader_who_turned_to_another_screen_is_not_thrown_back(bench: Bench) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    shown = await noted(bench, sent)
    for turned in (CHOICE, replace(CHOICE, text="other figures", version=1)):
        await bench.gateway.edit(bench.member, sent, turned)
        await bench.gateway.renew(bench.member, shown, returns(replace(LIST, version=2)), at_once)
        assert body(bench.phone.messages[-1]) == turned.text


async def test_a_reader_who_turns_while_figures_are_renewed_keeps_the_last_word(
    bench: Bench,
) -> None:
    sent = await bench.gateway.send(bench.member, LIST)
    shown = await noted(bench, sent)
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> Screen:
        begun.set()
        await may_end.wait()
        return replace(LIST, text="renewed", version=2)

    async def turns() -> None:
        async with bench.gateway.turn(bench.member.chat_id, sent):
            await bench.gateway.edit(bench.member, sent, CHOICE)

    renewing = asyncio.create_task(bench.gateway.renew(bench.member, shown, slow, at_once))
    await begun.wait()
    turning = asyncio.create_task(turns())
    may_end.set()
    await asyncio.gather(renewing, turning)
    assert body(bench.phone.messages[-1]) == "choose"
    assert bench.shows(sent) == CHOICE.address


async def noted(bench: Bench, message_id: int) -> Shown:
    """What is noted of a message."""

    def work(session: Session) -> Shown:
        row = session.get_one(OpenMessage, (bench.member.chat_id, message_id))
        return Shown(**row.model_dump(exclude={"shown_at", "sent_at"}))

    return await bench.store.read(work)


def known_as(file_id: str) -> Picture:
    return Picture(("key",), file_id, drawn_again)


async def at_once() -> None:
    """No pace is kept."""


def returns(screen: Screen) -> Callable[[], Awaitable[Screen]]:
    async def render() -> Screen:
        return screen

    return render
