"""The waits that Telegram asks for, when more is sent than it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final, TypeVar

from telegram.error import RetryAfter

T = TypeVar("T")

_WAITS: Final = 3
_LONGEST_WAIT: Final = 60
"""Seconds; a longer wait is left to who called."""


def seconds_of(told: RetryAfter) -> float:
    """How long Telegram asks to wait, in seconds."""
    wait = told.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


async def waiting_as_told(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call to Telegram, waiting as long as it asks for.

    Raises:
        RetryAfter: It asks for too long, or too often.
    """
    for _ in range(_WAITS):
        try:
            return await call()
        except RetryAfter as told:
            seconds = seconds_of(told)
            if seconds > _LONGEST_WAIT:
                raise
            await asyncio.sleep(seconds)
    return await call()
