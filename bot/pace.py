"""The pace: how fast may be sent, overall and to one chat, so that Telegram turns nothing down."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

from telegram.constants import FloodLimit

OVERALL: Final = FloodLimit.MESSAGES_PER_SECOND * 0.98
"""Messages a second over all chats: a little less than allowed, since clocks differ."""

_BURST: Final = 10
_CHAT_BURST: Final = 4
"""Messages to a quiet chat at once, then one a second; with an answer, what Telegram bears."""

_TOGETHER: Final = 1.0
"""Seconds within which two chats that are told to wait mean that all are."""

_RECOVERS_IN: Final = 30.0
_SLOWEST: Final = 0.25


class Pace:
    """Counts what is sent, says what may go, and waits for the turn of each message.

    Each limit is a moment from which its next message is free, one interval later with each
    message, and allowed to lie a burst behind.

    Args:
        now: A monotonic clock, in seconds.
        overall: Messages a second over all chats.
        burst: Messages at once after a rest.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        overall: float = OVERALL,
        burst: int = _BURST,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._now, self._overall, self._burst, self._sleep = now, overall, burst, sleep
        self._free_from = 0.0
        self._chats: dict[int, float] = {}
        self._held: dict[int, float] = {}
        self._all_held = 0.0
        self._last_told = (0, float("-inf"))
        self._slowed_at = float("-inf")
        self._slowed_to = 1.0

    def is_ready(self, chat_id: int) -> bool:
        """Whether a message to the chat may go as soon as there is a turn."""
        now = self._now()
        if now < self._held.get(chat_id, 0):
            return False
        return self._chats.get(chat_id, 0) <= now + _CHAT_BURST - 1

    def closed(self) -> set[int]:
        """The chats to which nothing may go now."""
        return {chat for chat in self._chats | self._held if not self.is_ready(chat)}

    def opens_in(self) -> float:
        """Seconds until something that is closed now opens; if nothing is: forever."""
        now = self._now()
        if self.is_held:
            return self._all_held - now
        opens = (
            max(self._chats.get(chat, 0) - (_CHAT_BURST - 1), self._held.get(chat, 0)) - now
            for chat in self.closed()
        )
        return min(opens, default=math.inf)

    @property
    def is_held(self) -> bool:
        """Whether nothing may go to anybody now."""
        return self._now() < self._all_held

    def count(self, chat_id: int) -> None:
        """Count a message that goes at once: an answer that somebody waits for.

        Of the chat's burst it takes one message at most: who presses quickly is told all the same.
        """
        now = self._now()
        free = max(self._chats.get(chat_id, 0), now)
        self._chats[chat_id] = max(free, min(free + 1, now + 1))
        self._next_turn()

    async def turn(self, chat_id: int) -> None:
        """Wait until it is the turn of a message to the chat."""
        await self._sleep(self.take(chat_id))
        while self.is_held:
            await self._sleep(self._next_turn())

    def hold(self, chat_id: int, seconds: float) -> None:
        """Send nothing to the chat for so long: Telegram asked for it.

        If it asks for two chats at once, everything is held, and slower for a while: somebody
        else is sending with the same token.
        """
        now = self._now()
        self._held[chat_id] = now + seconds
        last, at = self._last_told
        self._last_told = (chat_id, now)
        if chat_id != last and now - at <= _TOGETHER:
            if not self.is_held:
                self._slow_down(now)
            self.hold_all(seconds)

    def hold_all(self, seconds: float) -> None:
        """Send nothing to anybody for so long."""
        self._all_held = max(self._all_held, self._now() + seconds)
        self._free_from = max(self._free_from, self._all_held)

    def take(self, chat_id: int) -> float:
        """Take a turn for a message to the chat; the seconds until it comes."""
        now = self._now()
        self._chats[chat_id] = max(self._chats.get(chat_id, 0), now) + 1
        self._forget_quiet_chats(now)
        return self._next_turn()

    def _next_turn(self) -> float:
        now = self._now()
        interval = 1 / self._rate(now)
        turn = max(self._free_from, now - (self._burst - 1) * interval)
        self._free_from = turn + interval
        return max(turn - now, 0)

    def _rate(self, now: float) -> float:
        share = min(self._slowed_to + (now - self._slowed_at) / _RECOVERS_IN, 1.0)
        return self._overall * share

    def _slow_down(self, now: float) -> None:
        self._slowed_to = max(self._rate(now) / self._overall / 2, _SLOWEST)
        self._slowed_at = now

    def _forget_quiet_chats(self, now: float) -> None:
        if len(self._chats) + len(self._held) > 1_000:
            self._chats = {chat: free for chat, free in self._chats.items() if free > now}
            self._held = {chat: until for chat, until in self._held.items() if until > now}
