"""How the program ends: gracefully at the first signal, within a bounded time, or at once."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Final

import structlog

ENDS_WITHIN: Final = 25.0
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
        # A thread of its own: it must come also where the event loop or a database hangs.
        timer = threading.Timer(ENDS_WITHIN, _end)
        timer.daemon = True
        timer.start()
        work.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    yield


def _end() -> None:
    log.error("not everything could be finished in time; ending")
    os._exit(1)
