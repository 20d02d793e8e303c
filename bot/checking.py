"""`check`: is everything in place? A line each."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

import typer
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.logs import redact
from bot.pictures.chromium import NO_BROWSER, NO_FONT, WRONG_BROWSER, browser_path, font_available
from bot.settings import Settings, WrongSetting, read_settings
from storage.migrate import upgrade
from storage.store import Store, StoreUnavailable

_WIDTH: Final = 10


class Missing(Exception):  # noqa: N818 - the line that is printed
    """Something is not as it should be; the text says what to do."""


def check() -> bool:
    """Print a line for each part and return whether all of them are in order."""
    try:
        settings = read_settings()
    except WrongSetting as problem:
        _line("settings", ok=False, words=str(problem))
        return False
    _line("settings", ok=True, words=f"zone {settings.timezone}")
    parts: dict[str, Callable[[Settings], str]] = {
        "database": _database,
        "token": _token,
        "Chromium": _chromium,
        "font": _font,
    }
    passed = [_try(name, part, settings) for name, part in parts.items()]
    return all(passed)


def _try(name: str, part: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        words = part(settings)
    except (Missing, WrongSetting, StoreUnavailable) as problem:
        _line(name, ok=False, words=redact(str(problem)))
        return False
    _line(name, ok=True, words=words)
    return True


def _line(name: str, *, ok: bool, words: str) -> None:
    typer.echo(f"{'ok' if ok else 'NO':<4}{name:<{_WIDTH}}{words}")


def _database(settings: Settings) -> str:
    store = Store(settings.database_url.get_secret_value())
    try:
        upgrade(store)
        return f"{store.engine.dialect.name}, up to date"
    finally:
        store.close()


def _token(settings: Settings) -> str:
    return asyncio.run(_who(settings))


async def _who(settings: Settings) -> str:
    bot = Bot(settings.token, base_url=f"{settings.bot_api_url}/bot")
    try:
        async with bot:
            return f"@{bot.username}"
    except InvalidToken:
        raise Missing("Telegram does not know this token") from None
    except TelegramError as error:
        raise Missing(f"Telegram cannot be reached: {type(error).__name__}") from None


def _chromium(_settings: Settings) -> str:
    found = browser_path()
    if found is None:
        raise Missing(WRONG_BROWSER if os.environ.get("BROWSER_PATH") else NO_BROWSER)
    return str(found)


def _font(_settings: Settings) -> str:
    if not font_available():
        raise Missing(NO_FONT)
    return "found"
