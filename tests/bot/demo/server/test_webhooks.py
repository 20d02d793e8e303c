"""How updates reach a bot that has a webhook."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.demo.server import PATIENCE, BotApiServer
from tests.bot.demo.server.helpers import AMIR, DANA, Api
from tests.waiting import until


class Hook:
    """A bot's webhook that answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[str | None, dict[str, Any]]] = []
        self.answers: list[int] = []
        self.url = ""
        self._arrived = asyncio.Condition()

    async def take(self, request: Request) -> Response:
        secret = request.headers.get("x-telegram-bot-api-secret-token")
        code = self.answers.pop(0) if self.answers else 200
        async with self._arrived:
            self.got.append((secret, await request.json()))
            self._arrived.notify_all()
        return Response(status_code=code)

    async def has(self, number: int) -> None:
        async with asyncio.timeout(PATIENCE), self._arrived:
            await self._arrived.wait_for(lambda: len(self.got) >= number)

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for _, update in self.got]


@contextlib.asynccontextmanager
async def listening(hook: Hook) -> AsyncIterator[None]:
    listener = socket.create_server(("127.0.0.1", 0))
    hook.url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    app = Starlette(routes=[Route("/hook", hook.take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    async with listening(hook):
        yield hook


async def test_updates_are_delivered_with_the_secret(
    server: BotApiServer, api: Api, hook: Hook
) -> None:
    await server.person(DANA).says("before")
    await api.ok("setWebhook", url=hook.url, secret_token="s3-cret_", max_connections=3)  # noqa: S106
    await server.person(DANA).says("after")
    await hook.has(2)
    assert hook.texts == ["before", "after"]
    assert {secret for secret, _ in hook.got} == {"s3-cret_"}
    info = await api.ok("getWebhookInfo")
    assert (info["url"], info["max_connections"]) == (hook.url, 3)


async def test_a_failed_delivery_is_repeated_and_the_order_kept(
    server: BotApiServer, api: Api, hook: Hook
) -> None:
    hook.answers = [500, 302, 200]
    await api.ok("setWebhook", url=hook.url)
    await server.person(DANA).says("one")
    await server.person(DANA).says("two")
    await hook.has(4)
    assert hook.texts == ["one", "one", "one", "two"]
    info = await api.ok("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 302 Found"
    await until(lambda: not server.pending_updates)


async def test_one_stuck_chat_does_not_hold_up_another(
    server: BotApiServer, api: Api, hook: Hook
) -> None:
    hook.answers = [503]
    await api.ok("setWebhook", url=hook.url)
    await server.person(DANA).says("stuck")
    await hook.has(1)
    await server.person(AMIR).says("free")
    await hook.has(3)
    assert sorted(hook.texts) == ["free", "stuck", "stuck"]


async def test_what_waits_survives_the_end_of_a_webhook(server: BotApiServer, api: Api) -> None:
    await api.ok("setWebhook", url="http://127.0.0.1:9/nobody", drop_pending_updates=True)
    await server.person(DANA).says("hello")
    info: dict[str, Any] = {}
    async with asyncio.timeout(PATIENCE):
        while "last_error_message" not in info:
            info = await api.ok("getWebhookInfo")
    assert (info["pending_update_count"], info["last_error_message"]) == (1, "Connection refused")
    await api.ok("setWebhook", url="")
    (update,) = await api.ok("getUpdates")
    assert update["message"]["text"] == "hello"
    assert await api.ok("getWebhookInfo") == {
        "url": "",
        "has_custom_certificate": False,
        "pending_update_count": 1,
    }


@pytest.mark.parametrize("url", ["http://example.org/hook", "example.org", "ftp://127.0.0.1/x"])
async def test_a_webhook_is_https_unless_it_is_on_this_machine(api: Api, url: str) -> None:
    refused = await api.refused("setWebhook", url=url)
    assert refused == "400 Bad Request: bad webhook: HTTPS url must be provided for webhook"


@pytest.mark.parametrize("secret", ["with space", "x" * 257])
async def test_a_secret_has_allowed_characters_only(api: Api, secret: str) -> None:
    refused = await api.refused("setWebhook", url="https://example.org", secret_token=secret)
    assert refused == "400 Bad Request: secret token contains unallowed characters"
