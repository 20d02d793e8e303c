"""How fast a bot may write: Telegram's flood limits as token buckets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from telegram.constants import FloodLimit

from bot.demo.server.errors import too_many_requests


@dataclass(frozen=True)
class Limits:
    """The flood limits for sends and edits.

    Attributes:
        per_chat: Messages per second into one chat.
        chat_burst: How many may follow at once into a chat that was quiet.
        group_per_minute: Messages per minute into one group.
        overall: Messages per second over all chats, also the burst.
    """

    per_chat: float = FloodLimit.MESSAGES_PER_SECOND_PER_CHAT
    chat_burst: int = 5
    group_per_minute: float = FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP
    overall: float = FloodLimit.MESSAGES_PER_SECOND


class Bucket:
    """A token bucket that starts full."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until one token is there; 0 if there is one."""
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._level >= 1 else (1 - self._level) / self._rate

    def take(self) -> None:
        """Takes one token; call after `wait` said 0."""
        self._level -= 1


class Meter:
    """Counts what the bot writes against the limits.

    Args:
        limits: The limits, or `None` to let everything through.
        monotonic: Seconds on a clock that never goes back.
    """

    def __init__(self, limits: Limits | None, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._buckets: dict[str, Bucket] = {}

    def take(self, chat_id: int, *, group: bool) -> None:
        """Lets one message through.

        Raises:
            ApiError: 429 with `retry_after`, in whole seconds, if it has to wait.
        """
        if self._limits is None:
            return
        now = self._monotonic()
        buckets = self._buckets_of(self._limits, chat_id, group, now)
        wait = max(bucket.wait(now) for bucket in buckets)
        if wait > 0:
            raise too_many_requests(max(1, math.ceil(wait - 1e-9)))
        for bucket in buckets:
            bucket.take()

    def _buckets_of(self, limits: Limits, chat_id: int, group: bool, now: float) -> list[Bucket]:
        shapes = {
            "all": (limits.overall, limits.overall),
            f"chat {chat_id}": (limits.per_chat, limits.chat_burst),
        }
        if group:
            shapes[f"group {chat_id}"] = (limits.group_per_minute / 60, limits.group_per_minute)
        for name, (rate, burst) in shapes.items():
            self._buckets.setdefault(name, Bucket(rate, burst, now))
        return [self._buckets[name] for name in shapes]
