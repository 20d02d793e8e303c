"""How the program ends: gracefully at the first signal, within a bounded time, or at once."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Final

import structlog

ENDS_WITHIN: Final = 24.0
"""Seconds from the first signal to the end; the service manager's own patience is longer."""

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

log = structlog.get_logger()


@contextlib.contextmanager
def by_signals() -> Iterator[None]:
    """Let SIGINT and SIGTERM cancel the current task; a second one ends the program at once."""
    work = asyncio.current_task()
    assert work is not None  # noqa: S101 - this runs in one
    loop = asyncio.get_running_loop()

    def stop() -> None:
        # From here on a signal does what it does by itself: it ends the process.
        for number in SIGNALS:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        _after(ENDS_WITHIN, lambda: log.error("not everything could be finished in time; ending"))
        _after(ENDS_WITHIN + 1, lambda: os._exit(1))
        work.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    yield


def _after(seconds: float, act: Callable[[], None]) -> None:
    """Act on a thread of its own: also where the event loop, a database or the log hangs."""
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()
