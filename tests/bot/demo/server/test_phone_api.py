"""The phones over HTTP, as the demo page uses them, and who is kept out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.demo.server import PATIENCE, BotApiServer
from domain.clock import HandClock
from tests.bot.demo.server.helpers import DANA, TOKEN, Api, button, keyboard, people, picture


@pytest.fixture
async def page(server: BotApiServer) -> AsyncIterator[httpx.AsyncClient]:
    """A page of the server's own."""
    headers = {"Origin": server.base_url}
    async with httpx.AsyncClient(
        base_url=server.base_url, headers=headers, trust_env=False
    ) as client:
        yield client


class Stream:
    """Server-sent events, one after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[int, str, dict[str, Any]]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    return int(fields["id"]), fields["event"], json.loads(fields["data"])
        raise AssertionError("the stream has ended")


@contextlib.asynccontextmanager
async def events(page: httpx.AsyncClient, after: int = 0, **headers: str) -> AsyncIterator[Stream]:
    url = f"/phones/{DANA}/events?after={after}"
    async with page.stream("GET", url, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Stream(response)


async def test_the_page_learns_who_there_is(page: httpx.AsyncClient, clock: HandClock) -> None:
    body = (await page.get("/phones/people")).json()
    assert body["bot"] == {"id": 1000001, "first_name": "Slotwise", "username": "slotwise_bot"}
    assert body["people"][0] == {
        "user_id": DANA,
        "title": "Front desk",
        "subtitle": "staff",
        "first_name": "Dana",
        "chat_id": DANA,
    }
    assert body["now"] == clock.now().isoformat().replace("+00:00", "Z")
    assert body["zone"] == "Asia/Jerusalem"


async def test_a_person_writes_presses_and_reads(
    server: BotApiServer, api: Api, page: httpx.AsyncClient
) -> None:
    written = await page.post(f"/phones/{DANA}/text", json={"text": "/risk"})
    sent = await api.send("list", reply_markup=keyboard(button()))
    await page.post(f"/phones/{DANA}/read", json={"message_id": sent["message_id"]})
    await api.ok("sendChatAction", chat_id=DANA, action="typing")
    body = (await page.get(f"/phones/{DANA}/chat")).json()
    assert [message["outgoing"] for message in body["messages"]] == [True, False]
    assert body["messages"][0]["message_id"] == written.json()["message_id"]
    assert body["messages"][1]["reply_markup"] == sent["reply_markup"]
    assert (body["typing"], body["last_read"]) == (True, sent["message_id"])

    press = {"message_id": sent["message_id"], "data": "a:1"}
    pressed = (await page.post(f"/phones/{DANA}/press", json=press)).json()
    updates = await api.ok("getUpdates")
    assert updates[1]["callback_query"]["id"] == pressed["callback_query_id"]
    wrong = await page.post(f"/phones/{DANA}/press", json=press | {"data": "b:2"})
    assert wrong.status_code == 400


async def test_a_file_goes_to_the_bot_and_pictures_come_back(
    server: BotApiServer, api: Api, page: httpx.AsyncClient
) -> None:
    sent = await page.post(
        f"/phones/{DANA}/document",
        files={"document": ("feed.html", b"<script>")},
        data={"caption": "the feed"},
    )
    assert sent.status_code == 200
    (update,) = await api.ok("getUpdates")
    assert update["message"]["caption"] == "the feed"
    document = await page.get(f"/phones/files/{update['message']['document']['file_id']}")
    assert document.content == b"<script>"
    assert document.headers["content-type"] == "application/octet-stream"
    assert document.headers["content-disposition"].startswith("attachment")

    content = picture(20, 30)
    photo = (await api.upload("sendPhoto", "photo", content, "m.png", chat_id=DANA)).json()
    shown = await page.get(f"/phones/files/{photo['result']['photo'][0]['file_id']}")
    assert (shown.content, shown.headers["content-type"]) == (content, "image/png")
    assert (await page.get("/phones/files/none")).status_code == 404
    nothing = await page.post(f"/phones/{DANA}/document", files={"other": b"x"})
    assert nothing.status_code == 400
    empty = await page.post(f"/phones/{DANA}/document", files={"document": ("a", b"")})
    assert empty.json() == {"error": "Bad Request: file must be non-empty"}


async def test_everything_that_happens_is_told_in_order(
    server: BotApiServer, api: Api, page: httpx.AsyncClient
) -> None:
    dana = server.person(DANA)
    async with events(page) as stream:
        await dana.says("/risk")
        assert (await stream.next())[2]["message"]["outgoing"] is True
        await api.ok("sendChatAction", chat_id=DANA, action="typing")
        assert await stream.next() == (2, "action", {"action": "typing"})
        sent = await api.send("list", reply_markup=keyboard(button()))
        assert (await stream.next())[1:] == (
            "message",
            {"message": sent | {"outgoing": False, "silent": False}},
        )
        query_id = await dana.presses(sent, "Authorize")
        pressed = {"message_id": sent["message_id"], "data": "a:1", "callback_query_id": query_id}
        assert await stream.next() == (4, "pressed", pressed)
        await api.ok("answerCallbackQuery", callback_query_id=query_id)
        toast = {"callback_query_id": query_id, "text": None, "show_alert": False, "url": None}
        assert await stream.next() == (5, "toast", toast)
        where = {"chat_id": DANA, "message_id": sent["message_id"]}
        await api.ok("editMessageText", **where, text="done")
        assert (await stream.next())[2]["message"]["text"] == "done"
        await api.ok("deleteMessage", **where)
        assert await stream.next() == (7, "delete", {"message_id": sent["message_id"]})
        commands = [{"command": "risk", "description": "The list"}]
        await api.ok("setMyCommands", commands=commands)
        assert await stream.next() == (8, "commands", {"commands": commands})
    assert (await page.get(f"/phones/{DANA}/chat")).json()["seq"] == 8


async def test_a_reconnect_loses_nothing(server: BotApiServer, page: httpx.AsyncClient) -> None:
    for text in ("one", "two", "three"):
        await server.person(DANA).says(text)
    async with events(page, after=1) as stream:
        assert (await stream.next())[2]["message"]["text"] == "two"
    async with events(page, after=1, **{"Last-Event-ID": "2"}) as stream:
        assert (await stream.next())[2]["message"]["text"] == "three"
    async with events(page, after=900) as stream:  # from before a restart
        assert (await stream.next())[2]["message"]["text"] == "one"


async def test_a_page_answers_a_forced_reply_or_declines_to(
    server: BotApiServer, api: Api, page: httpx.AsyncClient
) -> None:
    asked = await api.send("Reason?", reply_markup={"force_reply": True})
    for body in (
        {"text": "a", "reply_to": asked["message_id"]},
        {"text": "b", "reply_to": None},
    ):
        assert (await page.post(f"/phones/{DANA}/text", json=body)).status_code == 200
    first, second = [update["message"] for update in await api.ok("getUpdates")]
    assert first["reply_to_message"]["text"] == "Reason?"
    assert "reply_to_message" not in second


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("text", {}),
        ("text", {"text": " "}),
        ("text", {"text": "x" * 4097}),
        ("text", {"text": 5}),
        ("text", {"text": "x", "reply_to": 99}),
        ("text", {"text": "x", "reply_to": "last"}),
        ("press", {"message_id": 99, "data": "a"}),
        ("press", {"message_id": "x", "data": "a"}),
        ("read", []),
    ],
)
async def test_what_makes_no_sense_is_answered_with_400(
    page: httpx.AsyncClient, path: str, body: object
) -> None:
    answer = await page.post(f"/phones/{DANA}/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_a_stranger_has_no_phone(page: httpx.AsyncClient) -> None:
    for answer in (
        await page.get("/phones/7/chat"),
        await page.get("/phones/7/events"),
        await page.post("/phones/7/text", json={"text": "x"}),
        await page.post("/phones/7/document", files={"document": b"x"}),
    ):
        assert answer.status_code == 404
    assert (await page.get(f"/phones/{DANA}/events?after=x")).status_code == 400


async def test_foreign_pages_are_kept_out(server: BotApiServer, client: httpx.AsyncClient) -> None:
    text = f"{server.base_url}/phones/{DANA}/text"
    body = {"text": "x"}
    foreign: list[dict[str, str]] = [
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "example.org"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": ""},
    ]
    for headers in foreign:
        assert (await client.post(text, json=body, headers=headers)).status_code == 403, headers
        me = await client.get(f"{server.bot_url}{TOKEN}/getMe", headers=headers)
        assert me.status_code == 403
    for posted in ({"data": body}, {"content": b'{"text":"x"}'}):
        assert (await client.post(text, **posted)).status_code == 403
    for path in ("faults", f"phones/{DANA}/document"):
        form = await client.post(f"{server.base_url}/{path}", data={"a": "b"})
        assert form.status_code == 403
    assert server.person(DANA).messages == []
    for headers in ({"Host": f"localhost:{server.port}"}, {"Origin": server.base_url}):
        assert (await client.post(text, json=body, headers=headers)).status_code == 200


async def test_the_page_is_served_with_a_tight_policy(
    tmp_path: Path, client: httpx.AsyncClient
) -> None:
    (tmp_path / "index.html").write_text("<h1>Phones</h1>")
    (tmp_path / "page.css").write_text("h1 {}")
    server = BotApiServer(TOKEN, people(), page=tmp_path)
    async with server.running() as base_url:
        index = await client.get(base_url)
        style = await client.get(f"{base_url}/static/page.css")
        assert (index.text, style.text) == ("<h1>Phones</h1>", "h1 {}")
        for answer in (index, style, await client.get(f"{base_url}/phones/people")):
            assert answer.headers["cache-control"] == "no-store"
            assert (
                "default-src 'self'; img-src 'self' blob: data:"
                in (answer.headers["content-security-policy"])
            )
        assert (await client.get(f"{base_url}/static/../conftest.py")).status_code == 404
        assert (await client.get(f"{base_url}/nothing")).json()["error_code"] == 404
        (tmp_path / "index.html").unlink()
        assert (await client.get(base_url)).status_code == 404


def test_a_token_has_a_shape() -> None:
    with pytest.raises(ValueError, match="a token looks like"):
        BotApiServer("nonsense")
