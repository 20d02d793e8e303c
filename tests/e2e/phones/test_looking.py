"""Looking: how the phones lie on any screen, contrast, themes, and room for a thumb."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.phones.sides import (
    COMMANDS,
    DESKTOP,
    HOSTILE,
    IN_CHROMIUM,
    MANAGER,
    PHONE,
    RISK,
    RISK_ROWS,
    WIDE,
    Bot,
    Open,
    desk,
    field,
    key,
    make_server,
    manager,
    painted,
)

pytestmark = IN_CHROMIUM

COLUMNS = "1234567890123456789012345678901234"
FAINT_TEXTS = """() => {
  const brush = Object.assign(document.createElement('canvas'), {width: 1, height: 1})
    .getContext('2d', {willReadFrequently: true});
  const paint = colors => {
    brush.clearRect(0, 0, 1, 1);
    for (const color of colors) { brush.fillStyle = color; brush.fillRect(0, 0, 1, 1); }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = rgb => rgb.map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const holder = texts.currentNode.parentElement;
    const words = texts.currentNode.data.trim();
    if (!words || !holder.checkVisibility({visibilityProperty: true})) continue;
    seen += 1;
    const grounds = [];
    for (let e = holder; e; e = e.parentElement) {
      grounds.unshift(getComputedStyle(e).backgroundColor);
    }
    const ground = paint(grounds);
    const ink = paint([...grounds, getComputedStyle(holder).color]);
    const [high, low] = [light(ground), light(ink)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.push(`${words}: ${contrast.toFixed(2)}`);
  }
  return seen > 30 ? found : [`only ${seen} texts looked at`];
}"""


async def test_a_wide_screen_shows_both_phones_from_the_left_with_hints_beside_them(
    opened: Open,
) -> None:
    page = await opened(WIDE)
    boxes = [await phone.bounding_box() for phone in await page.locator(".phone").all()]
    first, second = (box for box in boxes if box)
    assert first["x"] < 30
    assert second["x"] > first["x"] + first["width"]
    assert all(390 <= box["width"] <= 430 for box in (first, second))
    assert all(box["height"] > 800 for box in (first, second))
    await expect(page.locator(".tabs")).to_be_hidden()
    await expect(page.get_by_role("complementary")).to_contain_text("Authorize Risk Transfer")
    await assert_no_sideways_scroll(page)


async def test_a_narrow_screen_shows_one_phone_and_tabs_to_the_others(opened: Open) -> None:
    page = await opened(PHONE)
    box = await desk(page).bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 390)
    await expect(manager(page)).to_be_hidden()
    await page.get_by_role("button", name="Manager").click()
    await expect(manager(page)).to_be_visible()
    await expect(desk(page)).to_be_hidden()
    await expect(page.get_by_role("complementary")).to_be_hidden()


async def test_the_bar_tells_the_demos_own_time_in_the_hmos_zone(opened: Open) -> None:
    page = await opened(DESKTOP)
    await expect(page.locator("#clock")).to_contain_text("Mon 23 Nov 08:1")
    await expect(page.locator(".bar")).to_contain_text("nothing leaves this computer")


@pytest.mark.parametrize("width", [320, 390, 720, 1024, 1440])
async def test_no_width_and_no_text_makes_anything_scroll_sideways(
    opened: Open, bot: Bot, width: int
) -> None:
    await bot.says(HOSTILE, [key("Word" * 40), key("Two"), key("Three")])
    await bot.says(f"<pre>{COLUMNS}</pre>", parse_mode="HTML")
    page = await opened((width, 844))
    await expect(page.locator(".message").first).to_be_visible()
    await assert_no_sideways_scroll(page)


async def test_four_phones_fit_a_wide_desktop(opened: Open) -> None:
    wide = make_server(people=4)
    async with wide.running() as url:
        page = await opened(DESKTOP, url)
        await expect(page.locator(".phone:visible")).to_have_count(4)
        await assert_no_sideways_scroll(page)
        await page.close()


@pytest.mark.parametrize("width", [320, 390, 1440])
async def test_a_monospaced_block_holds_34_columns_without_wrap_or_scroll(
    opened: Open, bot: Bot, width: int
) -> None:
    await bot.says(f"<pre>{COLUMNS}\n{RISK_ROWS}</pre>", parse_mode="HTML")
    page = await opened((width, 844))
    block = page.locator("pre")
    scroll, client, height, line = await block.evaluate(
        """e => [e.scrollWidth, e.clientWidth, e.clientHeight,
                 parseFloat(getComputedStyle(e).lineHeight)]"""
    )
    assert scroll <= client
    assert height < 8 * line + 1  # seven lines and the padding
    assert await block.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 11


async def assert_no_sideways_scroll(page: Page) -> None:
    wide = await page.evaluate(
        """() => [...document.querySelectorAll('html, body, .room, .log, .message, .keyboard')]
          .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className || e.tagName)"""
    )
    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out_from_its_ground(opened: Open, bot: Bot, scheme: Any) -> None:
    keys = [key("Plain"), key("Yes", "success"), key("No", "danger"), key("Next", "primary")]
    await bot.ok("setMyCommands", commands=COMMANDS)
    await bot.says(RISK + "\n<blockquote>said</blockquote> /risk", keys, parse_mode="HTML")
    ask = {"force_reply": True}
    await bot.sends_file("a.csv", b"a", "File")
    await bot.says("Why?", reply_markup=ask)
    await bot.says("For the manager", to=MANAGER)
    page = await opened(DESKTOP, color_scheme=scheme)
    await field(desk(page)).fill("/risk please")
    await page.keyboard.press("Enter")
    await expect(desk(page).locator(".message.own .quote")).to_be_visible()
    await desk(page).get_by_role("button", name="Plain").click()
    query = await bot.pressed()
    await bot.answers(query, "Up to date")
    await expect(desk(page).get_by_text("Up to date")).to_be_visible()
    await field(desk(page)).focus()
    await page.keyboard.type("/")
    await expect(desk(page).get_by_role("listbox")).to_be_visible()
    faint = await page.evaluate(FAINT_TEXTS)
    assert faint == []


async def test_the_theme_can_be_turned_and_is_remembered(opened: Open) -> None:
    page = await opened(PHONE, color_scheme="light")
    body = page.locator("body")
    light = await body.evaluate("e => getComputedStyle(e).backgroundColor")
    await page.get_by_role("button", name="Dark theme").click()
    dark = await body.evaluate("e => getComputedStyle(e).backgroundColor")
    assert dark != light
    await page.reload()
    await expect(body).to_have_css("background-color", dark)
    await expect(page.get_by_role("button", name="Dark theme", pressed=True)).to_be_visible()


async def test_everything_pressable_has_a_name_and_room_for_a_thumb(opened: Open, bot: Bot) -> None:
    await bot.ok("setMyCommands", commands=COMMANDS)
    await bot.shows(painted("teal"), "Rate", [key("1"), key("2")])
    page = await opened(PHONE, has_touch=True)
    await expect(page.get_by_role("log", name="Front desk’s chat with Slotwise")).to_be_visible()
    pressable = await page.evaluate(
        """() => [...document.querySelectorAll('button, a, textarea')]
          .filter(e => e.checkVisibility({visibilityProperty: true}))
          .map(e => ({name: e.ariaLabel || e.innerText, ...e.getBoundingClientRect().toJSON()}))"""
    )
    assert len(pressable) >= 9
    assert [one for one in pressable if not one["name"].strip()] == []
    assert [one["name"] for one in pressable if min(one["height"], one["width"]) < 36] == []
