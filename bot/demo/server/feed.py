"""What happens in a chat, in order, for those who watch it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

KEPT_EVENTS = 1_000

_ALIVE_SECONDS = 15.0


class Bell:
    """Wakes everybody who waits, without anybody asking again and again."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wakes all who wait now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, seconds: float | None = None) -> bool:
        """Waits for the next ring; false if the seconds ran out first."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True)
class Event:
    """One thing that happened in a chat."""

    seq: int
    kind: str
    data: dict[str, Any]


class Feed:
    """The last events of one chat, numbered from 1."""

    def __init__(self) -> None:
        self.seq = 0
        self.bell = Bell()
        self._events: deque[Event] = deque(maxlen=KEPT_EVENTS)

    def add(self, kind: str, data: dict[str, Any]) -> None:
        """Tells everybody who watches that something happened."""
        self.seq += 1
        self._events.append(Event(self.seq, kind, data))
        self.bell.ring()

    def after(self, seq: int) -> list[Event]:
        """The kept events that came later than the given number."""
        if seq > self.seq:  # a number from an earlier run of the server
            seq = 0
        missed = min(self.seq - seq, len(self._events))
        return [self._events[-i] for i in range(missed, 0, -1)]


async def streamed(feed: Feed, seen: int, is_closing: Callable[[], bool]) -> AsyncIterator[str]:
    """What happens in a feed after event `seen`, as server-sent events, until the server stops."""
    yield ": alive\n\n"
    while not is_closing():
        events = feed.after(seen)
        if events:
            seen = events[-1].seq
            yield "".join(map(_written, events))
        elif not await feed.bell.wait(_ALIVE_SECONDS):
            yield ": alive\n\n"


def _written(event: Event) -> str:
    data = json.dumps(event.data, ensure_ascii=False)
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {data}\n\n"
