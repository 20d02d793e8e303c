"""Updates come by polling or by webhook; in both no update is lost or doubled by a restart."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog
from pydantic import SecretStr

from bot import receiving
from bot.demo.server import PATIENCE, Call, Fault
from bot.receiving import MOVED_WEBHOOK, UNKNOWN_TOKEN
from bot.settings import Settings, WrongSetting
from bot.webhook import LARGEST, SECRET_HEADER
from domain.clock import HandClock
from tests.e2e.town import Town, a_small_hmo, town, watched
from tests.waiting import until

HELP = "Slotwise for staff"


@pytest.fixture(params=["polling", "webhook"])
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, clock: HandClock
) -> AsyncIterator[Town]:
    """A town in either mode, where everybody has joined and the bot has ended again."""
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found:
        watched(found, webhook=request.param == "webhook")
        async with found.bot_at_work():
            await found.everybody_joins()
        yield found


@pytest.fixture
async def hooked(tmp_path: Path, clock: HandClock) -> AsyncIterator[Town]:
    """A town whose bot has a webhook."""
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found:
        watched(found, webhook=True)
        yield found


async def test_what_is_written_while_the_bot_is_away_is_answered_once(place: Town) -> None:
    await place.dana.says("/help")
    await place.noa.says("/help")
    async with place.bot_at_work():
        await place.dana.sees(HELP)
        await place.noa.sees("Slotwise for manager")
    async with place.bot_at_work():
        await place.root.says("/help")
        await place.root.sees("Slotwise for admin")
    assert [len(helps(place, phone.chat.chat_id)) for phone in (place.dana, place.noa)] == [1, 1]
    assert place.server.pending_updates == 0


async def test_what_is_being_answered_when_the_bot_ends_is_answered_to_the_end_and_once(
    place: Town,
) -> None:
    async with place.bot_at_work():
        place.server.faults.add(Fault("sendMessage", delay=0.4))
        await place.dana.says("/help")
        await until(lambda: not place.server.faults.as_json())  # it is being sent
    await place.dana.sees(HELP, within=0.1)
    async with place.bot_at_work():
        await place.dana.says("/pending")
        await place.dana.sees("Nothing waits")
    assert len(helps(place, place.dana.chat.chat_id)) == 1


async def test_a_crowd_that_writes_through_three_restarts_is_answered_once_each(
    place: Town,
) -> None:
    people = (place.dana, place.noa, place.avi, place.root)
    place.server.journal.clear()
    for round_ in range(3):
        async with place.bot_at_work():
            for phone in people:
                await phone.says("/help")
            await until(lambda: len(helps(place)) > 4 * round_)  # noqa: B023 - awaited here
    async with place.bot_at_work():
        await until(lambda: not place.server.pending_updates)
    assert [len(helps(place, phone.chat.chat_id)) for phone in people] == [3] * 4


async def test_the_other_mode_takes_over_what_waits(hooked: Town) -> None:
    async with hooked.bot_at_work():
        await hooked.everybody_joins()
    await hooked.dana.says("/help")
    hooked.settings = hooked.settings.model_copy(update={"webhook_url": ""})
    async with hooked.bot_at_work():
        await hooked.dana.sees(HELP)
    watched(hooked, webhook=True)
    await hooked.noa.says("/help")
    async with hooked.bot_at_work():
        await hooked.noa.sees("Slotwise for manager")


async def test_only_telegram_is_let_in(hooked: Town) -> None:
    url = hooked.settings.webhook_url
    async with hooked.bot_at_work() as bot, httpx.AsyncClient() as client:
        for headers in ({}, {SECRET_HEADER: ""}, {SECRET_HEADER: "guessed"}):
            told = await client.post(url, json={"update_id": 1}, headers=headers)
            assert (told.status_code, told.text) == (403, "")
        odd = await client.post(url, content=b"{}", headers={SECRET_HEADER.encode(): "é".encode()})
        assert odd.status_code == 403
        assert (await client.get(url)).status_code == 405
        assert bot.app.update_queue.empty()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400),
        (b"hello", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b"null", 400),
        (b"{}", 400),
        (b'{"update_id": "x"}', 400),
        (b'{"update_id": 7, "message": 5}', 400),
        (b'{"update_id": 7, "message": {"chat": []}}', 400),
        (b"[" * 100_000, 400),
        (b" " * (LARGEST + 1), 413),
    ],
)
async def test_what_is_no_update_is_refused_without_a_traceback(
    hooked: Town, capsys: pytest.CaptureFixture[str], body: bytes, code: int
) -> None:
    hooked.settings = with_secret(hooked, "known")
    async with hooked.bot_at_work(), httpx.AsyncClient() as client:
        url, known = hooked.settings.webhook_url, {SECRET_HEADER: "known"}
        assert (await client.post(url, content=body, headers=known)).status_code == code
        await hooked.dana.says("/help")
        await hooked.dana.sees("invited staff")
    assert "Traceback" not in capsys.readouterr().err


async def test_an_update_whose_200_got_lost_is_handled_once(hooked: Town) -> None:
    hooked.settings = with_secret(hooked, "known")
    async with hooked.bot_at_work(), httpx.AsyncClient() as client:
        chat = {"id": 1009, "type": "private"}
        sender = {"id": 1009, "is_bot": False, "first_name": "Stranger"}
        text = {"message_id": 1, "date": 1, "chat": chat, "from": sender, "text": "hello"}
        update = json.dumps({"update_id": 5, "message": text})
        for _ in range(3):
            again = await client.post(
                hooked.settings.webhook_url, content=update, headers={SECRET_HEADER: "known"}
            )
            assert again.status_code == 200
        hooked.stranger.chat.started = True
        await until(lambda: bool(hooked.server.calls("sendMessage", 1009)))
    assert len(hooked.server.calls("sendMessage", 1009)) == 1


async def test_two_programs_may_share_a_webhook(hooked: Town) -> None:
    hooked.settings = with_secret(hooked, "shared")
    async with hooked.bot_at_work():
        await hooked.everybody_joins()
        second = Town(hooked.server, hooked.store, hooked.clock, hooked.settings)
        hook = hooked.settings.webhook_url
        watched(second)
        second.settings = second.settings.model_copy(update={"webhook_url": hook})
        async with second.bot_at_work() as other:
            await hooked.dana.says("/help")
            await hooked.dana.sees(HELP)
            assert not other.stopped.done()


async def test_an_address_that_telegram_refuses_ends_with_one_line(hooked: Town) -> None:
    words = "Bad Request: bad webhook: failed to resolve host"
    hooked.server.faults.add(Fault("setWebhook", code=400, description=words))
    with pytest.raises(WrongSetting) as told:
        async with hooked.bot_at_work():
            raise AssertionError("unreachable")
    assert "WEBHOOK_URL: Telegram refuses it: " in str(told.value)
    assert "failed to resolve host" in str(told.value).lower()


async def test_a_withdrawn_token_ends_a_bot_with_a_webhook_too(
    hooked: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LOOKS_EVERY", 0.05)
    async with hooked.bot_at_work() as bot:
        unauthorized = Fault("getWebhookInfo", code=401, description="Unauthorized", times=None)
        hooked.server.faults.add(unauthorized)
        async with asyncio.timeout(PATIENCE):
            assert await bot.stopped == UNKNOWN_TOKEN


async def test_a_webhook_that_another_program_took_away_ends_the_bot(
    hooked: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LOOKS_EVERY", 0.05)
    async with hooked.bot_at_work() as bot:
        await bot.app.bot.delete_webhook()
        async with asyncio.timeout(PATIENCE):
            assert await bot.stopped == MOVED_WEBHOOK


async def test_a_port_that_is_taken_ends_a_bot_that_needs_it(hooked: Town) -> None:
    async with hooked.bot_at_work():
        second = Town(hooked.server, hooked.store, hooked.clock, hooked.settings)
        with pytest.raises(WrongSetting, match=r"SLOTWISE_WEB_PORT: 127\.0\.0\.1 port \d+ cannot"):
            async with second.bot_at_work():
                raise AssertionError("unreachable")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("getMe", code=502),
        Fault("getMe", retry_after=1),
        Fault("getMe", drop="after"),
        Fault("deleteMyCommands", code=500),
        Fault("deleteWebhook", retry_after=1),
        Fault("deleteWebhook", code=500),
        Fault("deleteWebhook", drop="after"),
    ],
    ids=lambda fault: f"{fault.method}-{fault.code or fault.drop}",
)
async def test_a_bad_moment_of_telegram_at_the_start_is_waited_out(
    tmp_path: Path, clock: HandClock, fault: Fault
) -> None:
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as place:
        place.server.faults.add(fault)
        async with place.bot_at_work():
            await place.dana.says("/help")
            await place.dana.sees("invited staff")


async def test_a_network_that_goes_and_comes_back_is_waited_for(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "LOOKS_EVERY", 0.05)
    async with place.bot_at_work():
        await place.network_goes()
        await place.dana.says("/help")
        with structlog.testing.capture_logs() as logs:
            await until(lambda: any("cannot be reached" in line["event"] for line in logs), 20)
        await place.network_comes_back()
        await place.dana.sees(HELP)


async def test_a_bot_ends_also_while_the_network_is_gone(place: Town) -> None:
    async with place.bot_at_work():
        await place.network_goes()
    await place.network_comes_back()


def helps(place: Town, chat_id: int | None = None) -> list[Call]:
    calls = place.server.calls("sendMessage", chat_id)
    return [call for call in calls if "Slotwise for" in str(call.params.get("text"))]


def with_secret(place: Town, secret: str) -> Settings:
    return place.settings.model_copy(update={"webhook_secret": SecretStr(secret)})
