"""Whatever is sent, it is answered with a refusal and never with a failure of the server."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest

from bot.demo.server import BotApiServer
from tests.bot.demo.server.helpers import DANA, TOKEN, Api, keyboard, people

NESTED = "[" * 100_000

HOSTILE: list[tuple[str, dict[str, Any]]] = [
    ("sendMessage", {"chat_id": "--5", "text": "x"}),
    ("sendMessage", {"chat_id": "9" * 5000, "text": "x"}),
    ("sendMessage", {"chat_id": [DANA], "text": "x"}),
    ("sendMessage", {"chat_id": "١٠٠١", "text": "x"}),
    ("sendMessage", {"chat_id": DANA, "text": "\ud800"}),
    ("sendMessage", {"chat_id": DANA, "text": "x", "reply_markup": '{"a": "\\ud800"}'}),
    ("sendMessage", {"chat_id": DANA, "text": "x", "reply_markup": NESTED}),
    ("sendMessage", {"chat_id": DANA, "text": "x", "reply_markup": {"inline_keyboard": 5}}),
    ("sendMessage", {"chat_id": DANA, "text": "x", "reply_markup": keyboard({"text": 5})}),
    (
        "sendMessage",
        {"chat_id": DANA, "text": "x", "reply_markup": keyboard({"text": "x", "url": "http://["})},
    ),
    (
        "sendMessage",
        {"chat_id": DANA, "text": "x", "reply_markup": keyboard({"text": "x", "web_app": 5})},
    ),
    ("sendMessage", {"chat_id": DANA, "text": "x", "reply_parameters": {"message_id": {}}}),
    ("sendMessage", {"chat_id": DANA, "text": "x", "entities": [{"type": "bold"}]}),
    ("sendMessage", {"chat_id": DANA, "text": "x", "entities": {"type": "bold"}}),
    ("sendMessage", {"chat_id": DANA, "text": "<a href='tg://user?id=x'", "parse_mode": "HTML"}),
    (
        "sendMessage",
        {"chat_id": DANA, "text": "x", "reply_markup": keyboard({"text": "x", "style": [1]})},
    ),
    ("sendPhoto", {"chat_id": DANA, "photo": {"id": 5}}),
    ("editMessageText", {"chat_id": DANA, "message_id": "1.5", "text": "x"}),
    ("editMessageMedia", {"chat_id": DANA, "message_id": 1, "media": 5}),
    ("deleteMessages", {"chat_id": DANA, "message_ids": 5}),
    ("setMyCommands", {"commands": [], "scope": {"type": "chat_member", "chat_id": DANA}}),
    ("setMyCommands", {"commands": [], "scope": {"type": ["chat"]}}),
    ("setMyCommands", {"commands": [], "scope": "chat"}),
    ("setWebhook", {"url": "https://["}),
    ("getUpdates", {"timeout": "soon"}),
    ("getUpdates", {"allowed_updates": "message"}),
]


async def test_calls_that_make_no_sense_are_refused(api: Api) -> None:
    for method, params in HOSTILE:
        answer = await api.raw(method, content=json.dumps(params), headers=JSON)
        assert answer.status_code == 400, (method, params, answer.text)


JSON = {"Content-Type": "application/json"}


async def test_texts_that_make_no_sense_stay_texts(api: Api) -> None:
    for source, text in {
        "<a href='http://['>x</a>": "x",
        "<a href='tg://user?id=x'>x</a>": "x",
        "&#99999999999999999999;x": "&#99999999999999999999;x",
    }.items():
        sent = await api.send(source, parse_mode="HTML")
        assert (sent["text"], sent.get("entities", [])) == (text, [])
    formatted = [{"type": "bold", "offset": -5, "length": 99}]
    assert await api.ok("getUpdates", allowed_updates=[{}, 5]) == []
    assert "entities" not in await api.send("x", entities=formatted)
    assert await api.ok("deleteMessages", chat_id=DANA, message_ids=["x", {}, None])


async def test_bodies_that_are_none_are_refused(server: BotApiServer, api: Api) -> None:
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    for content, headers in (
        (b"{", JSON),
        (b"[]", JSON),
        (b"\xff", JSON),
        (NESTED.encode(), JSON),
        (b"--y", boundary),
        (b"--x\r\n\r\n", {"Content-Type": "multipart/form-data"}),
    ):
        answer = await api.raw("sendMessage", content=content, headers=headers)
        assert answer.status_code == 400, content[:10]
    for content in (b"{", b"[]", b'{"text": "\\ud800"}', NESTED.encode()):
        text = await api.client.post(
            f"{server.base_url}/phones/{DANA}/text", content=content, headers=JSON
        )
        assert text.status_code == 400, content[:10]
    document = await api.client.post(
        f"{server.base_url}/phones/{DANA}/document", content=b"--y", headers=boundary
    )
    assert document.status_code == 400


async def test_the_server_stops_at_once_though_everybody_waits(
    client: httpx.AsyncClient,
) -> None:
    server = BotApiServer(TOKEN, people())
    async with server.running() as base_url:
        poll = asyncio.create_task(client.get(f"{server.bot_url}{TOKEN}/getUpdates?timeout=50"))
        await server.polled()
        stream = asyncio.create_task(client.get(f"{base_url}/phones/{DANA}/events"))
        await client.get(base_url)  # the stream was asked for before
        before = time.monotonic()
    assert time.monotonic() - before < 10
    assert (await poll).json()["result"] == []
    assert (await stream).text == ": alive\n\n"
    with pytest.raises(httpx.ConnectError):
        await client.get(base_url)
