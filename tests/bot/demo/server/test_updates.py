"""How updates reach a bot that asks for them."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from bot.demo.server import BotApiServer, Person
from tests.bot.demo.server.helpers import AMIR, DANA, TOKEN, Api, button, keyboard, refusal

OTHER_POLLER = (
    "409 Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


async def test_updates_come_until_they_are_confirmed(server: BotApiServer, api: Api) -> None:
    dana = server.person(DANA)
    for text in ("/risk Cardiology", "hello", "again"):
        await dana.says(text)
    updates = await api.ok("getUpdates")
    first, second, third = [update["update_id"] for update in updates]
    assert (second, third) == (first + 1, first + 2)
    assert updates[0]["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 5}]
    assert updates[0]["message"]["from"]["language_code"] == "en"
    assert await api.ok("getUpdates") == updates
    assert await api.ok("getUpdates", offset=second, limit=1) == updates[1:2]
    assert await api.ok("getUpdates", offset=-1) == updates[2:]
    assert await api.ok("getUpdates", offset=third + 1) == []
    assert server.pending_updates == 0


async def test_at_most_a_hundred_come_at_once(server: BotApiServer, api: Api) -> None:
    for number in range(120):
        await server.person(DANA).says(str(number))
    assert len(await api.ok("getUpdates")) == 100
    refused = await api.refused("getUpdates", limit=101)
    assert refused == "400 Bad Request: limit must be between 1 and 100"


async def test_a_poll_is_held_until_something_happens(server: BotApiServer, api: Api) -> None:
    poll = asyncio.create_task(api.ok("getUpdates", timeout=20))
    await server.polled()
    assert not poll.done()
    before = time.monotonic()
    await server.person(DANA).says("hello")
    assert (await poll)[0]["message"]["text"] == "hello"
    assert time.monotonic() - before < 15


async def test_a_poll_ends_with_nothing_when_its_time_is_over(api: Api) -> None:
    before = time.monotonic()
    assert await api.ok("getUpdates", timeout=1) == []
    assert 0.9 < time.monotonic() - before < 15


async def test_a_second_poller_is_met_with_409(server: BotApiServer, api: Api) -> None:
    first = asyncio.create_task(api.raw("getUpdates", data={"timeout": "20"}))
    await server.polled()
    second = asyncio.create_task(api.raw("getUpdates", data={"timeout": "20"}))
    assert refusal(await first) == OTHER_POLLER
    await server.person(DANA).says("hello")
    assert len((await second).json()["result"]) == 1


async def test_a_poller_that_hung_up_troubles_nobody(server: BotApiServer, api: Api) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=0.2) as hasty:
        gone = Api(hasty, api.url)
        with pytest.raises(httpx.ReadTimeout):
            await gone.ok("getUpdates", timeout=20)
    assert await api.ok("getUpdates") == []
    assert [call.outcome for call in server.calls("getUpdates")] == ["gone", "ok"]


async def test_only_wanted_kinds_are_queued_and_the_wish_lasts(
    server: BotApiServer, api: Api
) -> None:
    sent = await api.send("x", reply_markup=keyboard(button()))
    await api.ok("getUpdates", allowed_updates=["callback_query", "unheard_of"])
    await api.ok("getUpdates")
    dana = server.person(DANA)
    await dana.says("hello")
    await dana.presses(sent, "Authorize")
    (update,) = await api.ok("getUpdates", allowed_updates=[])
    assert update["callback_query"]["data"] == "a:1"
    await dana.says("hello")
    assert len(await api.ok("getUpdates")) == 2


async def test_a_block_is_told_as_a_change_of_membership(server: BotApiServer, api: Api) -> None:
    server.person(DANA).blocks()
    server.person(DANA).blocks()
    (update,) = await api.ok("getUpdates")
    change = update["my_chat_member"]
    assert change["new_chat_member"]["status"] == "kicked"
    assert change["old_chat_member"]["status"] == "member"


async def test_polling_is_refused_while_a_webhook_is_set(server: BotApiServer, api: Api) -> None:
    poll = asyncio.create_task(api.raw("getUpdates", data={"timeout": "20"}))
    await server.polled()
    await api.ok("setWebhook", url="https://example.org/hook")
    assert refusal(await poll) == "409 Conflict: terminated by setWebhook request"
    assert await api.refused("getUpdates") == (
        "409 Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    await api.ok("deleteWebhook")
    assert await api.ok("getUpdates") == []


async def test_pending_updates_can_be_dropped(server: BotApiServer, api: Api) -> None:
    await server.person(DANA).says("old")
    await api.ok("deleteWebhook")
    assert server.pending_updates == 1
    await api.ok("deleteWebhook", drop_pending_updates=True)
    assert server.pending_updates == 0


async def test_a_group_lets_the_bot_hear_commands_and_answers_only(
    server: BotApiServer, api: Api
) -> None:
    group = server.group(-100, members=[DANA, AMIR], title="Ward")
    await group.person(DANA).says("/risk@slotwise_bot")
    await group.person(AMIR).says("between us")
    sent = await api.send("Not in a group", chat_id=-100)
    await group.person(AMIR).says("why?", reply_to=sent["message_id"])
    heard = [update["message"] for update in await api.ok("getUpdates")]
    assert [message["text"] for message in heard] == ["/risk@slotwise_bot", "why?"]
    assert heard[0]["chat"] == {"id": -100, "type": "group", "title": "Ward"}
    assert heard[0]["from"]["id"] == DANA
    assert len(group.messages) == 4

    group.person(DANA).blocks()
    assert await api.refused("sendMessage", chat_id=-100, text="x") == (
        "403 Forbidden: bot was kicked from the group chat"
    )


async def test_a_group_that_became_a_supergroup_tells_its_new_id(
    server: BotApiServer, api: Api
) -> None:
    new = server.group(-100, members=[DANA]).becomes_supergroup()
    answer = await api.raw("sendMessage", json={"chat_id": -100, "text": "x"})
    assert refusal(answer) == "400 Bad Request: group chat was upgraded to a supergroup chat"
    assert answer.json()["parameters"] == {"migrate_to_chat_id": new.chat.chat_id}
    sent = await api.send("x", chat_id=new.chat.chat_id)
    assert sent["chat"]["type"] == "supergroup"
    told = [update["message"] for update in await api.ok("getUpdates")]
    assert told[0]["migrate_to_chat_id"] == new.chat.chat_id
    assert told[1]["migrate_from_chat_id"] == -100


async def test_a_server_can_be_left_and_entered_again(server: BotApiServer, api: Api) -> None:
    """As when a network goes and comes back: what was said meanwhile is there."""
    other = BotApiServer(TOKEN, [Person(DANA, "Dana")])
    async with other.running():
        port = other.port
    await other.person(DANA).says("hello")
    async with other.running(port) as base_url:
        assert base_url == f"http://127.0.0.1:{port}"
        answer = await api.client.get(f"{other.bot_url}{TOKEN}/getUpdates?timeout=5")
        assert answer.json()["result"][0]["message"]["text"] == "hello"
    with pytest.raises(OSError, match="in use"):
        async with other.running(server.port):
            pass
