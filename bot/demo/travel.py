"""Time travel: the demo's clock is put on, and the sample HMO tells what has happened meanwhile."""

import asyncio
import contextlib
from datetime import datetime, time, timedelta
from typing import Final

from sqlmodel import Session, col, select

from bot.demo.outcomes import SampleFeed
from bot.demo.server import Leap
from domain.clock import MovableClock
from domain.days import Calendar
from domain.deliveries import State
from domain.notices import NoticeState
from storage.tables import Notice, Push

MORNING: Final = time(7, 30)

_CALM_WITHIN: Final = 30.0
_LOOK_AGAIN: Final = 0.05
"""Seconds."""


class Traveller:
    """Moves the clock on, one leap at a time.

    Args:
        clock: The demo's.
        feed: The sample HMO's system.
    """

    def __init__(self, clock: MovableClock, feed: SampleFeed) -> None:
        self._clock, self._feed = clock, feed
        self._one_at_a_time = asyncio.Lock()

    async def go(self, leap: Leap) -> int:
        """Move the clock on; of how many appointments the HMO told something new.

        It has told them by the time the clock is there, so that a morning's figures are whole.
        """
        async with self._one_at_a_time:
            there = arrival(leap, self._clock.now(), self._feed.calendar)
            told = await asyncio.to_thread(self._feed.tell, there)
            await self._calm()
            self._clock.move_to(there)
            return told

    async def _calm(self) -> None:
        """Wait until no message is on its way: after a leap it would seem to have been lost."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CALM_WITHIN):
                while await self._feed.store.read(_is_anything_on_its_way):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_AGAIN)


def _is_anything_on_its_way(session: Session) -> bool:
    sending = (
        select(Notice.id).where(col(Notice.state) == NoticeState.SENDING),
        select(Push.id).where(col(Push.state) == State.SENDING),
    )
    return any(session.exec(wanted.limit(1)).first() is not None for wanted in sending)


def arrival(leap: Leap, now: datetime, calendar: Calendar) -> datetime:
    """Where a leap from `now` (aware) ends: the next morning is never today's."""
    if leap is Leap.HOUR:
        return now + timedelta(hours=1)
    local = now.astimezone(calendar.zone)
    at = MORNING if leap is Leap.MORNING else local.time()
    tomorrow = local.date() + timedelta(days=1)
    return datetime.combine(tomorrow, at, calendar.zone).astimezone(now.tzinfo)
