"""Pressing buttons, and what becomes of the message under them."""

from playwright.async_api import expect

from tests.e2e.phones.sides import (
    DESKTOP,
    IN_CHROMIUM,
    MANAGER,
    PHONE,
    RISK,
    Bot,
    Open,
    desk,
    key,
    manager,
    message,
)

pytestmark = IN_CHROMIUM


async def test_a_press_spins_until_the_bot_answers_with_a_toast(opened: Open, bot: Bot) -> None:
    await bot.says(RISK, [key("Refresh"), key("Next ›")], parse_mode="HTML")
    page = await opened(PHONE)
    button = desk(page).get_by_role("button", name="Refresh")
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    query = await bot.pressed()
    assert query["data"] == "refresh"
    await bot.answers(query, "Up to date")
    await expect(button).not_to_have_attribute("aria-busy", "true")
    await expect(desk(page).get_by_text("Up to date")).to_be_visible()


async def test_an_alert_waits_over_its_phone_for_ok(opened: Open, bot: Bot) -> None:
    await bot.says("Decide", [key("Authorize", "success")], to=MANAGER)
    page = await opened(DESKTOP)
    await manager(page).get_by_role("button", name="Authorize").click()
    query = await bot.pressed()
    words = "Only managers of Cardiology can authorize this."
    await bot.answers(query, words, alert=True)
    alert = page.get_by_role("dialog")
    await expect(alert).to_contain_text(words)
    box, phone = await alert.bounding_box(), await manager(page).bounding_box()
    assert box
    assert phone
    assert phone["x"] < box["x"]
    assert box["x"] + box["width"] < phone["x"] + phone["width"]
    await page.keyboard.press("Enter")
    await expect(alert).to_be_hidden()


async def test_keys_share_a_row_equally_and_a_long_label_is_cut_but_readable(
    opened: Open, bot: Bot
) -> None:
    long = "Department of Gastroenterology and Hepatology"
    await bot.says("Pick", [key(long), key("No", "danger"), key("Yes", "success")])
    page = await opened(PHONE)
    boxes = [await one.bounding_box() for one in await desk(page).locator(".key").all()]
    widths = {round(box["width"]) for box in boxes if box}
    assert len(widths) == 1
    assert all(box["height"] >= 36 for box in boxes if box)
    cut = desk(page).get_by_role("button", name=long)
    await expect(cut).to_have_attribute("title", long)
    assert await cut.locator(".key-text").evaluate("e => e.scrollWidth > e.clientWidth")


async def test_an_edit_keeps_the_focus_and_the_readers_place(opened: Open, bot: Bot) -> None:
    first = await bot.says("Above\n" * 30)
    number = await bot.says(RISK, [key("‹ Back"), key("Next ›")], parse_mode="HTML")
    await bot.says("Below\n" * 40)
    page = await opened(PHONE)
    shown = message(desk(page), number)
    await shown.get_by_role("button", name="Next ›").focus()
    await shown.evaluate("e => { e.kept = true; e.scrollIntoView() }")
    before = await shown.bounding_box()
    await bot.edits(number, "Page 2", [key("‹ Back"), key("Next ›"), key("Refresh")])
    await expect(shown).to_contain_text("Page 2")
    assert await shown.evaluate("e => e.kept")
    await expect(shown.get_by_role("button", name="Next ›")).to_be_focused()
    await bot.edits(first, "Above")  # much shorter, out of sight
    await expect(message(desk(page), first).locator(".edited")).to_have_count(1)
    after = await shown.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) <= 1
