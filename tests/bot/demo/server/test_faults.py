"""The fault switch, in Python and over HTTP."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from bot.demo.server import BotApiServer, Fault
from tests.bot.demo.server.helpers import AMIR, DANA, NOA, Api, refusal
from tests.waiting import until


async def test_a_fault_strikes_as_often_as_told(server: BotApiServer, api: Api) -> None:
    server.faults.add(Fault("sendMessage", code=502, times=2))
    send = {"chat_id": DANA, "text": "x"}
    assert [await api.refused("sendMessage", **send) for _ in range(2)] == ["502 Bad Gateway"] * 2
    await api.ok("getMe")
    await api.send("through")
    assert [message["text"] for message in server.person(DANA).messages] == ["through"]
    assert [call.code for call in server.calls("sendMessage", DANA)] == [502, 502, 200]


async def test_a_fault_may_mean_one_chat_or_everything_but_polling(
    server: BotApiServer, api: Api
) -> None:
    server.faults.add(Fault(chat_id=AMIR, retry_after=7, times=None))
    answer = await api.raw("sendMessage", json={"chat_id": AMIR, "text": "x"})
    assert refusal(answer) == "429 Too Many Requests: retry after 7"
    assert answer.json()["parameters"] == {"retry_after": 7}
    await api.send("x", DANA)
    server.faults.clear()
    await api.send("x", AMIR)

    server.faults.add(Fault(code=500, description="Internal Server Error: restart"))
    await api.ok("getUpdates")
    assert await api.refused("getMe") == "500 Internal Server Error: restart"


async def test_a_connection_can_be_lost_before_anything_was_done(
    server: BotApiServer, api: Api
) -> None:
    server.faults.add(Fault("sendMessage", drop="before"))
    with pytest.raises(httpx.RemoteProtocolError):
        await api.send("lost")
    assert server.person(DANA).messages == []
    assert server.calls()[-1].outcome == "dropped"


async def test_a_connection_can_be_lost_after_it_was_done(server: BotApiServer, api: Api) -> None:
    server.faults.add(Fault("sendMessage", drop="after"))
    with pytest.raises(httpx.RemoteProtocolError):
        await api.send("delivered")
    (delivered,) = server.person(DANA).messages
    assert delivered["text"] == "delivered"
    call = server.calls()[-1]
    assert (call.outcome, call.message_id) == ("done, dropped", delivered["message_id"])
    await api.send("next")


async def test_a_call_can_be_delayed(server: BotApiServer, api: Api) -> None:
    server.faults.add(Fault("getMe", delay=0.2))
    before = time.monotonic()
    await api.ok("getMe")
    assert time.monotonic() - before >= 0.19


async def test_a_long_delay_does_not_hold_up_the_end(server: BotApiServer, api: Api) -> None:
    server.faults.add(Fault("getMe", delay=600))
    waiting = asyncio.create_task(api.raw("getMe"))
    await until(lambda: not server.faults.as_json())
    waiting.cancel()


async def test_faults_are_switched_over_http(server: BotApiServer, api: Api) -> None:
    switch = f"{server.base_url}/faults"
    added = await api.client.post(switch, json={"method": "getMe", "code": 403, "times": 1})
    assert added.json()["faults"][0]["method"] == "getMe"
    assert await api.refused("getMe") == "403 Forbidden"
    assert (await api.client.get(switch)).json() == {"faults": []}

    await api.client.post(switch, json={"delay": 5, "times": None})
    assert (await api.client.delete(switch)).json() == {"faults": []}

    wrongs: list[Any] = [{"colour": "red"}, {"drop": "perhaps"}, {"block": 7}, {"times": []}, [1]]
    for wrong in wrongs:
        assert (await api.client.post(switch, json=wrong)).status_code == 400, wrong

    await api.client.post(switch, json={"block": DANA})
    assert "blocked" in await api.refused("sendMessage", chat_id=DANA, text="x")
    await api.client.post(switch, json={"unblock": DANA})
    await api.send("x")
    await api.client.post(switch, json={"forget": NOA})
    assert "chat not found" in await api.refused("sendMessage", chat_id=NOA, text="x")


async def test_every_call_is_counted_without_the_bytes(server: BotApiServer, api: Api) -> None:
    await api.upload("sendDocument", "document", b"a,b", "feed.csv", chat_id=DANA, caption="c")
    await api.refused("sendMessage", chat_id=DANA, text="")
    document, message = server.calls(chat_id=DANA)
    assert document.params == {
        "chat_id": str(DANA),
        "caption": "c",
        "document": {"file_name": "feed.csv", "size": 3},
    }
    assert (message.outcome, message.code) == ("Bad Request: message text is empty", 400)
    listed = (await api.client.get(f"{server.base_url}/calls?method=sendDocument")).json()["calls"]
    assert [(call["method"], call["at"]) for call in listed] == [
        ("sendDocument", document.at.isoformat())
    ]
    server.journal.clear()
    assert server.calls() == []


async def test_a_chat_can_be_said_to_go_on_under_another_id(server: BotApiServer, api: Api) -> None:
    server.faults.add(Fault("sendMessage", migrate_to=-1007))
    answer = await api.raw("sendMessage", json={"chat_id": DANA, "text": "x"})
    assert answer.status_code == 400
    assert answer.json()["parameters"] == {"migrate_to_chat_id": -1007}
    await api.send("through")
