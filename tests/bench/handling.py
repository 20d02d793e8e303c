"""`/risk` handled by the whole application against a bare PTB handler with the same reply.

Both run in this process, on one core; Telegram's place is taken by a request object that answers
at once.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from telegram import InlineKeyboardMarkup, Update
from telegram.constants import ParseMode
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CommandHandler,
    ContextTypes,
)
from telegram.request import BaseRequest, RequestData

from bot.app import UPDATES_AT_ONCE, add_handlers
from bot.demo.sample_store import SAMPLE_HOUSE
from bot.demo.server.html_mode import parse_html
from bot.pictures.chromium import ChromiumRenderer
from bot.pictures.studio import Studio
from domain.clock import HandClock
from domain.people import Role
from handlers.context import Context
from handlers.desk import Desk
from handlers.gateway import Gateway
from storage.store import Store
from tests.bench.history import NOW
from tests.bench.measuring import on_core
from tests.bench.results import Result, at_least
from tests.bench.sample import sample_store
from tests.hmo import join

_SOMEBODY: Final = 1001
_AT_ONCE: Final = 200
"""Updates in a round."""

AnyApp = Application[Any, Any, Any, Any, Any, Any]


class _InstantRequest(BaseRequest):
    """Answers every call at once: a message as the last one that was sent, or just yes.

    Attributes:
        sent: The parameters of the last message.
    """

    def __init__(self) -> None:
        self.sent: dict[str, Any] = {}
        self._message = b""

    @property
    def read_timeout(self) -> float | None:
        return 5

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to end."""

    async def do_request(
        self,
        url: str,
        method: str,  # noqa: ARG002
        request_data: RequestData | None = None,
        *_timeouts: object,
        **_more: object,
    ) -> tuple[int, bytes]:
        called = url.rpartition("/")[2]
        if called == "getMe":
            return 200, _ok(_BOT)
        if called != "sendMessage" or request_data is None:
            return 200, _ok(True)
        parameters = request_data.json_parameters  # a real request has to encode them too
        if not self._message:
            self.sent = dict(request_data.parameters)
            text, entities = parse_html(parameters["text"])
            markup = json.loads(parameters["reply_markup"])
            answer = {"entities": entities, "reply_markup": markup}
            self._message = _ok(_message(text) | answer)
        return 200, self._message


async def handling(folder: Path, rounds: int) -> list[Result]:
    """Updates a second of both, in turn."""
    with on_core(0), sample_store(folder, "handling.db") as store:
        join(store, Role.MANAGER, _SOMEBODY, "Noa", NOW)
        async with _slotwise(store) as (slotwise, request):
            await _handle(slotwise, 1)
            async with _bare(request.sent) as bare:
                await _handle(bare, 1)
                rates: tuple[list[float], list[float]] = [], []
                for _ in range(rounds):
                    for app, found in zip((slotwise, bare), rates, strict=True):
                        found.append(await _handle(app, _AT_ONCE))
    ours, theirs = median(rates[0]), median(rates[1])
    return [
        Result("/risk handled", "Slotwise", ours, "/s"),
        Result("the same reply", "bare PTB handler", theirs, "/s"),
        Result("/risk handled", "Slotwise ÷ bare PTB", ours / theirs, "×", at_least(0.3)),
    ]


@asynccontextmanager
async def _slotwise(store: Store) -> AsyncIterator[tuple[AnyApp, _InstantRequest]]:
    request = _InstantRequest()
    app = _builder(request).context_types(ContextTypes(context=Context)).build()
    studio, clock = Studio(ChromiumRenderer()), HandClock(NOW)
    gateway = Gateway(app.bot, store, studio, clock)
    app.bot_data["desk"] = Desk(store, clock, SAMPLE_HOUSE, studio, gateway, Path())
    add_handlers(app)
    async with app:
        await app.start()
        yield app, request
        await app.stop()


@asynccontextmanager
async def _bare(reply: dict[str, Any]) -> AsyncIterator[AnyApp]:
    """The least that can send this text with these buttons."""
    text, keyboard = reply["text"], reply["reply_markup"]["inline_keyboard"]

    async def on_risk(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_text(
            text,
            parse_mode=ParseMode.HTML,
            reply_markup=InlineKeyboardMarkup.de_json({"inline_keyboard": keyboard}),
        )

    app = _builder(_InstantRequest()).build()
    app.add_handler(CommandHandler("risk", on_risk))
    async with app:
        await app.start()
        yield app
        await app.stop()


def _builder(request: BaseRequest) -> Any:
    return (
        ApplicationBuilder()
        .token("1000001:made-up-token-for-benchmarks")
        .request(request)
        .get_updates_request(_InstantRequest())
        .concurrent_updates(UPDATES_AT_ONCE)
        .job_queue(None)
        .updater(None)
    )


async def _handle(app: AnyApp, number: int) -> float:
    """Let so many `/risk` be handled, from Telegram's JSON on; how many a second."""
    updates = [_update(key) for key in range(1, number + 1)]
    began = perf_counter()
    for update in updates:
        app.update_queue.put_nowait(Update.de_json(update, app.bot))
    await app.update_queue.join()
    return number / (perf_counter() - began)


_BOT: Final = {"id": 1000001, "is_bot": True, "first_name": "Slotwise", "username": "slotwise_bot"}


def _message(text: str) -> dict[str, Any]:
    person = {"id": _SOMEBODY, "is_bot": False, "first_name": "Noa"}
    chat = {"id": _SOMEBODY, "type": "private", "first_name": "Noa"}
    return {"message_id": 1, "from": person, "chat": chat, "date": 1_790_000_000, "text": text}


def _update(key: int) -> dict[str, Any]:
    entities = [{"type": "bot_command", "offset": 0, "length": 5}]
    return {"update_id": key, "message": _message("/risk") | {"entities": entities}}


def _ok(result: object) -> bytes:
    return json.dumps({"ok": True, "result": result}).encode()
