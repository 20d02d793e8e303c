"""The courier: delivers the outbox and keeps open messages true, at Telegram's pace.

It works from the database alone: what is due and which message shows old figures is read there,
so nothing is lost when the process ends, and several decisions in a row cost one edit. It takes
in hand only what is sent within half a second: a backlog stays in the database, what is urgent
overtakes it there, and little is in doubt when the process is killed. What waits for a picture is
set aside meanwhile.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Concatenate, Final, ParamSpec

import structlog
from sqlmodel import Session
from telegram.error import ChatMigrated, RetryAfter, TelegramError

from bot.later import Later, Message
from bot.mishaps import RECONNECTS_AFTER, ending_of, ending_unsent
from bot.outage import Outage
from bot.pace import Pace
from domain.deliveries import Ending, Event, Reason
from domain.people import Member, Refused
from handlers.addresses import UnknownAddress
from handlers.desk import Desk
from handlers.gateway import seconds_of
from handlers.router import open_screen
from handlers.screens import Screen, Visit
from storage import open_messages, outbox, people
from storage.open_messages import Shown
from storage.outbox import DuePush
from storage.store import StoreUnavailable

P = ParamSpec("P")

log = structlog.get_logger()

LOOKS_EVERY: Final = 1.0
"""Seconds between looks at the database when nothing in this process has changed."""

ENDS_WITHIN: Final = 5.0
"""Seconds that messages on their way are given when the program ends."""

TRIES_FOR: Final = 20.0
"""Seconds after which a send without an answer counts as lost; less than `outbox.BEGUN_FOR`."""

IN_HAND: Final = 15
"""Messages that wait for their turn: half a second's worth."""

AT_ONCE: Final = 48
"""Messages in hand or on their way; fewer than connections, so that answers find one."""

SLOW_AFTER: Final = 0.2
"""Seconds after which a screen is slow to make: others are sent while it waits for a picture."""

SLOW_AT_ONCE: Final = 64
"""Screens that are slow to make; once made, they are sent within two seconds."""

_LOOKS_AT_MOST_EVERY: Final = 0.05


class NotNow(Exception):  # noqa: N818 - the message goes later
    """An outage began while a message waited for its turn."""


class Courier:
    """Runs beside the handlers until it is stopped.

    Args:
        desk: What it works with.
        pace: How fast it may send.
        chance: A number from 0 to 1 at each call; spreads what failed together.
    """

    def __init__(
        self, desk: Desk, pace: Pace | None = None, chance: Callable[[], float] = random.random
    ) -> None:
        self._desk = desk
        self._pace = pace or Pace()
        self._chance = chance
        self._outage = Outage(self._pace)
        self._later = Later(chance)
        self._busy: dict[int, asyncio.Task[None]] = {}
        self._waiting: set[int] = set()
        self._slow: set[int] = set()
        self._claimed: dict[int, DuePush] = {}

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
                looks_in = min(LOOKS_EVERY, max(self._pace.opens_in(), _LOOKS_AT_MOST_EVERY))
                # Not `wait_for`: before Python 3.12 it can swallow a cancellation.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(looks_in):
                        await self._desk.changed.wait()
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """Let what is on its way arrive and be noted, and give back what is not."""
        busy = list(self._busy.values())
        if busy:
            _, late = await asyncio.wait(busy, timeout=ENDS_WITHIN)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._claimed:
            with contextlib.suppress(StoreUnavailable):
                now = self._desk.clock.now()
                await self._desk.store.write(outbox.release, list(self._claimed.values()), now)

    async def _round(self) -> None:
        """Take in hand what there is room for: pushes first, a third kept for renewals."""
        now = self._desk.clock.now()
        room = self._room()
        if not room:
            return
        outdated = await self._outdated(now, room)
        await self._take_pushes(room - min(len(outdated), room // 3))
        for shown in outdated[: self._room()]:
            if shown.chat_id not in self._busy and self._pace.is_ready(shown.chat_id):
                self._begin(shown.chat_id, self._renew(shown))

    async def _take_pushes(self, room: int) -> None:
        """Claim until there is no room, or nothing that may go: one push of each chat at a time."""
        while room > 0:
            now, closed = self._desk.clock.now(), self._closed()
            pushes = await self._desk.store.write(outbox.claim_due, now, room, closed)
            for push in pushes:
                self._claimed[push.member.chat_id] = push
                self._begin(push.member.chat_id, self._deliver(push))
            if not pushes:
                return
            room -= len(pushes)

    async def _outdated(self, now: datetime, room: int) -> list[Shown]:
        """Messages to be renewed, apart from those that were put off."""
        later = self._later.waiting(now)
        found = await self._desk.store.read(
            open_messages.outdated, now, room + len(later), self._closed()
        )
        return [shown for shown in found if _key(shown) not in later][:room]

    def _room(self) -> int:
        if self._pace.is_held or len(self._slow) >= SLOW_AT_ONCE:
            return 0
        if self._outage.lasts:
            return 0 if self._busy else 1
        on_their_way = len(self._busy) - len(self._slow)
        return max(0, min(IN_HAND - len(self._waiting), AT_ONCE - on_their_way))

    def _closed(self) -> set[int]:
        return set(self._busy) | self._pace.closed()

    def _begin(self, chat_id: int, work: Coroutine[Any, Any, None]) -> None:
        """One message at a time to a chat; the next round has the rest."""
        self._outage.begin(chat_id)
        task = asyncio.create_task(self._guarded(work))
        self._busy[chat_id] = task
        self._waiting.add(chat_id)
        task.add_done_callback(lambda done: self._end(chat_id, done))

    def _end(self, chat_id: int, task: asyncio.Task[None]) -> None:
        self._busy.pop(chat_id, None)
        if not task.cancelled():  # else what it had claimed is still to be given back
            self._claimed.pop(chat_id, None)
        self._waiting.discard(chat_id)
        # In a flood a look at the database for each message would be most of the work.
        if len(self._waiting) <= IN_HAND // 2:
            self._desk.changed.set()

    async def _turn(self, chat_id: int) -> None:
        await self._pace.turn(chat_id)
        self._waiting.discard(chat_id)
        if not self._outage.lets_pass(chat_id):
            raise NotNow

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except NotNow:
            pass
        except StoreUnavailable as reason:
            log.error("the database cannot be reached; trying again", reason=str(reason))
        except Exception:
            log.exception("a delivery failed")

    async def _deliver(self, push: DuePush) -> None:
        try:
            screen = await self._made(push)
        except StoreUnavailable:
            raise
        except Exception as error:
            if not isinstance(error, UnknownAddress | Refused):
                log.exception("a push could not be made")
            await self._record_ending(push, ending_unsent(error))
            return
        store, clock = self._desk.store, self._desk.clock
        try:
            await self._turn(push.member.chat_id)
        except NotNow:
            await store.write(outbox.release, [push], clock.now())
            return
        if await store.write(outbox.begin, push, clock.now()):
            await self._send(push, screen)

    async def _made(self, push: DuePush) -> Screen:
        """The screen of a push. One that waits for a picture does not hold up the others."""
        chat_id = push.member.chat_id
        slow = asyncio.get_running_loop().call_later(SLOW_AFTER, self._set_aside, chat_id)
        try:
            return await open_screen(Visit(self._desk, push.member), push.address)
        finally:
            slow.cancel()
            self._slow.discard(chat_id)
            self._waiting.add(chat_id)

    def _set_aside(self, chat_id: int) -> None:
        self._waiting.discard(chat_id)
        self._slow.add(chat_id)
        self._desk.changed.set()

    async def _send(self, push: DuePush, screen: Screen) -> None:
        gateway, clock = self._desk.gateway, self._desk.clock
        try:
            async with asyncio.timeout(TRIES_FOR):
                shown = await gateway.push(
                    push.member, screen, silent=push.silent, again=push.uncertain
                )
        except Exception as error:
            if not isinstance(error, TelegramError | TimeoutError):
                log.exception("a push failed")
            await self._not_sent(push, error)
            return
        self._outage.answered()
        await self._surely(outbox.mark_sent, push.id, shown, clock.now())

    async def _not_sent(self, push: DuePush, error: Exception) -> None:
        ending = self._learn(push.member.chat_id, error)
        if isinstance(error, ChatMigrated):
            await self._surely(people.move_chat, push.member.id, error.new_chat_id)
        elif ending.reason is Reason.REFUSED and ending.event is Event.HOPELESS:
            log.error("a push was refused", push=push.id, problem=ending.problem)
        await self._record_ending(push, ending)

    def _learn(self, chat_id: int, error: Exception) -> Ending:
        """What an error says of the message that met it; for those to come it is kept in mind."""
        ending = ending_of(error)
        if isinstance(error, RetryAfter):
            self._pace.hold(chat_id, seconds_of(error))
            self._outage.answered()
        elif ending.wait == RECONNECTS_AFTER:
            self._pace.hold_all(RECONNECTS_AFTER.total_seconds())
        elif ending.event is not Event.LOST:
            self._outage.answered()
        elif isinstance(error, TelegramError | TimeoutError):
            self._outage.lost(chat_id)
        return ending

    async def _record_ending(self, push: DuePush, ending: Ending) -> None:
        now = self._desk.clock.now()
        await self._surely(outbox.end, push, ending, now, self._chance())

    async def _surely(
        self, work: Callable[Concatenate[Session, P], None], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Record what has happened, however long the database is away: it must not be forgotten."""
        while True:
            try:
                await self._desk.store.write(work, *args, **kwargs)
                return
            except StoreUnavailable as reason:
                log.error("what was sent cannot be noted; trying again", reason=str(reason))
                await asyncio.sleep(LOOKS_EVERY)

    async def _renew(self, shown: Shown) -> None:
        store = self._desk.store
        member = await store.read(people.member_by_id, shown.member_id)
        if member is None:
            await store.write(open_messages.let_be, shown.chat_id, shown.message_id)
            return
        visit = Visit(self._desk, member)
        try:
            await self._desk.gateway.renew(
                member,
                shown,
                lambda: open_screen(visit, shown.address),
                lambda: self._turn(shown.chat_id),
            )
        except (StoreUnavailable, NotNow):
            raise
        except Exception as error:
            await self._not_renewed(member, shown, error)
        else:
            self._later.done(_key(shown))
            if shown.chat_id not in self._waiting:  # it had its turn, so Telegram was asked
                self._outage.answered()

    async def _not_renewed(self, member: Member, shown: Shown, error: Exception) -> None:
        store, now = self._desk.store, self._desk.clock.now()
        if isinstance(error, UnknownAddress | Refused):
            await store.write(open_messages.let_be, shown.chat_id, shown.message_id)
            return
        if not isinstance(error, TelegramError):
            log.error("a message could not be renewed; trying again later", exc_info=error)
        ending = self._learn(shown.chat_id, error)
        if ending.event is Event.HOPELESS:
            if ending.reason is Reason.UNREACHABLE:
                await store.write(outbox.lose_touch, member.id, now)
            else:
                log.error("a message could not be renewed", problem=ending.problem)
            await store.write(open_messages.let_be, shown.chat_id, shown.message_id)
        elif ending.counts:
            self._later.put_off(_key(shown), now)


def _key(shown: Shown) -> Message:
    return shown.chat_id, shown.message_id
