"""The soak itself: people work, the bot dies and comes back, and in the end all is counted."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from storage.tables import Push
from tests.soak.clinic import Clinic, MortalBot
from tests.soak.crowd import Worker, all_work
from tests.soak.verdict import Verdict, judge

LIVES_FOR: Final = (1.0, 5.0)
"""Seconds between two deaths, from when the bot is up."""
SETTLES_WITHIN: Final = 120.0
"""Seconds in which a bot that lives delivers all that is due."""


async def soak(place: Clinic, seconds: float, seed: int) -> Verdict:
    """Let everybody work for so long while the bot is killed again and again; judge the end.

    Args:
        place: Where it happens.
        seconds: How long people work.
        seed: Of what people press and when the bot dies.
    """
    chance = random.Random(seed)  # noqa: S311 - the same each time
    workers = [Worker(phone, random.Random(chance.random())) for phone in place.phones]  # noqa: S311
    bot = MortalBot(place)
    await bot.starts()
    try:
        reaper = asyncio.create_task(_reap(bot, chance))
        await all_work(workers, seconds)
        reaper.cancel()
        with suppress(asyncio.CancelledError):
            await reaper
        await bot.dies()
        await bot.starts()
        late = await _settled(place)
    finally:
        await bot.stops()
    verdict = judge(place, [answer for worker in workers for answer in worker.answers])
    verdict.figures |= _figures(workers, bot, late)
    return verdict


async def _reap(bot: MortalBot, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(*LIVES_FOR))
        await bot.dies()
        await bot.starts()


async def _settled(place: Clinic) -> float:
    """Wait until nothing is left to be delivered; how many seconds that took."""
    began = time.monotonic()
    async with asyncio.timeout(SETTLES_WITHIN):
        while place.server.pending_updates or await place.store.read(_undelivered):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return time.monotonic() - began


def _undelivered(session: Session) -> int:
    open_states = col(Push.state).not_in(["sent", "failed"])
    return session.scalar(select(func.count()).where(open_states)) or 0


def _figures(workers: Sequence[Worker], bot: MortalBot, late: float) -> dict[str, int | str]:
    return {
        "people": len(workers),
        "lives of the bot": bot.lives,
        "presses without an answer": sum(worker.unanswered for worker in workers),
        "settled after": f"{late:.0f} s",
    }
