"""Retakes the picture of the two phones for the README: `python -m tests.e2e.pictured`."""

import asyncio
import re
import shutil
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.async_api import Page, async_playwright

from bot.demo.demo import MANAGER, STAFF, Demo, demo, first_button
from domain.clock import HandClock

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "phones.png"
MORNING = datetime(2026, 11, 24, 7, 12, tzinfo=UTC)
SIZE = (940, 1080)
SHARPNESS = 2
"""Dots for each pixel of the page."""
COLOURS = 128


async def take(target: Path) -> None:
    """Show staff a card with a call and a proposal, the manager a summary; keep what is seen."""
    with TemporaryDirectory() as folder:
        async with demo(Path(folder), 0, HandClock(MORNING)) as at_work:
            await _prepare(at_work)
            seen = await _seen(at_work.server.base_url)
    small = Image.open(BytesIO(seen)).convert("RGB").quantize(COLOURS)
    small.save(target, optimize=True)


async def _prepare(at_work: Demo) -> None:
    staff, manager = at_work.server.person(STAFF.user_id), at_work.server.person(MANAGER.user_id)
    since = staff.now()
    await staff.says("/risk")
    listed = await staff.sees("High-risk", since=since)
    await staff.presses(listed, first_button(listed))
    await staff.presses(await staff.sees("Transfer proposed"), "No answer")
    await staff.sees("No answer 09:12 by Dana")
    await manager.says("/summary")
    await manager.sees("Good morning")


async def _seen(url: str) -> bytes:
    chromium = shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page(
            viewport={"width": SIZE[0], "height": SIZE[1]}, device_scale_factor=SHARPNESS
        )
        await page.goto(url)
        await _at_the_end(page)
        try:
            return await page.screenshot(animations="disabled")
        finally:
            await browser.close()


async def _at_the_end(page: Page) -> None:
    """Wait until both phones show their newest message, its picture included."""
    decoded = "log => Promise.all([...log.querySelectorAll('img')].map(img => img.decode()))"
    for number, newest in enumerate((r"No answer 09:12", r"Good morning")):
        log = page.locator("[role=log]").nth(number)
        await log.get_by_text(re.compile(newest)).last.wait_for()
        await log.evaluate(decoded)
        await log.evaluate("log => log.scrollTo(0, log.scrollHeight)")


if __name__ == "__main__":
    asyncio.run(take(PICTURE))
