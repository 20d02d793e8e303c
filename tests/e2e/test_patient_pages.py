"""A patient's pages in a real browser that runs no scripts, on a small phone and by keyboard."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect
from starlette.applications import Starlette

from bot.doors import Doors
from bot.serving import listen, serving
from domain.clock import HandClock
from domain.links import Link, Purpose, address
from storage.store import Store
from tests.e2e.phones.sides import CHROMIUM
from tests.patients import OFFERS, WRITING, Written, a_few_letters

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: apt-get install chromium"
)

SECRET = b"only this clinic knows it"
SMALL = (320, 568)
THUMB = 48
"""Pixels that a finger finds."""

Open = Callable[..., Awaitable[Page]]


@pytest.fixture
def language() -> str:
    """The patients'."""
    return "en"


@pytest.fixture
def written(sqlite_store: Store, clock: HandClock, language: str) -> Written:
    return a_few_letters(sqlite_store, clock.now(), language)


@pytest.fixture
async def opened(sqlite_store: Store, clock: HandClock, written: Written) -> AsyncIterator[Open]:
    """Opens the page of a purpose; afterwards the browser had nothing to complain of."""
    trouble: list[str] = []
    requests: list[str] = []
    doors = Doors(sqlite_store, OFFERS, WRITING, clock, SECRET, "Northside Clinics")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with listen(0) as listener:
            own = f"http://127.0.0.1:{listener.getsockname()[1]}"

            async def open_page(purpose: Purpose, **options: Any) -> Page:
                context = await browser.new_context(
                    viewport={"width": SMALL[0], "height": SMALL[1]},
                    java_script_enabled=False,
                    **options,
                )
                page = await context.new_page()
                page.set_default_timeout(10_000)
                page.on("console", lambda said: trouble.append(said.text))
                page.on("request", lambda request: requests.append(request.url))
                notice = written.offered if purpose is Purpose.OFFER else written.asked
                link = Link(purpose, notice, clock.now() + timedelta(days=3))
                await page.goto(address(own, SECRET, link))
                return page

            async with serving(Starlette(routes=doors.routes()), listener):
                yield open_page
                await browser.close()
    assert trouble == []
    assert [url for url in requests if not url.startswith((own, "data:"))] == []


async def test_a_patient_answers_with_a_thumb_and_thinks_again(opened: Open) -> None:
    page = await opened(Purpose.VISIT)
    await expect(page).to_have_title("Are you coming to your visit?")
    await expect(page.locator("time")).to_have_text("Thursday 26 November, 08:00")
    for button in await page.get_by_role("button").all():
        await _fits_a_thumb(button)
    await page.get_by_role("button", name="I cannot come").click()
    await expect(page.get_by_role("heading")).to_have_text("You have given this visit back.")
    await page.reload()
    await page.get_by_role("button", name="I can come after all").click()
    await expect(page.get_by_role("heading")).to_have_text("Thank you. We are expecting you.")


async def test_an_offer_is_taken_by_keyboard_with_the_focus_in_sight(opened: Open) -> None:
    page = await opened(Purpose.OFFER, color_scheme="dark")
    await page.keyboard.press("Tab")
    take = page.get_by_role("button", name="Yes, I take it")
    await expect(take).to_be_focused()
    await expect(take).to_have_css("outline-style", "solid")
    await expect(page.locator("body")).to_have_css("background-color", "rgb(15, 21, 27)")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading")).to_have_text("The visit is yours.")


@pytest.mark.parametrize("language", ["he"])
async def test_a_page_in_hebrew_runs_from_right_to_left(opened: Open, language: str) -> None:
    page = await opened(Purpose.STOP)
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(page.locator("html")).to_have_attribute("lang", language)
    heading = page.get_by_role("heading", name="להפסיק לשלוח לכם הודעות?")
    await expect(heading).to_have_css("direction", "rtl")
    await page.get_by_role("button", name="לא לשלוח לי עוד הודעות").click()
    await expect(page.get_by_role("heading")).to_have_text("לא נשלח לכם עוד הודעות.")


async def _fits_a_thumb(button: Locator) -> None:
    box = await button.bounding_box()
    assert box is not None
    assert box["height"] >= THUMB
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= SMALL[0]
