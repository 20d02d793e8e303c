"""Reading: what a message looks like, what is new, and what the bot is doing."""

from playwright.async_api import expect

from tests.e2e.phones.sides import (
    DESK,
    HOSTILE,
    IN_CHROMIUM,
    MANAGER,
    PHONE,
    Bot,
    Open,
    desk,
    key,
    manager,
    message,
)
from tests.waiting import until

pytestmark = IN_CHROMIUM


async def test_hostile_text_is_shown_as_it_is_and_does_nothing(opened: Open, bot: Bot) -> None:
    number = await bot.says(HOSTILE, [key("<b>Press</b>")])
    page = await opened(PHONE)
    text = message(desk(page), number).locator(".text")
    await expect(text).to_contain_text("<script>window.harmed = true</script>")
    await expect(text).to_contain_text("onerror='window.harmed = true'></pre></div>")
    assert await page.evaluate("window.harmed") is None
    assert await text.locator("script, img, a[href^='http:'], a[href^='javascript:']").count() == 0
    assert await text.evaluate("e => getComputedStyle(e).unicodeBidi") == "plaintext"
    await expect(page.get_by_role("button", name="<b>Press</b>")).to_be_visible()


async def test_formatting_nests_and_counts_in_utf16(opened: Open, bot: Bot) -> None:
    formatted = (
        "😀 <b>bold <i>both</i></b> <code>code</code> <tg-spoiler>secret</tg-spoiler> "
        '<a href="https://example.org/x">link</a> <a href="http://example.org/">plain</a>\n'
        "<blockquote>said <u>so</u></blockquote>\nafter /risk"
    )
    number = await bot.says(formatted, parse_mode="HTML")
    page = await opened(PHONE)
    text = message(desk(page), number).locator(".text")
    await expect(text.locator("b")).to_have_text("bold both")
    await expect(text.locator("b i")).to_have_text("both")
    await expect(text.locator("code")).to_have_text("code")
    await expect(text.locator("blockquote u")).to_have_text("so")
    link = text.locator("a")
    await expect(link).to_have_count(1)
    await expect(link).to_have_attribute("href", "https://example.org/x")
    assert "noopener" in (await link.get_attribute("rel") or "")
    await text.get_by_role("button", name="Hidden text").click()
    await expect(text.locator(".revealed")).to_have_text("secret")
    await text.get_by_role("button", name="/risk").click()
    await expect(desk(page).locator(".message.own")).to_contain_text("/risk")


async def test_days_silent_messages_and_edits_are_marked(opened: Open, bot: Bot) -> None:
    number = await bot.says("First", disable_notification=True)
    page = await opened(PHONE)
    shown = message(desk(page), number)
    await expect(desk(page).locator(".day")).to_have_text("Today")
    await expect(shown.get_by_role("img", name="sent silently")).to_be_visible()
    await expect(shown.locator("time")).to_contain_text("08:1")
    await bot.edits(number, "Second")
    await expect(shown).to_contain_text("Second")
    await expect(shown.locator(".edited")).to_be_visible()


async def test_a_deleted_message_goes_with_its_day(opened: Open, bot: Bot) -> None:
    number = await bot.says("Here and gone")
    page = await opened(PHONE)
    await expect(message(desk(page), number)).to_be_visible()
    await bot.ok("deleteMessage", chat_id=DESK, message_id=number)
    await expect(desk(page).locator(".message, .day")).to_have_count(0)


async def test_unread_messages_are_counted_until_their_phone_is_in_the_hand(
    opened: Open, bot: Bot
) -> None:
    await bot.says("An old one", to=MANAGER)
    await bot.server.person(MANAGER).reads(1)
    page = await opened(PHONE)
    last = [await bot.says(f"Proposal {number}", to=MANAGER) for number in (1, 2)][-1]
    tab = page.get_by_role("button", name="Manager, 2 unread")
    await expect(tab.locator(".badge")).to_have_text("2")
    await expect(page).to_have_title("(2) Slotwise demo")
    await tab.click()
    await expect(manager(page).get_by_text("New messages")).to_be_visible()
    await expect(page.locator(".tab .badge:visible")).to_have_count(0)
    await expect(page).to_have_title("Slotwise demo")
    await until(lambda: bot.server.person(MANAGER).chat.last_read == last)


async def test_a_reader_further_up_is_told_how_many_came_and_stays_there(
    opened: Open, bot: Bot
) -> None:
    first = await bot.says("Long ago\n" * 80)
    page = await opened(PHONE)
    log = desk(page).locator(".log")
    await log.evaluate("e => e.scrollTo({top: 0})")
    await expect(desk(page).get_by_role("button", name="To the newest message")).to_be_visible()
    await bot.says("News one")
    last = await bot.says("News two")
    button = desk(page).get_by_role("button", name="To the newest message")
    await expect(button.locator(".badge")).to_have_text("2")
    assert await log.evaluate("e => e.scrollTop") == 0
    assert bot.server.person(DESK).chat.last_read == first
    await button.click()
    await expect(message(desk(page), last)).to_be_in_viewport()
    await expect(button).to_be_hidden()


async def test_the_head_tells_what_the_bot_is_doing(opened: Open, bot: Bot) -> None:
    page = await opened(PHONE)
    state = desk(page).locator(".bot-state")
    await expect(state).to_have_text("bot")
    await bot.ok("sendChatAction", chat_id=DESK, action="upload_photo")
    await expect(state).to_have_text("sending a picture…")
    await bot.says("There")
    await expect(state).to_have_text("bot")
