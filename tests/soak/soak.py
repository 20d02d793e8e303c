"""The soak itself: people work, the bots die and come back, and in the end all is counted."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.deliveries import State
from storage.tables import Push
from tests.soak.bots import MortalBot, bots_of
from tests.soak.clinic import Clinic
from tests.soak.crowd import everybody
from tests.soak.decisions import deed_of
from tests.soak.feeds import Feeds
from tests.soak.shift import Shift
from tests.soak.verdict import Soaked, Verdict, judge
from tests.soak.weather import Weather

AHEAD: Final = timedelta(minutes=61)
"""How far the clock is ahead when all is settled: whatever waits for its time is due by then."""
ROUNDS: Final = 3
"""What is settled may lead to something more."""
SETTLES_WITHIN: Final = 300.0
"""Seconds in which a bot that lives delivers all that is due."""
BUSY: Final = 120.0
"""Seconds more that people work at most on a machine that is too slow for enough to happen."""


@dataclass(frozen=True)
class Enough:
    """What must have happened before people stop, however slow the machine is."""

    decisions: int = 5
    deaths: int = 3
    imports: int = 2
    spells: int = 3


async def soak(place: Clinic, seconds: float, seed: int, enough: Enough | None = None) -> Verdict:
    """Let everybody work for so long while everything else goes wrong; judge the end.

    Args:
        place: Where it happens.
        seconds: How long people work.
        seed: Of what people press, when bots die, and all else that is left to chance.
        enough: What must have happened, or they work on for a while.
    """
    chance = random.Random(seed)  # noqa: S311 - the same each time
    workers = everybody(place, chance)
    feeds, weather = Feeds(place, _of(chance)), Weather(place.server, _of(chance))
    async with bots_of(place) as bots:
        soaked = Soaked(place, workers, bots, feeds, weather)
        await asyncio.gather(*(bot.starts() for bot in bots))
        shift = Shift()
        async with asyncio.TaskGroup() as tasks:
            for bot in bots:
                tasks.create_task(bot.dies_again_and_again(_of(chance), shift))
            for worker in workers:
                tasks.create_task(worker.works(shift))
            tasks.create_task(feeds.keep_coming_in(workers[0].phone, shift))
            tasks.create_task(weather.changes(shift))
            await _time_passes(soaked, seconds, enough or Enough())
            shift.ends()
        await _settle(place, bots)
    return await judge(soaked)


async def _time_passes(soaked: Soaked, seconds: float, enough: Enough) -> None:
    await asyncio.sleep(seconds)
    with suppress(TimeoutError):
        async with asyncio.timeout(BUSY):
            while not await _is_enough(soaked, enough):  # noqa: ASYNC110
                await asyncio.sleep(0.5)


async def _is_enough(soaked: Soaked, enough: Enough) -> bool:
    answers = [answer for worker in soaked.workers for answer in await worker.answers()]
    return (
        sum(deed_of(answer) is not None for answer in answers) >= enough.decisions
        and len(soaked.mishaps.deaths) >= enough.deaths
        and sum(feed.came_in for feed in soaked.feeds.made) >= enough.imports
        and soaked.weather.spells >= enough.spells
    )


async def _settle(place: Clinic, bots: list[MortalBot]) -> None:
    """Let what is left be done by bots that nobody kills, in an hour from now by their clocks.

    Raises:
        TimeoutError: They do not come to an end.
    """
    for number in range(1, ROUNDS + 1):
        for bot in bots:
            await bot.dies()
        await asyncio.gather(*(bot.starts(number * AHEAD) for bot in bots))
        async with asyncio.timeout(SETTLES_WITHIN):
            while place.server.pending_updates or await place.store.read(_undelivered):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await asyncio.gather(*(bot.ends() for bot in bots))
        if not await place.store.read(_undelivered):
            return


def _undelivered(session: Session) -> int:
    is_open = col(Push.state).in_([State.WAITING, State.SENDING])
    return session.scalar(select(func.count()).where(is_open)) or 0


def _of(chance: random.Random) -> random.Random:
    return random.Random(chance.random())  # noqa: S311 - the same each time
