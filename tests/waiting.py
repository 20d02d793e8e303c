"""Waiting for a condition, with a bound."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], within: float = 10) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: It does not, within so many seconds.
    """
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
