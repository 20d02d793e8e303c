"""The demo page in a real Chromium: the bot's side over HTTP, the person's side by hand."""

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, cast

import httpx
import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.demo.server import BotApiServer, Person
from domain.clock import HandClock

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]

DESK, MANAGER = 1001, 1002
PHONE = (390, 844)
DESKTOP = (1440, 900)
MORNING = datetime(2026, 11, 23, 6, 14, tzinfo=UTC)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
COLUMNS = "1234567890123456789012345678901234"
RISK_ROWS = """1 P-7K3MQD  9×  41%  Mon 30 09:20
  Cardiology · 40–49
2 P-Q2D8XN  8×  38%  Mon 30 10:00
  Dermatology · 18–29 · proposed
3 P-M4TW9C  8×  36%  Mon 30 11:40
  Orthopaedics · 30–39"""
RISK = f"<b>High-risk · next 7 days</b>\nAll departments · all ages\n<pre>{RISK_ROWS}</pre>"
HOSTILE = "\n".join(
    [
        "<script>window.harmed = true</script>",
        "<img src=x onerror='window.harmed = true'></pre></div>",
        "שלום לכולם, תור בשעה 09:20 במחלקת עור",
        "\u202eturned around\u202c and back",
        "Donaudampfschifffahrt" * 12,
        "javascript:alert(1) http://plain.example",
    ]
)
Row = list[dict[str, str]]


class Bot:
    """The bot's side: bare calls of the Bot API."""

    def __init__(self, server: BotApiServer, client: httpx.AsyncClient) -> None:
        self.server = server
        self._client = client

    async def call(self, method: str, files: Any = None, **params: Any) -> Any:
        url = f"{self.server.bot_url}{self.server.token}/{method}"
        if files:
            plain = {k: v if isinstance(v, str) else json.dumps(v) for k, v in params.items()}
            answer = await self._client.post(url, data=plain, files=files)
        else:
            answer = await self._client.post(url, json=params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    async def says(self, text: str, *rows: Row, to: int = DESK, **more: Any) -> int:
        sent = await self.call("sendMessage", chat_id=to, text=text, **keyboard(*rows), **more)
        return int(sent["message_id"])

    async def edits(self, number: int, text: str, *rows: Row) -> None:
        changed = {"chat_id": DESK, "message_id": number, "text": text, "parse_mode": "HTML"}
        await self.call("editMessageText", **changed, **keyboard(*rows))

    async def shows(self, picture: bytes, caption: str, *rows: Row) -> int:
        named = {"chat_id": DESK, "caption": caption, **keyboard(*rows)}
        sent = await self.call("sendPhoto", {"photo": ("rates.png", picture)}, **named)
        return int(sent["message_id"])

    async def pressed(self) -> dict[str, Any]:
        """Waits for the next press and returns its callback query."""
        while True:
            for update in await self.call("getUpdates", timeout=5, offset=self._offset):
                self._offset = update["update_id"] + 1
                if "callback_query" in update:
                    return cast(dict[str, Any], update["callback_query"])

    _offset = 0


def keyboard(*rows: Row) -> dict[str, Any]:
    return {"reply_markup": {"inline_keyboard": list(rows)}} if rows else {}


def key(text: str, style: str | None = None) -> dict[str, str]:
    shown = {"text": text, "callback_data": text.lower()[:40]}
    return shown | ({"style": style} if style else {})


def picture(color: str, width: int = 1080, height: int = 1350) -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (width, height), color).save(drawn, "PNG")
    return drawn.getvalue()


def make_server(people: int = 2) -> BotApiServer:
    names = [("Dana", "Front desk"), ("Noa", "Manager"), ("Avi", "Call centre"), ("Rina", "Eyes")]
    known = [
        Person(1001 + number, first, title, "staff", started=True)
        for number, (first, title) in enumerate(names[:people])
    ]
    return BotApiServer(
        "1000001:test",
        known,
        clock=HandClock(MORNING),
        limits=None,
        callback_lifetime=timedelta(minutes=5),
        zone="Asia/Jerusalem",
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def server() -> AsyncIterator[BotApiServer]:
    made = make_server()
    async with made.running():
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with httpx.AsyncClient() as client:
        yield Bot(server, client)


Open = Callable[..., Awaitable[Page]]


@pytest.fixture
def forgiven() -> list[str]:
    """What the browser may complain of in this test."""
    return []


@pytest_asyncio.fixture(loop_scope="module")
async def opened(
    browser: Browser, server: BotApiServer, forgiven: list[str]
) -> AsyncIterator[Open]:
    """Opens the page; afterwards nothing was complained of and nothing had left this origin."""
    trouble: list[str] = []
    requests: list[str] = []
    contexts = []

    async def open_page(size: tuple[int, int] = PHONE, url: str = "", **options: Any) -> Page:
        width, height = size
        context = await browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "console",
            lambda said: trouble.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("request", lambda request: requests.append(request.url))
        await page.goto(url or server.base_url)
        await expect(page.locator(".phone")).not_to_have_count(0)
        await expect(page.locator(".log[aria-busy]")).to_have_count(0)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    own = ("http://127.0.0.1:", "data:", "blob:")
    assert [url for url in requests if not url.startswith(own)] == []
    assert [words for words in trouble if not any(known in words for known in forgiven)] == []


def desk(page: Page) -> Locator:
    return page.locator(".phone").first


def manager(page: Page) -> Locator:
    return page.locator(".phone").nth(1)


def message(phone: Locator, number: int) -> Locator:
    return phone.locator(f'.message[data-id="{number}"]')


async def assert_no_sideways_scroll(page: Page) -> None:
    wide = await page.evaluate(
        """() => [...document.querySelectorAll('html, body, .room, .log, .message, .keyboard')]
          .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.className || e.tagName)"""
    )
    assert wide == []


# --- the layout


async def test_a_desktop_shows_both_phones_from_the_left_with_hints_beside_them(
    opened: Open,
) -> None:
    page = await opened(DESKTOP)
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
        page = await opened((1440, 900), url)
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


# --- messages


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
    await bot.call("deleteMessage", chat_id=DESK, message_id=number)
    await expect(desk(page).locator(".message, .day")).to_have_count(0)


# --- buttons


async def test_a_press_spins_until_the_bot_answers_with_a_toast(opened: Open, bot: Bot) -> None:
    await bot.says(RISK, [key("Refresh"), key("Next ›")], parse_mode="HTML")
    page = await opened(PHONE)
    button = desk(page).get_by_role("button", name="Refresh")
    await button.click()
    await expect(button).to_have_attribute("aria-busy", "true")
    query = await bot.pressed()
    assert query["data"] == "refresh"
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Up to date")
    await expect(button).not_to_have_attribute("aria-busy", "true")
    await expect(desk(page).get_by_text("Up to date")).to_be_visible()


async def test_an_alert_waits_over_its_phone_for_ok(opened: Open, bot: Bot) -> None:
    await bot.says("Decide", [key("Authorize", "success")], to=MANAGER)
    page = await opened(DESKTOP)
    await manager(page).get_by_role("button", name="Authorize").click()
    query = await bot.pressed()
    words = "Only managers of Cardiology can authorize this."
    await bot.call(
        "answerCallbackQuery", callback_query_id=query["id"], text=words, show_alert=True
    )
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


# --- pictures and files


async def test_a_picture_has_its_place_before_it_is_loaded_and_opens_and_closes(
    opened: Open, bot: Bot
) -> None:
    number = await bot.shows(picture("teal"), "No-show rate · 90 days")
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
    await bot.shows(picture("teal"), "No-show rate")
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
    number = await bot.shows(picture("teal"), "Rate", [key("Count")])
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
    new = {"new": ("count.png", picture("orange"))}
    await bot.call("editMessageMedia", new, chat_id=DESK, message_id=number, media=media)
    await expect(shown.locator("img")).not_to_have_attribute("src", before or "")
    await expect(shown).to_contain_text("Count")
    assert await shown.evaluate("e => e.empty") == 0
    assert await shown.locator("img").evaluate("e => e.naturalWidth") == 1080


async def test_a_document_can_be_downloaded(opened: Open, bot: Bot) -> None:
    rejects = {"document": ("rejects.csv", b"line,reason\n2,no start\n")}
    await bot.call("sendDocument", rejects, chat_id=DESK, caption="1 row was left out")
    page = await opened(PHONE)
    link = desk(page).get_by_role("link", name="Download rejects.csv")
    async with page.expect_download() as download:
        await link.click()
    assert (await download.value).suggested_filename == "rejects.csv"


async def test_a_csv_is_sent_with_what_was_written_as_its_caption(
    opened: Open, server: BotApiServer
) -> None:
    page = await opened(PHONE)
    await desk(page).get_by_label("Message", exact=True).fill("the new week")
    schedule = {"name": "week.csv", "mimeType": "text/csv", "buffer": b"appointment_id\n1\n"}
    await desk(page).locator(".file").set_input_files(cast(Any, schedule))
    own = desk(page).locator(".message.own")
    await expect(own.get_by_role("link", name="Download week.csv")).to_be_visible()
    await expect(own).to_contain_text("the new week")
    assert server.person(DESK).messages[-1]["document"]["file_name"] == "week.csv"
    await expect(desk(page).get_by_label("Message", exact=True)).to_have_value("")


# --- reading


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
    await eventually(lambda: bot.server.person(MANAGER).chat.last_read == last, page)


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
    await bot.call("sendChatAction", chat_id=DESK, action="upload_photo")
    await expect(state).to_have_text("sending a picture…")
    await bot.says("There")
    await expect(state).to_have_text("bot")


# --- writing


async def test_everything_can_be_done_by_keyboard(opened: Open, bot: Bot) -> None:
    await bot.call("setMyCommands", commands=COMMANDS)
    page = await opened(DESKTOP)
    await page.keyboard.press("F6")
    await expect(manager(page).get_by_label("Message", exact=True)).to_be_focused()
    await page.keyboard.press("F6")
    await expect(desk(page).get_by_label("Message", exact=True)).to_be_focused()
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
    assert (await bot.pressed())["data"] == "refresh"


COMMANDS = [
    {"command": "heatmap", "description": "Where no-shows concentrate"},
    {"command": "risk", "description": "Coming appointments at risk"},
    {"command": "pending", "description": "Proposals that wait"},
    {"command": "help", "description": "What I can do"},
]


async def test_the_menu_opens_by_its_button_and_sends_what_is_chosen(
    opened: Open, bot: Bot
) -> None:
    await bot.call("setMyCommands", commands=COMMANDS)
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
    field = desk(page).get_by_label("Message", exact=True)
    await expect(field).to_have_attribute("placeholder", "Reason")
    await field.fill("the patient called")
    await field.press("Enter")
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
    field = desk(page).get_by_label("Message", exact=True)
    await field.fill("hello")
    await field.press("Enter")
    await expect(desk(page).locator(".toast")).to_contain_text("no such person")
    await expect(field).to_have_value("hello")


# --- looks and reach


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out_from_its_ground(opened: Open, bot: Bot, scheme: Any) -> None:
    keys = [key("Plain"), key("Yes", "success"), key("No", "danger"), key("Next", "primary")]
    await bot.call("setMyCommands", commands=COMMANDS)
    await bot.says(RISK + "\n<blockquote>said</blockquote> /risk", keys, parse_mode="HTML")
    ask = {"force_reply": True}
    await bot.call("sendDocument", {"document": ("a.csv", b"a")}, chat_id=DESK, caption="File")
    await bot.says("Why?", reply_markup=ask)
    await bot.says("For the manager", to=MANAGER)
    page = await opened(DESKTOP, color_scheme=scheme)
    await desk(page).get_by_label("Message", exact=True).fill("/risk please")
    await page.keyboard.press("Enter")
    await expect(desk(page).locator(".message.own .quote")).to_be_visible()
    await desk(page).get_by_role("button", name="Plain").click()
    query = await bot.pressed()
    await bot.call("answerCallbackQuery", callback_query_id=query["id"], text="Up to date")
    await expect(desk(page).get_by_text("Up to date")).to_be_visible()
    await desk(page).get_by_label("Message", exact=True).focus()
    await page.keyboard.type("/")
    await expect(desk(page).get_by_role("listbox")).to_be_visible()
    faint = await page.evaluate(FAINT_TEXTS)
    assert faint == []


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
    await bot.call("setMyCommands", commands=COMMANDS)
    await bot.shows(picture("teal"), "Rate", [key("1"), key("2")])
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


# --- a server that comes and goes


async def test_the_page_says_that_it_reconnects_and_misses_nothing(
    opened: Open, forgiven: list[str]
) -> None:
    forgiven.append("net::ERR_")
    fleeting = make_server()
    async with fleeting.running() as url, httpx.AsyncClient() as client:
        port = fleeting.port
        page = await opened(PHONE, url)
        number = await Bot(fleeting, client).says("Before")
        await expect(message(desk(page), number)).to_be_visible()
    line = desk(page).get_by_text("Reconnecting…")
    await expect(line).to_be_visible()
    async with fleeting.running(port), httpx.AsyncClient() as client:
        again = Bot(fleeting, client)
        await again.edits(number, "Changed")
        await expect(line).to_be_hidden()
        await expect(message(desk(page), number)).to_contain_text("Changed")
        last = await again.says("After")
        await expect(message(desk(page), last)).to_be_visible()
        await page.close()


async def test_a_restarted_server_replaces_the_chat(opened: Open, forgiven: list[str]) -> None:
    forgiven.append("net::ERR_")
    before = make_server()
    async with before.running() as url, httpx.AsyncClient() as client:
        port = before.port
        page = await opened(PHONE, url)
        for number in range(4):
            await Bot(before, client).says(f"From the first run, {number}")
        await expect(desk(page).locator(".message")).to_have_count(4)
    after = make_server()
    async with after.running(port), httpx.AsyncClient() as client:
        await Bot(after, client).says("From the second run")
        await expect(desk(page).locator(".message")).to_have_count(1)
        await expect(desk(page).locator(".message")).to_contain_text("second run")
        await page.close()


async def eventually(condition: Callable[[], bool], page: Page) -> None:
    """Waits, with a bound, for something that only the server knows."""
    for _ in range(200):
        if condition():
            return
        await page.wait_for_timeout(25)
    raise AssertionError("it did not come about within five seconds")
