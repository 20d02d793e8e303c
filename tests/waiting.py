"""Waiting for a condition, with a bound."""

import asyncio
from collections.abc import Callable

from bot.demo.server import PATIENCE


async def until(condition: Callable[[], bool], within: float = PATIENCE) -> None:
    """Wait until a condition holds; `within` so many seconds, which only a hang ever takes.

    Raises:
        TimeoutError: It does not hold by then.
    """
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
