"""Health: whether the program is alive, and whether each part of it can do its work."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from domain.notices import Channel
from storage import health, provider_outages
from storage.provider_outages import Down
from storage.store import Store, StoreUnavailable

DATABASE_WITHIN: Final = 3.0
"""Seconds in which the database answers, or counts as gone."""
STUCK_AFTER: Final = 5.0
"""Seconds that the event loop may be late."""

_LOOKS_EVERY: Final = 1.0
_LOOKS_KEPT: Final = 30


@dataclass
class Health:
    """What the parts of the program say of themselves.

    Attributes:
        store: The database.
        telegram: What is wrong with Telegram, `None` if nothing.
        tasks: What runs as long as the program does, by name.
        channels: Ways to write to patients that a provider is set for.
        lags: Seconds that the event loop was late, each time that it was looked at lately.
        is_stopping: The program is about to end.
    """

    store: Store
    telegram: Callable[[], str | None] = lambda: "not reached yet"
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    channels: Collection[Channel] = ()
    lags: deque[float] = field(default_factory=lambda: deque([0.0], maxlen=_LOOKS_KEPT))
    is_stopping: bool = False

    async def parts(self) -> dict[str, str | None]:
        """Each part, and what is wrong with it."""
        found = {"database": await self._database(), "telegram": self.telegram()}
        for name, task in self.tasks.items():
            found[name] = "has ended" if task.done() else None
        if self.is_stopping:
            found["program"] = "is stopping"
        return found

    async def providers(self) -> dict[str, str | None]:
        """Each provider of messages to patients, and since when it takes nothing.

        Its failure is no reason to stop or to pass over this program, which works without it.
        """
        down: list[Down] = []
        with contextlib.suppress(Exception):  # what is wrong with the database, `parts` says
            async with asyncio.timeout(DATABASE_WITHIN):
                down = await self.store.read(provider_outages.down, self.channels)
        since = {each.channel: f"takes nothing since {each.since.isoformat()}" for each in down}
        return {channel: since.get(channel) for channel in Channel if channel in self.channels}

    async def _database(self) -> str | None:
        try:
            async with asyncio.timeout(DATABASE_WITHIN):
                await self.store.read(health.answers)
        except TimeoutError:
            return "does not answer in time"
        except StoreUnavailable as problem:
            return str(problem)
        except Exception as problem:  # tables that are missing, for example
            return type(problem).__name__
        return None

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look after the event loop until the block is left."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            expected = loop.time() + _LOOKS_EVERY
            await asyncio.sleep(_LOOKS_EVERY)
            self.lags.append(max(loop.time() - expected, 0.0))
