"""How updates come: the bot asks for them (polling), or Telegram brings them (webhook)."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import structlog
from telegram import BotCommandScopeDefault, Update
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError

from bot.connection import REFUSED_AT_MOST, Connection, PollingConnection
from bot.settings import PREFIX, WrongSetting
from bot.webhook import Webhook
from handlers.context import App
from handlers.gateway import seconds_of

log = structlog.get_logger()

End = Callable[[str], None]
"""Ends the program, for a reason that is told in one line."""

UPDATE_KINDS: Final = (Update.MESSAGE, Update.CALLBACK_QUERY)

UNKNOWN_TOKEN: Final = f"{PREFIX}BOT_TOKEN: Telegram does not know this token"
SECOND_POLLER: Final = (
    "another program is polling with this bot's token: stop it first, or use another token"
)
MOVED_WEBHOOK: Final = (
    "another program has taken this bot's webhook away: stop it first, or use another token"
)

SILENT_AFTER: Final = 90.0
"""Seconds without an answer after which Telegram counts as out of reach."""
LOOKS_EVERY: Final = 30.0
"""Seconds between looks at how Telegram sees the webhook."""

BEARS_CONFLICTS_FOR: Final = 10.0
"""Seconds for which two programs may poll at once: a new one takes over from an old one."""

_LONGEST_PAUSE: Final = 30.0
_CONFLICT_FORGOTTEN_AFTER: Final = 60.0


async def reach(app: App) -> None:
    """Reach Telegram, however long it takes.

    Raises:
        WrongSetting: It does not know the token.
    """

    async def say_hello() -> None:
        await app.initialize()
        await app.bot.delete_my_commands(BotCommandScopeDefault())

    await _until_done(say_hello)


@contextlib.asynccontextmanager
async def polling(app: App, connection: PollingConnection, end: End) -> AsyncIterator[None]:
    """Ask for updates until the block is left; what was taken by then is confirmed.

    Where a second poller ends the bot, nothing is asked any more: that would disturb the other one,
    and end it too. What was taken has been confirmed by then, with the call that met the conflict.

    Raises:
        WrongSetting: Telegram does not know the token.
    """
    conflicts = Conflicts()

    def on_trouble(error: TelegramError) -> None:
        if isinstance(error, Conflict):
            conflicts.note()
            if conflicts.go_on:
                end(SECOND_POLLER)
            else:
                log.warning("another program is polling with this bot's token; trying again")
        elif connection.refusals >= REFUSED_AT_MOST:
            end(UNKNOWN_TOKEN)
        else:
            _tell(error)

    assert app.updater is not None  # noqa: S101 - built with one
    connection.on_trouble = on_trouble
    await _until_done(app.bot.delete_webhook)
    await app.updater.start_polling(
        allowed_updates=UPDATE_KINDS, error_callback=_tell, bootstrap_retries=-1
    )
    try:
        yield
    finally:
        connection.end(confirm=not conflicts.go_on)
        await app.updater.stop()


class Conflicts:
    """Tells a second poller that stays from one that only takes over.

    Args:
        now: A monotonic clock, in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first, self._latest = math.inf, -math.inf

    def note(self) -> None:
        """There is one (more)."""
        now = self._now()
        if now - self._latest > _CONFLICT_FORGOTTEN_AFTER:
            self._first = now
        self._latest = now

    @property
    def go_on(self) -> bool:
        """Whether they have gone on for too long."""
        return self._latest - self._first >= BEARS_CONFLICTS_FOR


@contextlib.asynccontextmanager
async def by_webhook(app: App, webhook: Webhook, end: End) -> AsyncIterator[None]:
    """Take the updates that Telegram brings until the block is left; then it keeps them.

    Raises:
        WrongSetting: Telegram does not know the token, or does not take the address.
    """

    async def set_webhook() -> None:
        try:
            await app.bot.set_webhook(
                webhook.url, secret_token=webhook.secret, allowed_updates=UPDATE_KINDS
            )
        except BadRequest as error:
            raise WrongSetting(f"{PREFIX}WEBHOOK_URL: Telegram refuses it: {error}") from None

    await _until_done(set_webhook)
    webhook.is_open = True
    watch = asyncio.create_task(_watch(app, webhook, end))
    try:
        yield
    finally:
        webhook.is_open = False
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch


def silence(*connections: Connection) -> str | None:
    """What is wrong with Telegram, if it has not answered on any of these lately."""
    answered = [c.answered_at for c in connections if c.answered_at is not None]
    if not answered:
        return "not reached yet"
    seconds = time.monotonic() - max(answered)
    return f"has not answered for {seconds:.0f} s" if seconds > SILENT_AFTER else None


async def _watch(app: App, webhook: Webhook, end: End) -> None:
    """Notice what nobody would: that the token was withdrawn, or the webhook moved."""
    refusals, told = 0, None
    while True:
        await asyncio.sleep(LOOKS_EVERY)
        try:
            info = await app.bot.get_webhook_info()
        except InvalidToken as error:
            refusals += 1
            _tell(error)
            if refusals >= REFUSED_AT_MOST:
                end(UNKNOWN_TOKEN)
            continue
        except TelegramError as error:
            _tell(error)
            continue
        refusals = 0
        if info.url != webhook.url:
            end(MOVED_WEBHOOK)
        if info.last_error_date != told:
            told = info.last_error_date
            log.warning("telegram could not bring an update", reason=info.last_error_message)


async def _until_done(call: Callable[[], Awaitable[object]]) -> None:
    wait = 1.0
    while True:
        pause = wait
        try:
            await call()
            return
        except InvalidToken:
            raise WrongSetting(UNKNOWN_TOKEN) from None
        except RetryAfter as error:
            pause = seconds_of(error)
            _tell(error)
        except TelegramError as error:
            wait = min(wait * 2, _LONGEST_PAUSE)
            _tell(error)
        await asyncio.sleep(pause)


def _tell(error: TelegramError) -> None:
    log.warning("telegram cannot be reached; trying again", reason=type(error).__name__)
