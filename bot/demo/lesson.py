"""The demo's lesson: a model of the sample HMO, learned while the phones are already in use.

It is learned as an HMO would have it learned, by `python -m bot train` in a process of its own.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator

import structlog

from bot.settings import PREFIX, Settings
from domain.clock import Clock

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def learning(settings: Settings, clock: Clock) -> AsyncIterator[None]:
    """Have a model learned in the background; if that fails, the rule stays in charge."""
    lesson = asyncio.create_task(_learn(settings, clock))
    try:
        yield
    finally:
        lesson.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lesson


async def _learn(settings: Settings, clock: Clock) -> None:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "train"),
        env=_environment(settings, clock),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    try:
        _, errors = await program.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            program.kill()
        await program.wait()
        raise
    if program.returncode:
        said = errors.decode(errors="replace").strip().splitlines()
        log.warning("the demo goes on without a model", reason=said[-1] if said else "")


def _environment(settings: Settings, clock: Clock) -> dict[str, str]:
    """The demo's own settings and time of day, whatever else the environment says."""
    given = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "DATA_DIR": str(settings.data_dir.absolute()),
        "TIMEZONE": settings.timezone,
        "RISK_THRESHOLD": str(settings.risk_threshold),
        "AUDIT_GROUPS": "",
        "AS_OF": clock.now().isoformat(),
    }
    return os.environ | {PREFIX + name: value for name, value in given.items()}
