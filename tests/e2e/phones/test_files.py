"""Looking at pictures; getting and sending files."""

from typing import Any, cast

from playwright.async_api import expect

from bot.demo.server import BotApiServer
from tests.e2e.phones.sides import (
    DESK,
    IN_CHROMIUM,
    PHONE,
    Bot,
    Open,
    desk,
    field,
    key,
    message,
    painted,
)

pytestmark = IN_CHROMIUM


async def test_a_picture_has_its_place_before_it_is_loaded_and_opens_and_closes(
    opened: Open, bot: Bot
) -> None:
    number = await bot.shows(painted("teal"), "No-show rate · 90 days")
    page = await opened(PHONE)
    frame = message(desk(page), number).get_by_role("button", name="Open the picture")
    box = await frame.locator("img").bounding_box()
    assert box
    assert abs(box["width"] / box["height"] - 1080 / 1350) < 0.01
    await frame.focus()
    await page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog", name="Picture")
    await expect(viewer).to_be_visible()
    large = viewer.get_by_role("img")
    fitted = await large.bounding_box()
    assert fitted
    assert fitted["width"] <= 390
    await large.click()
    await expect(large).to_have_css("width", "1080px")
    await page.mouse.wheel(0, 4000)
    await expect(large).to_have_css("width", "390px")
    await page.keyboard.press("Escape")
    await expect(viewer).to_be_hidden()
    await expect(frame).to_be_focused()


async def test_an_open_picture_is_moved_by_dragging_and_zoomed_by_two_fingers(
    opened: Open, bot: Bot
) -> None:
    await bot.shows(painted("teal"), "No-show rate")
    page = await opened(PHONE, has_touch=True)
    await desk(page).get_by_role("button", name="Open the picture").click()
    viewer = page.get_by_role("dialog", name="Picture")
    await viewer.get_by_role("button", name="Natural size").click()
    pane, large = viewer.locator(".viewer-pane"), viewer.get_by_role("img")
    before = await pane.evaluate("e => e.scrollLeft")
    await page.mouse.move(200, 400)
    await page.mouse.down()
    await page.mouse.move(120, 400, steps=4)
    await page.mouse.up()
    assert await pane.evaluate("e => e.scrollLeft") == before + 80
    await expect(large).to_have_css("width", "1080px")  # dragging is not a click
    fingers = await page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 200), ("touchMove", 100), ("touchEnd", None)):
        points = (
            [{"x": 200 - apart / 2, "y": 400}, {"x": 200 + apart / 2, "y": 400}] if apart else []
        )
        await fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    await expect(large).to_have_css("width", "540px")


async def test_a_picture_is_swapped_without_a_moment_of_nothing(opened: Open, bot: Bot) -> None:
    number = await bot.shows(painted("teal"), "Rate", [key("Count")])
    page = await opened(PHONE)
    shown = message(desk(page), number)
    await page.wait_for_function("document.querySelector('.picture img').naturalWidth > 0")
    await shown.evaluate(
        """e => { e.empty = 0; new MutationObserver(() => {
          if (!e.querySelector('.picture img')?.naturalWidth) e.empty += 1;
        }).observe(e, {childList: true, subtree: true}) }"""
    )
    before = await shown.locator("img").get_attribute("src")
    media = {"type": "photo", "media": "attach://new", "caption": "Count"}
    where = {"chat_id": DESK, "message_id": number}
    orange = painted("orange")
    await bot.uploads("editMessageMedia", "new", orange, "count.png", media=media, **where)
    await expect(shown.locator("img")).not_to_have_attribute("src", before or "")
    await expect(shown).to_contain_text("Count")
    assert await shown.evaluate("e => e.empty") == 0
    assert await shown.locator("img").evaluate("e => e.naturalWidth") == 1080


async def test_a_document_can_be_downloaded(opened: Open, bot: Bot) -> None:
    await bot.sends_file("rejects.csv", b"line,reason\n2,no start\n", "1 row was left out")
    page = await opened(PHONE)
    link = desk(page).get_by_role("link", name="Download rejects.csv")
    async with page.expect_download() as download:
        await link.click()
    assert (await download.value).suggested_filename == "rejects.csv"


async def test_a_csv_is_sent_with_what_was_written_as_its_caption(
    opened: Open, server: BotApiServer
) -> None:
    page = await opened(PHONE)
    await field(desk(page)).fill("the new week")
    schedule = {"name": "week.csv", "mimeType": "text/csv", "buffer": b"appointment_id\n1\n"}
    await desk(page).locator(".file").set_input_files(cast(Any, schedule))
    own = desk(page).locator(".message.own")
    await expect(own.get_by_role("link", name="Download week.csv")).to_be_visible()
    await expect(own).to_contain_text("the new week")
    assert server.person(DESK).messages[-1]["document"]["file_name"] == "week.csv"
    await expect(field(desk(page))).to_have_value("")
