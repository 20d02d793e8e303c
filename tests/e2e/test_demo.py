"""A newcomer's walk through the demo: its phones in a real Chromium, from the first look on."""

import re
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, async_playwright

from bot.demo.demo import STAFF, Demo, demo
from bot.demo.first_words import first_button

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium to walk in")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at_work(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    async with demo(tmp_path_factory.mktemp("demo"), 0) as found:
        yield found


@pytest_asyncio.fixture(
    loop_scope="module", params=[(1440, 900), (390, 844)], ids=["desktop", "phone"]
)
async def page(request: pytest.FixtureRequest, at_work: Demo) -> AsyncIterator[Page]:
    width, height = request.param
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = await browser.new_page(viewport={"width": width, "height": height})
        await opened.goto(at_work.server.base_url)
        yield opened
        await browser.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_newcomer_proposes_authorises_and_sees_the_figure_move(page: Page) -> None:
    manager = await turn_to(page, "Noa")
    await manager.get_by_text("Efficiency Gain").first.wait_for()

    staff = await turn_to(page, "Dana")
    lists = staff.get_by_text("High-risk · ")
    before = await lists.count()
    await say(page, staff, "/risk")
    await lists.nth(before).wait_for()
    await press(staff, "Next ›")
    await staff.get_by_text("9–16 shown").last.wait_for()
    await numbered(staff, 9 if on_desktop(page) else 10).click()
    await press(staff, "Propose transfer")
    await staff.get_by_text("Reply to this message to add a note").last.wait_for()

    await turn_to(page, "Noa")
    await press(manager, "Authorize")
    await manager.get_by_text("Transfer authorized").last.wait_for()
    await say(page, manager, "/risk")
    await manager.get_by_role("button", name="Authorize Risk Transfer").last.wait_for()
    await say(page, manager, "/efficiency")
    figure = manager.get_by_text("÷ scheduled").last
    await figure.wait_for()

    await turn_to(page, "Dana")
    await staff.get_by_text("Transfer authorized").last.wait_for()


@pytest.mark.asyncio(loop_scope="module")
async def test_the_heatmap_arrives_as_a_picture_that_opens(page: Page) -> None:
    manager = await turn_to(page, "Noa")
    await say(page, manager, "/heatmap")
    picture = manager.locator("img").last
    await picture.wait_for()
    await picture.click()
    await page.get_by_role("dialog").locator("img").wait_for()


@pytest.mark.asyncio(loop_scope="module")
async def test_what_to_try_stands_behind_a_button_and_beside_the_phones_of_a_wide_screen(
    page: Page,
) -> None:
    hint, opener = page.get_by_text("a row’s number"), page.get_by_role("button", name="Try")
    size = page.viewport_size
    assert size
    await hint.wait_for(state="hidden")
    await opener.click()
    await hint.wait_for()
    box = await page.locator("#tour").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    await page.keyboard.press("Escape")
    await hint.wait_for(state="hidden")
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await hint.wait_for()
    await opener.wait_for(state="hidden")


@pytest.mark.asyncio(loop_scope="module")
async def test_four_phones_never_need_scrolling_sideways(page: Page) -> None:
    await page.locator("[role=log]").nth(3).wait_for(state="attached")
    for width in (320, 390, 720, 1024, 1366, 1440, 1920):
        await page.set_viewport_size({"width": width, "height": 800})
        for part in ("body", "#room"):
            is_wider = "it => it.scrollWidth > it.clientWidth"
            assert not await page.locator(part).evaluate(is_wider), f"{part} at {width} px"


@pytest.mark.asyncio(loop_scope="module")
async def test_soon_a_model_has_learned_and_the_risk_list_says_how_likely_and_why(
    at_work: Demo,
) -> None:
    staff = at_work.server.person(STAFF.user_id)
    await staff.says("/risk")
    await staff.sees("High-risk")
    # The list that is open shows chances by itself as soon as there are any.
    listed = await staff.sees(shows_chances)
    await staff.presses(listed, first_button(listed))
    card = await staff.sees("No-show chance")
    assert "of 10 like this one do not come" in card["text"]
    assert "\n· " in card["text"], "it says why"


def shows_chances(message: dict[str, Any]) -> bool:
    return bool(re.search(r"×\s+\d+%", message.get("text", "")))


async def turn_to(page: Page, name: str) -> Locator:
    """Show a person's phone (on a small screen there is one at a time) and return its chat."""
    await page.locator("[role=log]").nth(1).wait_for(state="attached")
    tab = page.locator("#tabs button", has_text=name)
    if await tab.is_visible():
        await tab.click()
    return page.locator("[role=log]").nth(0 if name == "Dana" else 1)


def on_desktop(page: Page) -> bool:
    """The two walks go through one demo, so each takes a row of its own."""
    size = page.viewport_size
    return size is not None and size["width"] > 700


def numbered(phone: Locator, number: int) -> Locator:
    """The button of a row of the newest list."""
    return phone.get_by_role("button", name=re.compile(rf"^{number} \w{{6}}$")).last


async def press(phone: Locator, label: str) -> None:
    await phone.get_by_role("button", name=label, exact=True).last.click()


async def say(page: Page, phone: Locator, text: str) -> None:
    place = await phone.evaluate("log => [...document.querySelectorAll('[role=log]')].indexOf(log)")
    field = page.locator("textarea").nth(place)
    await field.fill(text)
    await field.press("Enter")
