"""Flood limits: 429 and how long to wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from bot.demo.server import BotApiServer, Limits, Person
from domain.clock import HandClock
from tests.bot.demo.server.helpers import TOKEN, Api, refusal

PEOPLE = range(1001, 1041)


@pytest.fixture
async def server(clock: HandClock) -> AsyncIterator[BotApiServer]:
    start = clock.now()
    server = BotApiServer(
        TOKEN,
        [Person(number, "P", started=True) for number in PEOPLE],
        clock=clock,
        monotonic=lambda: (clock.now() - start).total_seconds(),  # noqa: PLW0108 - it moves
        limits=Limits(),
    )
    async with server.running():
        yield server


async def wait_of(api: Api, chat_id: int, method: str = "sendMessage", **params: object) -> int:
    """Sends; 0 if it went through, otherwise the seconds to wait."""
    answer = await api.raw(method, json={"chat_id": chat_id, "text": "x", **params})
    if answer.json()["ok"]:
        return 0
    seconds = int(answer.json()["parameters"]["retry_after"])
    assert refusal(answer) == f"429 Too Many Requests: retry after {seconds}"
    return seconds


async def test_a_chat_takes_a_short_burst_and_then_one_per_second(
    api: Api, clock: HandClock
) -> None:
    assert [await wait_of(api, 1001) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert await wait_of(api, 1002) == 0
    clock.move(timedelta(seconds=1))
    assert [await wait_of(api, 1001) for _ in range(2)] == [0, 1]


async def test_edits_count_as_sends_but_refused_calls_do_not(api: Api) -> None:
    message = await api.send("start", chat_id=1001)
    where = {"message_id": message["message_id"]}
    for number in range(4):
        assert await wait_of(api, 1001, "editMessageText", **where, text=str(number)) == 0
    assert await wait_of(api, 1001, "editMessageText", **where, text="more") == 1
    for _ in range(7):
        assert await api.refused("sendMessage", chat_id=1002, text="") != ""
    assert await wait_of(api, 1002) == 0


async def test_thirty_messages_go_out_at_once_over_all_chats(api: Api, clock: HandClock) -> None:
    waits = [await wait_of(api, chat_id) for chat_id in PEOPLE]
    assert waits == [0] * 30 + [1] * 10
    clock.move(timedelta(seconds=0.5))
    assert [await wait_of(api, chat_id) for chat_id in PEOPLE[:16]] == [0] * 15 + [1]


async def test_a_group_takes_twenty_a_minute(
    server: BotApiServer, api: Api, clock: HandClock
) -> None:
    server.group(-100, members=[1001])
    for _ in range(20):
        assert await wait_of(api, -100) == 0
        clock.move(timedelta(seconds=1))
    waits = [await wait_of(api, -100) for _ in range(8)]
    assert waits[-1] >= 1
    clock.move(timedelta(seconds=waits[-1]))
    assert await wait_of(api, -100) == 0


async def test_limits_can_be_other_or_none(client: httpx.AsyncClient) -> None:
    people = [Person(1001, "P", started=True)]
    for limits, passed in ((None, 40), (Limits(chat_burst=2), 2), (Limits(overall=3), 3)):
        server = BotApiServer(TOKEN, people, limits=limits, monotonic=lambda: 0.0)
        async with server.running():
            api = Api(client, server.bot_url + TOKEN)
            assert [await wait_of(api, 1001) for _ in range(40)].count(0) == passed
