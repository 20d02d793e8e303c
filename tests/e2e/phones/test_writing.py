"""Writing, by hand and by keyboard."""

from playwright.async_api import expect

from bot.demo.server import BotApiServer
from tests.e2e.phones.sides import (
    COMMANDS,
    DESK,
    DESKTOP,
    IN_CHROMIUM,
    PHONE,
    RISK,
    Bot,
    Open,
    desk,
    field,
    key,
    manager,
)

pytestmark = IN_CHROMIUM


async def test_everything_can_be_done_by_keyboard(opened: Open, bot: Bot) -> None:
    await bot.ok("setMyCommands", commands=COMMANDS)
    page = await opened(DESKTOP)
    await page.keyboard.press("F6")
    await expect(field(manager(page))).to_be_focused()
    await page.keyboard.press("F6")
    await expect(field(desk(page))).to_be_focused()
    await page.keyboard.type("/")
    options = desk(page).get_by_role("option")
    await expect(options).to_have_count(4)
    await page.keyboard.press("ArrowDown")
    await expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    await page.keyboard.type("ri")
    await expect(options).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(desk(page).locator(".message.own")).to_contain_text("/risk")
    await bot.says(RISK, [key("1"), key("2")], [key("Refresh")], parse_mode="HTML")
    await expect(desk(page).get_by_role("button", name="Refresh")).to_be_visible()
    for _ in range(3):  # past the attach and command buttons, back to the message's buttons
        await page.keyboard.press("Shift+Tab")
    await expect(desk(page).get_by_role("button", name="1", exact=True)).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowDown")
    await expect(desk(page).get_by_role("button", name="Refresh")).to_be_focused()
    await page.keyboard.press("Enter")


async def test_the_menu_opens_by_its_button_and_sends_what_is_chosen(
    opened: Open, bot: Bot
) -> None:
    await bot.ok("setMyCommands", commands=COMMANDS)
    page = await opened(PHONE)
    await desk(page).get_by_role("button", name="Commands").click()
    await desk(page).get_by_role("option", name="/pending").click()
    await expect(desk(page).locator(".message.own")).to_contain_text("/pending")
    await expect(desk(page).get_by_role("listbox")).to_be_hidden()


async def test_an_asked_for_reply_is_sent_as_a_reply(opened: Open, bot: Bot) -> None:
    page = await opened(PHONE)
    ask = {"force_reply": True, "input_field_placeholder": "Reason"}
    asked = await bot.says("Why is it declined?", reply_markup=ask)
    strip = desk(page).locator(".replying")
    await expect(strip).to_contain_text("Why is it declined?")
    written = field(desk(page))
    await expect(written).to_have_attribute("placeholder", "Reason")
    await written.fill("the patient called")
    await written.press("Enter")
    own = desk(page).locator(".message.own")
    await expect(own.locator(".quote")).to_contain_text("Why is it declined?")
    await expect(strip).to_be_hidden()
    answered = bot.server.person(DESK).messages[-1]["reply_to_message"]
    assert answered["message_id"] == asked


async def test_what_the_server_refuses_stays_written_and_is_told(
    opened: Open, server: BotApiServer, forgiven: list[str]
) -> None:
    forgiven.append("404 (Not Found)")
    page = await opened(PHONE)
    server.forget(DESK)
    written = field(desk(page))
    await written.fill("hello")
    await written.press("Enter")
    await expect(desk(page).locator(".toast")).to_contain_text("no such person")
    await expect(written).to_have_value("hello")
