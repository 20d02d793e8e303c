"""The updates that wait for the bot, and the long poll that fetches them."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import Any

from telegram.constants import PollingLimit, UpdateType

from bot.demo.server.errors import bad_request, conflict
from bot.demo.server.feed import Bell

Update = dict[str, Any]

_LONGEST_POLL = 50  # seconds, as Telegram cuts it
_NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
_OTHER_POLLER = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)
_WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)


class Updates:
    """The queue of updates; each stays until the bot confirms it."""

    def __init__(self) -> None:
        self.allowed: list[str] = []
        self.bell = Bell()
        self._pending: deque[Update] = deque()
        self._ids = itertools.count(100_001)
        self._refusal: asyncio.Future[str] | None = None
        self._held = Bell()
        self._closed = False

    def __len__(self) -> int:
        return len(self._pending)

    def put(self, kind: str, body: dict[str, Any]) -> None:
        """Queues an update, unless the bot does not want its kind."""
        if kind in self.allowed or (not self.allowed and kind not in _NOT_BY_DEFAULT):
            self._pending.append({"update_id": next(self._ids), kind: body})
            self.bell.ring()

    def allow(self, kinds: list[Any] | None) -> None:
        """Sets which kinds are queued from now on; `None` leaves that as it is.

        Unknown kinds are ignored, an empty list stands for the default.
        """
        if kinds is not None:
            known = {str(kind.value) for kind in UpdateType}
            self.allowed = [str(kind) for kind in kinds if str(kind) in known]

    def pending(self) -> list[Update]:
        """What waits, oldest first."""
        return list(self._pending)

    def confirm(self, update_id: int) -> None:
        """Drops one update that reached the bot."""
        self._pending = deque(u for u in self._pending if u["update_id"] != update_id)

    def drop(self) -> None:
        """Drops all that waits."""
        self._pending.clear()

    async def poll(self, offset: int, limit: int, seconds: int) -> list[Update]:
        """Fetches updates, waiting up to some seconds for the first one.

        Args:
            offset: Confirms all updates before it; negative: keep only that many.
            limit: How many at most, 1–100.
            seconds: How long to hold the call while there is none.

        Raises:
            ApiError: 409 if another poll takes over meanwhile.
        """
        most = int(PollingLimit.MAX_LIMIT)
        if not 0 <= limit <= most:
            raise bad_request(f"limit must be between {PollingLimit.MIN_LIMIT} and {most}")
        self.refuse_poller(_OTHER_POLLER)
        self._confirm_before(offset)
        if not self._pending and seconds > 0:
            await self._wait(min(seconds, _LONGEST_POLL))
        return list(itertools.islice(self._pending, limit or most))

    def refuse_poller(self, reason: str) -> None:
        """Ends the poll that is held, if one is, with a 409."""
        if self._refusal is not None and not self._refusal.done():
            self._refusal.set_result(reason)

    def refuse_for_webhook(self) -> None:
        """Refuses a poll because updates go to a webhook.

        Raises:
            ApiError: Always, 409.
        """
        raise conflict(_WEBHOOK_ACTIVE)

    def hold(self, polls: bool) -> None:
        """Lets polls be held, or ends them at once with nothing."""
        self._closed = not polls
        self.bell.ring()

    def _confirm_before(self, offset: int) -> None:
        if offset < 0:
            while len(self._pending) > -offset:
                self._pending.popleft()
        while self._pending and self._pending[0]["update_id"] < offset:
            self._pending.popleft()

    async def polled(self, within: float) -> bool:
        """Waits until a poll is held; false if the seconds ran out first."""
        if self._refusal is None or self._refusal.done():
            return await self._held.wait(within)
        return True

    async def _wait(self, seconds: float) -> None:
        refusal = self._refusal = asyncio.get_running_loop().create_future()
        ring = asyncio.ensure_future(self._until_something())
        self._held.ring()
        try:
            await asyncio.wait(
                {refusal, ring}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if refusal.done():
                raise conflict(refusal.result())
        finally:
            ring.cancel()
            refusal.cancel()

    async def _until_something(self) -> None:
        while not self._pending and not self._closed:
            await self.bell.wait()
