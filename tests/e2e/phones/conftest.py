"""A server in Telegram's place, the bot's side of it, and the demo page in a real Chromium."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.demo.server import PATIENCE, BotApiServer
from tests.e2e.phones.sides import CHROMIUM, PHONE, Bot, Open, bot_of, make_server

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
OWN = ("http://127.0.0.1:", "data:", "blob:")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[BotApiServer]:
    made = make_server()
    async with made.running():
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with bot_of(server) as made:
        yield made


@pytest.fixture
def forgiven() -> list[str]:
    """What the browser may complain of in this test."""
    return []


@pytest_asyncio.fixture(loop_scope="module")
async def opened(
    browser: Browser, server: BotApiServer, forgiven: list[str]
) -> AsyncIterator[Open]:
    """Opens the page; afterwards nothing was complained of and nothing had left this origin."""
    trouble: list[str] = []
    requests: list[str] = []
    contexts = []

    async def open_page(size: tuple[int, int] = PHONE, url: str = "", **options: Any) -> Page:
        width, height = size
        context = await browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "console",
            lambda said: trouble.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("request", lambda request: requests.append(request.url))
        await page.goto(url or server.base_url)
        await expect(page.locator(".phone")).not_to_have_count(0)
        await expect(page.locator(".log[aria-busy]")).to_have_count(0)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert [url for url in requests if not url.startswith(OWN)] == []
    assert [words for words in trouble if not any(known in words for known in forgiven)] == []
