"""Retakes the picture of the demo's phones for the README: `python -m tests.e2e.pictured`."""

import asyncio
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.async_api import Page, async_playwright, expect

from bot.demo.demo import MANAGER, STAFF, Demo, demo
from domain.clock import SystemClock
from tests.e2e.phones.sides import CHROMIUM

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "phones.png"
MORNING = datetime(2026, 11, 24, 7, 12, tzinfo=UTC)
SIZE = (1440, 900)
SHARPNESS = 2
"""Dots for each pixel of the page."""
COLOURS = 128


async def take(target: Path) -> None:
    """Show how a slot that was given back has found another patient; keep what is seen."""
    with TemporaryDirectory() as folder:
        async with demo(Path(folder), 0, SystemClock(MORNING)) as at_work:
            seen = await _seen(at_work)
    small = Image.open(BytesIO(seen)).convert("RGB").quantize(COLOURS)
    small.save(target, optimize=True)


async def _seen(at_work: Demo) -> bytes:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        width, height = SIZE
        page = await browser.new_page(
            viewport={"width": width, "height": height}, device_scale_factor=SHARPNESS
        )
        await page.goto(at_work.server.base_url)
        await _filled(page, at_work)
        try:
            return await page.screenshot(animations="disabled")
        finally:
            await browser.close()


async def _filled(page: Page, at_work: Demo) -> None:
    """The manager authorises, the patient gives the slot back, another one takes it."""
    staff, manager = at_work.server.person(STAFF.user_id), at_work.server.person(MANAGER.user_id)
    await manager.presses(await manager.sees("Transfer proposed"), "Authorize")
    authorized = await staff.sees(lambda message: "Open the card" in str(message))
    for place, reply in enumerate(("2", "1")):
        phone = page.locator(".inbox").nth(place)
        await phone.locator(".message").first.wait_for()
        await phone.get_by_role("button", name=reply, exact=True).click()
    await page.locator(".inbox").nth(1).get_by_text("booked for you").wait_for()
    await manager.sees("Slot filled")
    await staff.presses(authorized, "Open the card")
    await staff.sees("Slot filled 09:1")
    logs = page.locator("[role=log]")
    await logs.nth(0).get_by_text("Slot filled 09:1").last.wait_for()
    await logs.nth(1).get_by_text("Slot filled").wait_for()
    for passing in (page.get_by_role("button", name="Undo"), page.locator(".toast")):
        await expect(passing).to_have_count(0)
    await page.mouse.move(SIZE[0] / 2, 0)
    for place in range(2):
        await logs.nth(place).evaluate("log => log.scrollTo(0, log.scrollHeight)")


if __name__ == "__main__":
    asyncio.run(take(PICTURE))
