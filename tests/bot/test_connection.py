"""The connection to the Bot API tells what went wrong in the library's own terms."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from telegram import Bot
from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut

from bot.connection import Connection, NotConnected
from bot.demo.server import PATIENCE, BotApiServer, Fault, Person

TOKEN = "1000001:made-up-token-for-the-tests"
DANA = Person(1001, "Dana", started=True)


@pytest.fixture
async def server() -> AsyncIterator[BotApiServer]:
    found = BotApiServer(TOKEN, [DANA], limits=None)
    async with found.running():
        yield found


@pytest.fixture
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with Bot(TOKEN, base_url=server.bot_url, request=Connection()) as found:
        yield found


async def test_text_arrives_as_it_was_sent(bot: Bot, server: BotApiServer) -> None:
    await bot.send_message(DANA.user_id, "50 % of שלום & <b>")
    assert server.person(DANA.user_id).messages[-1]["text"] == "50 % of שלום & <b>"


async def test_a_file_keeps_its_name(bot: Bot, server: BotApiServer) -> None:
    await bot.send_document(DANA.user_id, b"a,b\n", filename='מאי "may" & 1.csv')
    assert server.person(DANA.user_id).messages[-1]["document"]["file_name"].endswith("& 1.csv")


async def test_a_late_answer_is_a_timeout(bot: Bot, server: BotApiServer) -> None:
    server.faults.add(Fault("sendMessage", delay=5))
    with pytest.raises(TimedOut):
        await bot.send_message(DANA.user_id, "hello", read_timeout=0.2)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_connection_is_told_without_the_token(
    bot: Bot, server: BotApiServer, when: str
) -> None:
    server.faults.add(Fault("sendMessage", drop=when))  # type: ignore[arg-type]
    with pytest.raises(NetworkError) as lost:
        await bot.send_message(DANA.user_id, "hello")
    assert TOKEN not in repr(lost.value)
    assert lost.value.__cause__ is None


async def test_a_server_that_is_not_there_is_told_without_the_token() -> None:
    bot = Bot(TOKEN, base_url="http://127.0.0.1:1/bot", request=Connection())
    with pytest.raises(NetworkError) as absent:
        await bot.initialize()
    await bot.request.shutdown()
    assert TOKEN not in repr(absent.value)


async def test_a_wait_that_telegram_asks_for_is_told(
    bot: Bot, server: BotApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    server.faults.add(Fault("sendMessage", retry_after=3))
    with pytest.raises(RetryAfter):
        await bot.send_message(DANA.user_id, "hello")


async def test_every_call_is_told_to_who_watches_without_its_address(
    server: BotApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    seen: list[tuple[str, str]] = []
    connection = Connection(watch=lambda method, status, _seconds: seen.append((method, status)))
    before = connection.answered_at
    async with Bot(TOKEN, base_url=server.bot_url, request=connection) as bot:
        await bot.send_message(DANA.user_id, "hello")
        answered = connection.answered_at
        for fault in (Fault("sendMessage", retry_after=3), Fault("sendMessage", code=502)):
            server.faults.add(fault)
            with pytest.raises(TelegramError):
                await bot.send_message(DANA.user_id, "hello")
        server.faults.add(Fault("sendMessage", drop="before"))
        with pytest.raises(NetworkError):
            await bot.send_message(DANA.user_id, "hello")
        server.faults.add(Fault("sendMessage", delay=5))
        with pytest.raises(NetworkError):
            await bot.send_message(DANA.user_id, "hello", read_timeout=0.2)
    assert [method for method, _ in seen] == ["getMe"] + ["sendMessage"] * 5
    assert [status for _, status in seen] == ["200", "200", "429", "502", "lost", "timeout"]
    assert before is None
    assert answered is not None
    assert connection.answered_at is not None
    assert connection.answered_at >= answered


async def test_a_page_of_a_proxy_is_no_answer_and_does_not_stand_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(NetworkError, match="not the Bot API's"):
        Connection.parse_json_payload(b"<html>a patient's name</html>")
    with pytest.raises(NetworkError, match="not the Bot API's"):
        Connection.parse_json_payload(b"[1]")
    assert caplog.text == ""


async def test_a_server_that_is_not_there_is_told_apart_from_one_that_fell_silent(
    bot: Bot, server: BotApiServer
) -> None:
    absent = Bot(TOKEN, base_url="http://127.0.0.1:1/bot", request=Connection())
    with pytest.raises(NotConnected):
        await absent.initialize()
    await absent.request.shutdown()
    server.faults.add(Fault("sendMessage", drop="after"))
    with pytest.raises(NetworkError) as lost:
        await bot.send_message(DANA.user_id, "hello")
    assert not isinstance(lost.value, NotConnected)


async def test_who_finds_no_free_connection_in_time_has_sent_nothing(server: BotApiServer) -> None:
    server.faults.add(Fault("sendMessage", delay=1))
    narrow = Bot(TOKEN, base_url=server.bot_url, request=Connection(at_once=1))
    async with narrow:
        first = asyncio.create_task(narrow.send_message(DANA.user_id, "first"))
        async with asyncio.timeout(PATIENCE):
            while server.faults.as_json():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        with pytest.raises(NotConnected):
            await narrow.send_message(DANA.user_id, "second", connect_timeout=0.1, pool_timeout=0.1)
        await first
    assert [message["text"] for message in server.person(DANA.user_id).messages] == ["first"]
