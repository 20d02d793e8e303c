"""`check`: is everything in place? A line each."""

import asyncio
import functools
import os
import socket
from collections.abc import Callable
from typing import Final

import httpx
import typer
from telegram import Bot, WebhookInfo
from telegram.error import InvalidToken, TelegramError

from bot.channels import Channels
from bot.logs import redact
from bot.opening import open_store
from bot.pictures.chromium import NO_BROWSER, NO_FONT, WRONG_BROWSER, browser_path, font_available
from bot.prediction import model_files
from bot.serving import listen
from bot.settings import PREFIX, Settings, WrongSetting, read_settings
from domain.notices import Channel
from domain.prediction.model import ModelRefused
from storage import models
from storage.store import StoreUnavailable

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
        "model": _model,
    }
    if settings.web_port:
        parts["web"] = _web
    if settings.webhook_url:
        parts["webhook"] = _webhook
    for channel in settings.provider_urls:
        parts[channel] = functools.partial(_channel, channel)
    if settings.provider_urls:
        parts["patients"] = _patients
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
    with open_store(settings) as store:
        return f"{store.engine.dialect.name}, up to date"


def _token(settings: Settings) -> str:
    name, _ = asyncio.run(_ask_telegram(settings))
    return f"@{name}"


async def _ask_telegram(settings: Settings) -> tuple[str, WebhookInfo]:
    bot = Bot(settings.token, base_url=f"{settings.bot_api_url}/bot")
    try:
        async with bot:
            return bot.username, await bot.get_webhook_info()
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


def _model(settings: Settings) -> str:
    """Whether the model in charge can be used."""
    try:
        with open_store(settings) as store:
            version = store.read_now(models.version_in_charge)
    except StoreUnavailable:
        return "which one is in charge stands in the database"
    if version is None:
        return "the rule is in charge"
    try:
        model_files.load(settings.data_dir, version)
    except ModelRefused as refusal:
        raise Missing(f"{version.name}: {refusal}; activate another one") from None
    return f"{version.name} is in charge, its file in order"


def _web(settings: Settings) -> str:
    """The port is free, or it is the bot that answers there."""
    host, port = settings.web_host, settings.web_port
    try:
        listen(port, host).close()
    except OSError as error:
        if _answers_as_the_bot(host, port):
            return f"the bot answers on {host} port {port}"
        raise Missing(f"{PREFIX}WEB_PORT: {host} port {port}: {error.strerror}") from None
    return f"{host} port {port} is free"


def _answers_as_the_bot(host: str, port: int) -> bool:
    place = f"[{host}]" if ":" in host else host
    try:
        page = httpx.get(f"http://{place}:{port}/healthz", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return False
    return page.text.startswith("event loop")


def _webhook(settings: Settings) -> str:
    _, info = asyncio.run(_ask_telegram(settings))
    if info.url != settings.webhook_url:
        return "not set; the bot sets it when it starts"
    if info.pending_update_count and info.last_error_message:
        waiting = f"updates that wait: {info.pending_update_count:,}"
        raise Missing(f"{waiting}; Telegram says: {info.last_error_message}")
    return "set"


def _channel(channel: Channel, settings: Settings) -> str:
    """The provider is there; nothing is sent."""
    place = Channels({channel: settings.provider_urls[channel]}).place(channel)
    if place is None:
        return "set; whether its provider is there is seen by the first message"
    where = f"{place.host} port {place.port}"
    try:
        socket.create_connection((place.host, place.port), timeout=5).close()
    except OSError as error:
        raise Missing(f"{where}: {error.strerror or error}") from None
    return f"{where} is there" + ("" if place.is_encrypted else ", without encryption")


def _patients(settings: Settings) -> str:
    """Whoever is written to reads who writes; settings see to it that they can answer."""
    if not settings.hmo_name:
        raise Missing(f"{PREFIX}HMO_NAME is not set: patients are to read who writes to them")
    own = settings.link_secret.get_secret_value()
    signed = f"by {PREFIX}LINK_SECRET" if own else "by a key made of the token"
    return f"{settings.hmo_name}, links to {settings.public_url} signed {signed}"
