"""Delivering updates to the bot's webhook instead of waiting to be asked."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from ipaddress import ip_address
from typing import Any

import httpx
from telegram.constants import WebhookLimit

from bot.demo.server.errors import bad_request
from bot.demo.server.links import split
from bot.demo.server.updates import Update, Updates
from domain.clock import Clock

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name

_SECRET = re.compile(rf"[A-Za-z0-9_-]{{1,{int(WebhookLimit.MAX_SECRET_TOKEN_LENGTH)}}}")
_USUAL_CONNECTIONS = 40
_ANSWER_SECONDS = 60.0


def read_webhook_url(url: str) -> str:
    """Checks a webhook's address; plain http is taken for this very machine only.

    Raises:
        ApiError: If Telegram would refuse it.
    """
    parts = split(url)
    local = parts.scheme == "http" and _is_loopback(parts.hostname or "")
    if not local and (parts.scheme != "https" or not parts.netloc):
        raise bad_request("bad webhook: HTTPS url must be provided for webhook")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def read_secret(secret: str) -> str:
    """Checks a webhook's secret.

    Raises:
        ApiError: If it holds other characters than Telegram allows, or too many.
    """
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    return secret


class Webhook:
    """Sends updates to one address, in order within a chat, until they are taken.

    Args:
        updates: The queue to deliver from.
        clock: The time that `getWebhookInfo` tells.
        backoff: Seconds until the first repetition; doubles up to a minute.
    """

    def __init__(self, updates: Updates, clock: Clock, backoff: float) -> None:
        self.url = ""
        self._updates = updates
        self._clock = clock
        self._backoff = backoff
        self._secret = ""
        self._connections = _USUAL_CONNECTIONS
        self._error: dict[str, Any] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self, url: str, secret: str, connections: int) -> None:
        """Starts to deliver to an address."""
        await self.stop()
        most = int(WebhookLimit.MAX_CONNECTIONS_LIMIT)
        self.url, self._secret = url, secret
        self._connections = min(connections, most) if connections > 0 else _USUAL_CONNECTIONS
        self.resume()

    async def stop(self) -> None:
        """Ends delivery; what waits goes on waiting."""
        await self.pause()
        self.url, self._secret, self._error = "", "", {}

    async def pause(self) -> None:
        """Delivers nothing while the server is down."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def resume(self) -> None:
        """Delivers again, if there is an address."""
        if self.url and self._task is None:
            self._task = asyncio.create_task(self._deliver_all())

    def info(self) -> dict[str, Any]:
        """The answer of `getWebhookInfo`."""
        base = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates),
        }
        if not self.url:
            return base
        wanted = {"allowed_updates": self._updates.allowed} if self._updates.allowed else {}
        return base | {"max_connections": self._connections} | wanted | self._error

    async def _deliver_all(self) -> None:
        under_way: set[int] = set()  # chats
        async with (
            httpx.AsyncClient(timeout=_ANSWER_SECONDS, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            while True:
                for update in self._updates.pending():
                    chat = _chat_of(update)
                    if chat not in under_way and len(under_way) < self._connections:
                        under_way.add(chat)
                        task = group.create_task(self._deliver(client, update))
                        task.add_done_callback(partial(self._done, under_way, chat))
                await self._updates.bell.wait()

    def _done(self, under_way: set[int], chat: int, _: asyncio.Task[None]) -> None:
        under_way.discard(chat)
        self._updates.bell.ring()

    async def _deliver(self, client: httpx.AsyncClient, update: Update) -> None:
        headers = {SECRET_HEADER: self._secret} if self._secret else {}
        pause = self._backoff
        while problem := await _post(client, self.url, update, headers):
            self._error = {
                "last_error_date": int(self._clock.now().timestamp()),
                "last_error_message": problem,
            }
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60.0)
        self._updates.confirm(update["update_id"])


async def _post(
    client: httpx.AsyncClient, url: str, update: Update, headers: dict[str, str]
) -> str:
    """Tries once; returns what went wrong, empty if the bot took the update."""
    try:
        answer = await client.post(url, json=update, headers=headers)
    except httpx.TimeoutException:
        return "Read timeout expired"
    except httpx.HTTPError:
        return "Connection refused"
    if answer.is_success:
        return ""
    return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"


def _chat_of(update: Update) -> int:
    """The chat that an update belongs to: within it the order is kept."""
    body = next(value for key, value in update.items() if key != "update_id")
    message = body.get("message", body)
    return int(message.get("chat", {}).get("id", 0))
