"""A running server with three people, and a bot's bare client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.demo.server import PATIENCE, BotApiServer
from domain.clock import HandClock
from tests.bot.demo.server.helpers import TOKEN, Api, people


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
        yield client


@pytest.fixture
async def server(clock: HandClock) -> AsyncIterator[BotApiServer]:
    server = BotApiServer(
        TOKEN, people(), clock=clock, limits=None, webhook_backoff=0.01, zone="Asia/Jerusalem"
    )
    async with server.running():
        yield server


@pytest.fixture
async def api(server: BotApiServer, client: httpx.AsyncClient) -> Api:
    return Api(client, server.bot_url + TOKEN)
