"""The course of an authorised slot in the demo, in a real Chromium, until it was won back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from bot.demo.demo import Demo, demo
from domain.clock import SystemClock
from tests.e2e.phones.sides import CHROMIUM, DESKTOP

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: apt-get install chromium"
)

MORNING = datetime(2026, 11, 24, 7, 12, tzinfo=UTC)
A_WHILE = 120_000
"""Milliseconds that nothing takes, except on a machine that is busy."""
LEAPS = 3
"""Days after which the day of the proposed visit is over, so that it counts."""


@pytest.fixture
async def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Demo]:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")  # no pictures are looked at here
    async with demo(tmp_path, 0, SystemClock(MORNING)) as found:
        yield found


@pytest.fixture
async def page(at_work: Demo) -> AsyncIterator[Page]:
    """The page; afterwards the browser had nothing to complain of."""
    trouble: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        width, height = DESKTOP
        opened = await browser.new_page(viewport={"width": width, "height": height})
        opened.context.set_default_timeout(A_WHILE)
        opened.on("pageerror", lambda error: trouble.append(str(error)))
        opened.on("console", lambda said: trouble.append(said.text))
        await opened.goto(at_work.server.base_url)
        yield opened
        await browser.close()
    assert trouble == []


async def test_a_slot_that_is_given_back_is_taken_by_who_waits_and_counts_as_won_back(
    page: Page, at_work: Demo
) -> None:
    manager, asked, waiting = (page.locator(".phone").nth(place) for place in (1, 2, 3))
    await press(manager, "Authorize")
    await asked.get_by_text("are you coming to Orthopaedics").wait_for()
    await expect(asked.get_by_label("Whose messages")).to_have_text(at_work.chosen, timeout=A_WHILE)

    await answer(page, asked, "I cannot come", "You have given this visit back.")
    await waiting.get_by_text("free visit: Orthopaedics").wait_for()
    await answer(page, waiting, "Yes, I take it", "The visit is yours.")
    await waiting.get_by_text("booked for you: Orthopaedics").wait_for()
    await manager.get_by_text("Slot filled").wait_for()
    await expect(asked.locator(".message")).to_have_count(1, timeout=A_WHILE)

    for _ in range(LEAPS):
        await put_the_clock_on(page)
    await say(manager, "/efficiency")
    await manager.get_by_text("1 filled: 1 won back; 0.3 h").last.wait_for()


async def answer(page: Page, phone: Locator, button: str, then: str) -> None:
    """Open the last message's link, press a button there and read what holds then."""
    async with page.context.expect_page() as opening:
        await phone.get_by_role("link").last.click()
    opened = await opening.value
    await opened.get_by_role("button", name=button, exact=True).click()
    await opened.get_by_text(then).wait_for()
    await opened.close()


async def put_the_clock_on(page: Page) -> None:
    """By a day, and the HMO tells what has happened."""
    before = datetime.fromisoformat(await page.locator("#clock").get_attribute("datetime") or "")
    await page.locator("#open-leaps").click()
    await page.get_by_role("button", name="One day on").click()
    await page.locator("#leaps-said", has_text="told of").wait_for()
    after = datetime.fromisoformat(await page.locator("#clock").get_attribute("datetime") or "")
    assert timedelta(days=1) <= after - before < timedelta(days=1, hours=1)
    await page.keyboard.press("Escape")


async def press(phone: Locator, label: str) -> None:
    await phone.get_by_role("button", name=label, exact=True).last.click()


async def say(phone: Locator, text: str) -> None:
    field = phone.get_by_label("Message", exact=True)
    await field.fill(text)
    await field.press("Enter")
