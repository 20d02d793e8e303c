"""The courier: delivers the outbox and keeps open messages true, at Telegram's pace.

It works from the database alone: what is due and which message shows old figures is read there,
so nothing is lost when the process ends, and several decisions in a row cost one edit.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

import structlog
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

from domain.people import Refused
from handlers.addresses import UnknownAddress
from handlers.desk import Desk
from handlers.gateway import seconds_of
from handlers.router import open_screen
from handlers.screens import Visit
from storage import open_messages, outbox, people
from storage.open_messages import Shown
from storage.outbox import DuePush
from storage.store import StoreUnavailable

log = structlog.get_logger()

LOOKS_EVERY: Final = 1.0
"""Seconds between looks at the database when nothing in this process has changed."""

ENDS_WITHIN: Final = 5.0
"""Seconds that messages on their way are given when the program ends."""

_AT_ONCE: Final = 100
_CLEANS_EVERY: Final = timedelta(hours=1)
_BACK_OFF: Final = timedelta(seconds=5)


class Pace:
    """How fast may be sent: overall, and to one chat with a small burst.

    Args:
        now: A monotonic clock, in seconds.
        overall: Messages a second over all chats (Telegram allows 30).
        burst: Messages to one chat at once; then one a second.
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, overall: float = 25, burst: int = 3
    ) -> None:
        self._now, self._overall, self._burst = now, overall, burst
        self._free_from = 0.0
        self._chats: dict[int, float] = {}
        self._held: dict[int, float] = {}

    def is_ready(self, chat_id: int) -> bool:
        """Whether a message to the chat may go now."""
        now = self._now()
        if now < self._held.get(chat_id, 0):
            return False
        return self._chats.get(chat_id, 0) <= now + self._burst - 1

    def closed(self) -> set[int]:
        """The chats to which nothing may go now."""
        return {chat for chat in self._chats | self._held if not self.is_ready(chat)}

    def take(self, chat_id: int) -> float:
        """Take a turn for the chat; the seconds to wait until it comes."""
        now = self._now()
        self._chats[chat_id] = max(self._chats.get(chat_id, 0), now) + 1
        turn = max(self._free_from, now)
        self._free_from = turn + 1 / self._overall
        if len(self._chats) > 10_000:
            self._chats = {chat: free for chat, free in self._chats.items() if free > now}
        return turn - now

    def hold(self, chat_id: int, seconds: float) -> None:
        """Send nothing to the chat for so long: Telegram asked for it."""
        self._held[chat_id] = self._now() + seconds


class Courier:
    """Runs beside the handlers until it is stopped.

    Args:
        desk: What it works with.
        pace: How fast it may send.
    """

    def __init__(self, desk: Desk, pace: Pace | None = None) -> None:
        self._desk = desk
        self._pace = pace or Pace()
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._cleans_at = desk.clock.now()

    async def run(self) -> None:
        """Deliver and renew until cancelled; a round that fails is logged and tried again."""
        try:
            while True:
                self._desk.changed.clear()
                try:
                    await self._round()
                except StoreUnavailable as reason:
                    log.error("the database cannot be reached; trying again", reason=str(reason))
                except Exception:
                    log.exception("a round failed; trying again")
                # Not `wait_for`: before Python 3.12 it can swallow a cancellation.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOKS_EVERY):
                        await self._desk.changed.wait()
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """Let what is on its way arrive and be noted, so that it is not sent again."""
        busy = list(self._busy.values())
        if busy:
            _, late = await asyncio.wait(busy, timeout=ENDS_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _round(self) -> None:
        now, store = self._desk.clock.now(), self._desk.store
        if now >= self._cleans_at:
            self._cleans_at = now + _CLEANS_EVERY
            await store.write(open_messages.forget_old, now)
        closed = set(self._busy) | self._pace.closed()
        for push in await store.write(outbox.take_due, now, _AT_ONCE, closed):
            self._begin(push.member.chat_id, self._deliver(push))
        closed = set(self._busy) | self._pace.closed()
        for shown in await store.read(open_messages.outdated, now, _AT_ONCE, closed):
            if shown.chat_id not in self._busy and self._pace.is_ready(shown.chat_id):
                self._begin(shown.chat_id, self._renew(shown))

    def _begin(self, chat_id: int, work: Coroutine[Any, Any, None]) -> None:
        """One message at a time to a chat; the next round has the rest."""
        task = asyncio.create_task(self._guarded(work))
        self._busy[chat_id] = task
        task.add_done_callback(lambda _: self._end(chat_id))

    def _end(self, chat_id: int) -> None:
        self._busy.pop(chat_id, None)
        self._desk.changed.set()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except StoreUnavailable as reason:
            log.error("the database cannot be reached; trying again", reason=str(reason))
        except Exception:
            log.exception("a delivery failed")

    async def _deliver(self, push: DuePush) -> None:
        store, clock = self._desk.store, self._desk.clock
        try:
            screen = await open_screen(Visit(self._desk, push.member), push.address)
        except (UnknownAddress, Refused) as error:
            await store.write(outbox.give_up, push.id, type(error).__name__)
            return
        except Exception as error:
            await store.write(
                outbox.put_off, push.id, clock.now() + _back_off(push), type(error).__name__
            )
            raise
        await asyncio.sleep(self._pace.take(push.member.chat_id))
        try:
            message_id = await self._desk.gateway.push(push.member, screen, silent=push.silent)
        except TelegramError as error:
            await self._not_delivered(push, error)
            return
        await store.write(outbox.mark_sent, push.id, message_id, clock.now())

    async def _not_delivered(self, push: DuePush, error: TelegramError) -> None:
        store, now = self._desk.store, self._desk.clock.now()
        problem = type(error).__name__
        if isinstance(error, Forbidden):
            await store.write(people.mark_unreachable, push.member.id)
            await store.write(outbox.give_up, push.id, problem)
        elif isinstance(error, RetryAfter):
            seconds = seconds_of(error)
            self._pace.hold(push.member.chat_id, seconds)
            await store.write(outbox.put_off, push.id, now + timedelta(seconds=seconds), problem)
        elif isinstance(error, BadRequest):
            log.error("a push was refused", push=push.id, problem=str(error))
            await store.write(outbox.give_up, push.id, str(error))
        else:
            await store.write(outbox.put_off, push.id, now + _back_off(push), problem)

    async def _renew(self, shown: Shown) -> None:
        store = self._desk.store
        member = await store.read(people.member_by_id, shown.member_id)
        if member is None:
            await store.write(open_messages.forget, shown.chat_id, shown.message_id)
            return
        visit = Visit(self._desk, member)
        await asyncio.sleep(self._pace.take(shown.chat_id))
        try:
            await self._desk.gateway.renew(member, shown, lambda: open_screen(visit, shown.address))
        except RetryAfter as told:
            self._pace.hold(shown.chat_id, seconds_of(told))
        except NetworkError as error:
            if not isinstance(error, BadRequest):
                self._pace.hold(shown.chat_id, _BACK_OFF.total_seconds())
                return
            log.error("a message could not be renewed", problem=str(error))
            await store.write(open_messages.forget, shown.chat_id, shown.message_id)
        except (UnknownAddress, Refused, Forbidden) as error:
            if isinstance(error, Forbidden):
                await store.write(people.mark_unreachable, member.id)
            await store.write(open_messages.forget, shown.chat_id, shown.message_id)


def _back_off(push: DuePush) -> timedelta:
    doublings = min(push.attempts, 6)
    return _BACK_OFF * (1 << doublings)
