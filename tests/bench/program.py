"""The bot as a program of its own, `python -m bot run`, on a core of its own."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bot.demo.sample import SAMPLE_ZONE
from bot.demo.server import BotApiServer
from tests.bench.history import NOW
from tests.bench.measuring import on_core
from tests.bench.sample import sample_url

TOKEN: Final = "1000001:made-up-token-for-benchmarks"

_ROOT: Final = Path(__file__).parents[2]
_STARTS_WITHIN: Final = 30.0


@asynccontextmanager
async def program(
    server: BotApiServer, folder: Path, database: str, **more: str
) -> AsyncIterator[Process]:
    """The bot at work as of `NOW` for a server, from its first poll to its graceful end.

    Args:
        server: Which bot API it uses; its token is `TOKEN`.
        folder: Where it runs.
        database: The name of a database there, see `sample_store`.
        more: Further settings, by their names in capitals without the prefix.
    """
    settings = {
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": server.base_url,
        "DATABASE_URL": sample_url(folder, database),
        "TIMEZONE": str(SAMPLE_ZONE),
        "AS_OF": NOW.isoformat(),
    } | more
    environment = {f"SLOTWISE_{name}": value for name, value in settings.items()}
    with on_core(1):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(_ROOT)} | environment,
        )
    try:
        await server.polled(_STARTS_WITHIN)
        yield process
    finally:
        process.terminate()
        await process.wait()
