"""Both sides of a chat on the demo page: the bot's over HTTP, the person's by hand in Chromium."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, cast

import httpx
import pytest
from PIL import Image
from playwright.async_api import Locator, Page

from bot.demo.server import PATIENCE, BotApiServer, Person
from domain.clock import HandClock
from tests.bot.demo.server.helpers import Api

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
IN_CHROMIUM = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
]
"""The `pytestmark` of every module here: its tests share a browser, on the loop it began on."""

DESK, MANAGER = 1001, 1002
PHONE = (390, 844)
DESKTOP, WIDE = (1440, 900), (1920, 1080)
MORNING = datetime(2026, 11, 23, 6, 14, tzinfo=UTC)
TOKEN = "1000001:test"

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
COMMANDS = [
    {"command": "heatmap", "description": "Where no-shows concentrate"},
    {"command": "risk", "description": "Coming appointments at risk"},
    {"command": "pending", "description": "Proposals that wait"},
    {"command": "help", "description": "What I can do"},
]

Row = list[dict[str, str]]
Open = Callable[..., Awaitable[Page]]
"""Opens the page: of what size, where, and with what else of Playwright's context options."""


@dataclass
class Bot(Api):
    """The bot's side: bare calls of the Bot API."""

    server: BotApiServer
    offset: int = 0

    async def says(self, text: str, *rows: Row, to: int = DESK, **more: Any) -> int:
        sent = await self.send(text, to, **keyboard(*rows), **more)
        return int(sent["message_id"])

    async def edits(self, number: int, text: str, *rows: Row) -> None:
        changed = {"chat_id": DESK, "message_id": number, "text": text, "parse_mode": "HTML"}
        await self.ok("editMessageText", **changed, **keyboard(*rows))

    async def shows(self, picture: bytes, caption: str, *rows: Row) -> int:
        named = {"chat_id": DESK, "caption": caption, **keyboard(*rows)}
        sent = await self.uploads("sendPhoto", "photo", picture, "rates.png", **named)
        return int(sent["message_id"])

    async def sends_file(self, name: str, content: bytes, caption: str) -> None:
        named = {"chat_id": DESK, "caption": caption}
        await self.uploads("sendDocument", "document", content, name, **named)

    async def uploads(self, *what: Any, **params: Any) -> Any:
        """Like `upload`, and returns what the call gave."""
        answer = await self.upload(*what, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    async def pressed(self) -> dict[str, Any]:
        """Waits for the next press and returns its callback query."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for update in await self.ok("getUpdates", timeout=5, offset=self.offset):
                    self.offset = update["update_id"] + 1
                    if "callback_query" in update:
                        return cast(dict[str, Any], update["callback_query"])

    async def answers(self, query: dict[str, Any], text: str, *, alert: bool = False) -> None:
        shown = {"text": text, "show_alert": alert}
        await self.ok("answerCallbackQuery", callback_query_id=query["id"], **shown)


def keyboard(*rows: Row) -> dict[str, Any]:
    return {"reply_markup": {"inline_keyboard": list(rows)}} if rows else {}


def key(text: str, style: str | None = None) -> dict[str, str]:
    shown = {"text": text, "callback_data": text.lower()[:40]}
    return shown | ({"style": style} if style else {})


@asynccontextmanager
async def bot_of(server: BotApiServer) -> AsyncIterator[Bot]:
    """The bot's side of a server that is running."""
    async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False) as client:
        yield Bot(client, server.bot_url + TOKEN, server)


def painted(color: str) -> bytes:
    """A picture of a heatmap's size in one colour."""
    drawn = BytesIO()
    Image.new("RGB", (1080, 1350), color).save(drawn, "PNG")
    return drawn.getvalue()


def make_server(people: int = 2) -> BotApiServer:
    names = [("Dana", "Front desk"), ("Noa", "Manager"), ("Avi", "Call centre"), ("Rina", "Eyes")]
    known = [
        Person(DESK + number, first, title, "staff", started=True)
        for number, (first, title) in enumerate(names[:people])
    ]
    return BotApiServer(
        TOKEN,
        known,
        clock=HandClock(MORNING),
        limits=None,
        callback_lifetime=timedelta(minutes=5),
        zone="Asia/Jerusalem",
    )


def desk(page: Page) -> Locator:
    return page.locator(".phone").first


def manager(page: Page) -> Locator:
    return page.locator(".phone").nth(1)


def message(phone: Locator, number: int) -> Locator:
    return phone.locator(f'.message[data-id="{number}"]')


def field(phone: Locator) -> Locator:
    """Where a message is written."""
    return phone.get_by_label("Message", exact=True)
