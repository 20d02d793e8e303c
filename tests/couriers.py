"""A courier of one's own: with a store, a Bot API server and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from telegram.ext import ExtBot

from bot.connection import Connection
from bot.courier import Courier
from bot.demo.server import BotApiServer
from bot.pace import Pace
from bot.pictures.chromium import ChromiumRenderer
from bot.pictures.gallery import Renderer
from bot.pictures.studio import Studio
from domain.clock import Clock, HandClock
from domain.criteria import House
from handlers.desk import Desk
from handlers.gateway import Gateway
from storage.store import Store
from tests.waiting import until


@contextlib.asynccontextmanager
async def courier_at_work(
    store: Store,
    server: BotApiServer,
    clock: Clock,
    house: House,
    pace: Pace | None = None,
    *,
    renderer: Renderer | None = None,
) -> AsyncIterator[Desk]:
    """Deliver what is in the store's outbox until the block is left; the courier's desk."""
    connection, pace = Connection(), pace or Pace()
    studio = Studio(renderer or ChromiumRenderer())
    bot: ExtBot[None] = ExtBot(server.token, base_url=server.bot_url, request=connection)
    async with bot:
        gateway = Gateway(bot, store, studio, clock, pace.count)
        desk = Desk(store, clock, house, studio, gateway, Path())
        work = asyncio.create_task(Courier(desk, pace).run())
        try:
            yield desk
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work


def pace_of(clock: HandClock) -> Pace:
    """A pace for which time passes as the clock is moved."""
    began = clock.now()

    def now() -> float:
        return (clock.now() - began).total_seconds()

    async def sleep(seconds: float) -> None:
        over = now() + seconds
        await until(lambda: now() >= over)

    return Pace(now, sleep=sleep)
