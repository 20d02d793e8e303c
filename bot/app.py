"""The composition root: read this, and you know what the bot is made of."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import structlog
from telegram import BotCommandScopeDefault, Update
from telegram.error import Conflict, InvalidToken, NetworkError, TelegramError
from telegram.ext import (
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    TypeHandler,
    filters,
)

from bot.connection import REFUSED_AT_MOST, Connection, PollingConnection
from bot.courier import Courier
from bot.pace import Pace
from bot.pictures.chromium import ChromiumRenderer
from bot.pictures.studio import Studio
from bot.settings import PREFIX, Settings, WrongSetting
from domain.clock import Clock
from handlers.commands import COMMANDS
from handlers.context import App, Context
from handlers.desk import Desk
from handlers.errors import on_error
from handlers.gateway import Gateway
from handlers.guard import FIRST, guard
from handlers.router import on_press, on_text
from handlers.start import on_start
from handlers.uploads import on_document
from storage.migrate import upgrade
from storage.store import Store

log = structlog.get_logger()

UPDATES_AT_ONCE: Final = 32
"""Updates handled side by side; more only queue for the connection."""

UPDATE_KINDS: Final = (Update.MESSAGE, Update.CALLBACK_QUERY)

UNKNOWN_TOKEN: Final = f"{PREFIX}BOT_TOKEN: Telegram does not know this token"
SECOND_POLLER: Final = (
    "another program is polling with this bot's token: stop it first, or use another token"
)


@dataclass
class Running:
    """A bot at work.

    Attributes:
        stopped: Done when the bot cannot go on; its result is why.
    """

    app: App
    desk: Desk
    renderer: ChromiumRenderer
    stopped: asyncio.Future[str]


def build_app(settings: Settings) -> App:
    """The application with all its handlers, and nothing started."""
    connection, polling = Connection(), PollingConnection()
    app: App = (
        ApplicationBuilder()
        .token(settings.token)
        .base_url(f"{settings.bot_api_url}/bot")
        .base_file_url(f"{settings.bot_api_url}/file/bot")
        .context_types(ContextTypes(context=Context))
        .concurrent_updates(UPDATES_AT_ONCE)
        .request(connection)
        .get_updates_request(polling)
        .job_queue(None)
        .build()
    )
    app.bot_data |= {"connection": connection, "polling": polling}
    add_handlers(app)
    return app


def add_handlers(app: App) -> None:
    """Everything that answers, the guard before all of it."""
    app.add_handler(TypeHandler(Update, guard), group=FIRST)
    app.add_handler(CommandHandler("start", on_start))
    for command in COMMANDS:
        app.add_handler(CommandHandler(command.name, command.handler))
    app.add_handler(CallbackQueryHandler(on_press))
    app.add_handler(MessageHandler(filters.Document.ALL, on_document))
    app.add_handler(MessageHandler(filters.ALL, on_text))
    app.add_error_handler(on_error)


@contextlib.asynccontextmanager
async def running(settings: Settings, clock: Clock) -> AsyncIterator[Running]:
    """Run the bot by polling until the block is left.

    Raises:
        WrongSetting: The token is not one that Telegram knows.
        storage.store.StoreUnavailable: The database cannot be opened.
    """
    app = build_app(settings)
    store = Store(settings.database_url.get_secret_value())
    renderer, pace = ChromiumRenderer(), Pace()
    try:
        await asyncio.to_thread(upgrade, store)
        studio = Studio(renderer)
        desk = Desk(
            store,
            clock,
            settings.house,
            studio,
            Gateway(app.bot, store, studio, clock, pace.count),
            settings.data_dir,
        )
        app.bot_data["desk"] = desk
        await _connect(app)
        async with _working(app, desk, renderer, pace) as at_work:
            yield at_work
    finally:
        for connection in (app.bot_data["connection"], app.bot_data["polling"]):
            await connection.shutdown()
        await renderer.close()
        await asyncio.to_thread(store.close)


@contextlib.asynccontextmanager
async def _working(
    app: App, desk: Desk, renderer: ChromiumRenderer, pace: Pace
) -> AsyncIterator[Running]:
    stopped: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    polling = app.bot_data["polling"]

    def on_trouble(error: TelegramError) -> None:
        if isinstance(error, Conflict):
            _end(stopped, SECOND_POLLER)
        elif polling.refusals >= REFUSED_AT_MOST:
            _end(stopped, UNKNOWN_TOKEN)
        else:
            log.warning("telegram cannot be reached; trying again", reason=type(error).__name__)

    await app.start()
    assert app.updater is not None  # noqa: S101 - built with one
    await app.updater.start_polling(allowed_updates=UPDATE_KINDS, error_callback=on_trouble)
    courier = asyncio.create_task(Courier(desk, pace).run())
    courier.add_done_callback(lambda _: _end(stopped, "deliveries have ended unexpectedly"))
    try:
        yield Running(app, desk, renderer, stopped)
    finally:
        await app.updater.stop()
        await app.stop()
        courier.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await courier
        await app.shutdown()


def _end(stopped: asyncio.Future[str], reason: str) -> None:
    if not stopped.done():
        stopped.set_result(reason)


async def _connect(app: App) -> None:
    """Reach Telegram, however long it takes; a wrong token ends it."""
    wait = 1.0
    while True:
        try:
            await app.initialize()
            await app.bot.delete_my_commands(BotCommandScopeDefault())
            return
        except InvalidToken:
            raise WrongSetting(UNKNOWN_TOKEN) from None
        except NetworkError as error:
            log.warning("telegram cannot be reached; trying again", reason=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30)
