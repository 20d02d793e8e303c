"""The program as processes of its own: killed without a warning, and started again.

On SQLite there is one bot, which polls. On PostgreSQL there are two behind one webhook, led to by
a door as a proxy would be; so each delivers what the other leaves behind.
"""

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from bot.demo.sample import SAMPLE_ZONE
from bot.demo.server import Fault
from bot.serving import listen
from tests.soak.clinic import TOKEN, Clinic
from tests.soak.shift import Shift

ROOT: Final = Path(__file__).parents[2]
PATIENCE: Final = 90.0
"""Seconds that a bot is given to come up, while the server has its own troubles."""
LIVES_FOR: Final = (1.0, 5.0)
"""Seconds between two deaths of a bot, from when it is at work."""
AT_WORK: Final = b'"at work"'
"""In the log once in each life."""


async def begin_program(place: Clinic, *words: str, log: Path, **more: str) -> Process:
    """Start `python -m bot …` on the clinic's database.

    Args:
        place: Where.
        words: The command and its arguments.
        log: Where what it writes is added.
        more: Settings besides the usual ones.
    """
    settings = {
        "PYTHONPATH": str(ROOT),
        "BROWSER_PATH": "/nowhere/chromium",
        "SLOTWISE_BOT_TOKEN": TOKEN,
        "SLOTWISE_BOT_API_URL": place.server.base_url,
        "SLOTWISE_DATABASE_URL": place.url,
        "SLOTWISE_TIMEZONE": str(SAMPLE_ZONE),
        "SLOTWISE_LOG_FORMAT": "json",
        "SLOTWISE_DATA_DIR": str(place.folder),
    }
    with log.open("ab") as out:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *words),
            cwd=place.folder,
            env=os.environ | settings | more,
            stdout=out,
            stderr=out,
        )


@dataclass
class MortalBot:
    """`python -m bot run`, one life after another.

    Attributes:
        settings: Besides the usual ones.
        deaths: When it was killed.
        log: What it wrote, over all its lives.
    """

    place: Clinic
    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    deaths: list[datetime] = field(default_factory=list)
    log: Path = field(init=False)
    _process: Process | None = None

    def __post_init__(self) -> None:
        self.log = self.place.folder / f"{self.name}.log"

    async def starts(self, ahead: timedelta = timedelta()) -> None:
        """Begin a life, and wait until the bot takes updates.

        Args:
            ahead: How far its clock is ahead of the real one.

        Raises:
            AssertionError: It has ended, or did not come up in time.
        """
        clock = {"SLOTWISE_AS_OF": (datetime.now(UTC) + ahead).isoformat()} if ahead else {}
        settings = {**self.settings, **clock}
        lives = self._lives()
        self._process = await begin_program(self.place, "run", log=self.log, **settings)
        try:
            async with asyncio.timeout(PATIENCE):
                while self._lives() == lives:
                    assert self._process.returncode is None, self._last_words()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{self.name} does not come up: {self._last_words()}") from None

    async def dies_again_and_again(self, chance: random.Random, shift: Shift) -> None:
        """Die every few seconds, and begin a new life each time, until the shift is over."""
        while await shift.goes_on(chance.uniform(*LIVES_FOR)):
            if chance.random() < 0.5:
                await self._is_sending()
            await self.dies()
            await self.starts()

    async def dies(self) -> None:
        """SIGKILL: no last words."""
        self.deaths.append(datetime.now(UTC))
        await self.ends(signal.SIGKILL)

    async def ends(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, by default in order."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(how)
            await process.wait()

    async def _is_sending(self) -> None:
        """Wait for a message that is on its way, and arrives when its sender is dead already."""
        fault = self.place.server.faults.add(Fault("sendMessage", delay=0.3))
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                while fault.times:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    def _lives(self) -> int:
        return self.log.read_bytes().count(AT_WORK) if self.log.exists() else 0

    def _last_words(self) -> str:
        return self.log.read_text().strip()[-500:]


@asynccontextmanager
async def bots_of(place: Clinic) -> AsyncIterator[list[MortalBot]]:
    """The bots that a clinic has, none at work yet; whatever happens, none is left behind."""
    if place.store.is_sqlite:
        async with _all_ending([MortalBot(place, "bot")]) as bots:
            yield bots
        return
    ports = _free_ports(2)
    async with _door_to(ports) as url:
        shared = {"SLOTWISE_WEBHOOK_URL": url, "SLOTWISE_WEBHOOK_SECRET": "known-to-both"}
        pair = [
            MortalBot(place, f"bot-{number}", shared | {"SLOTWISE_WEB_PORT": str(port)})
            for number, port in enumerate(ports, 1)
        ]
        async with _all_ending(pair) as bots:
            yield bots


@asynccontextmanager
async def _all_ending(bots: list[MortalBot]) -> AsyncIterator[list[MortalBot]]:
    try:
        yield bots
    finally:
        for bot in bots:
            await bot.ends(signal.SIGKILL)


def _free_ports(number: int) -> list[int]:
    with listen(0) as one, listen(0) as other:
        return [found.getsockname()[1] for found in (one, other)][:number]


@asynccontextmanager
async def _door_to(ports: Sequence[int]) -> AsyncIterator[str]:
    """An address that leads to whichever of some ports answers, a random one first."""

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for port in random.sample(ports, len(ports)):
            with suppress(OSError):
                there, back = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
                return
        writer.close()

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/telegram"
    finally:
        server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
