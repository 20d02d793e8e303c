"""A server that comes and goes."""

from playwright.async_api import expect

from tests.e2e.phones.sides import IN_CHROMIUM, PHONE, Open, bot_of, desk, make_server, message

pytestmark = IN_CHROMIUM


async def test_the_page_says_that_it_reconnects_and_misses_nothing(
    opened: Open, forgiven: list[str]
) -> None:
    forgiven.append("net::ERR_")
    fleeting = make_server()
    async with fleeting.running() as url, bot_of(fleeting) as bot:
        port = fleeting.port
        page = await opened(PHONE, url)
        number = await bot.says("Before")
        await expect(message(desk(page), number)).to_be_visible()
    line = desk(page).get_by_text("Reconnecting…")
    await expect(line).to_be_visible()
    async with fleeting.running(port), bot_of(fleeting) as again:
        await again.edits(number, "Changed")
        await expect(line).to_be_hidden()
        await expect(message(desk(page), number)).to_contain_text("Changed")
        last = await again.says("After")
        await expect(message(desk(page), last)).to_be_visible()
        await page.close()


async def test_a_restarted_server_replaces_the_chat(opened: Open, forgiven: list[str]) -> None:
    forgiven.append("net::ERR_")
    before = make_server()
    async with before.running() as url, bot_of(before) as bot:
        port = before.port
        page = await opened(PHONE, url)
        for number in range(4):
            await bot.says(f"From the first run, {number}")
        await expect(desk(page).locator(".message")).to_have_count(4)
    after = make_server()
    async with after.running(port), bot_of(after) as bot:
        await bot.says("From the second run")
        await expect(desk(page).locator(".message")).to_have_count(1)
        await expect(desk(page).locator(".message")).to_contain_text("second run")
        await page.close()
