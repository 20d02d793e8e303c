"""Jobs: what the program does by itself, again and again.

A job reads from the database whether anything is due, so nothing depends on timers in memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from handlers.desk import Desk
from storage.store import StoreUnavailable

Job = Callable[[Desk], Awaitable[None]]

LOOKS_EVERY: Final = 1.0
"""Seconds between two looks; a job that finds nothing due is one quick question."""

log = structlog.get_logger()


async def run_jobs(desk: Desk, jobs: Sequence[Job]) -> None:
    """Run all jobs side by side until cancelled, so that a slow one holds up no other."""
    await asyncio.gather(*(_again_and_again(desk, job) for job in jobs))


async def _again_and_again(desk: Desk, job: Job) -> None:
    """A job that fails is logged and tried again."""
    while True:
        try:
            await job(desk)
        except StoreUnavailable as reason:
            log.error("the database cannot be reached; trying again", reason=str(reason))
        except Exception:
            log.exception("a job failed; trying again")
        await asyncio.sleep(LOOKS_EVERY)
