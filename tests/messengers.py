"""A messenger of one's own: with a store, providers and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from pydantic import SecretStr

from bot.channels import Channels
from bot.messenger import Messenger, Sender
from domain.clock import HandClock
from domain.notices import Channel
from handlers.desk import Desk
from handlers.patients.ways import Reachable
from tests.courses import Course
from tests.handlers.desks import desk_at
from tests.waiting import until

SECRET = b"only this clinic knows it"
PAGES = "https://visits.clinic.example"
SENDER = Sender("Clinic Galil", Reachable(PAGES, SECRET, takes_replies=True), "972")


@contextlib.asynccontextmanager
async def messenger_at_work(
    course: Course, urls: dict[Channel, str], folder: Path
) -> AsyncIterator[Desk]:
    """Send what is due until the block is left; the messenger's desk."""
    channels = Channels({channel: SecretStr(url) for channel, url in urls.items()}, within=20)
    with desk_at(course.store, course.clock, folder) as desk:
        desk.house = course.house
        messenger = Messenger(desk, channels, SENDER, seconds_of(course.clock))
        work = asyncio.create_task(messenger.run())
        try:
            yield desk
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            await channels.close()


def seconds_of(clock: HandClock) -> Callable[[], float]:
    """A monotonic clock for which time passes as the other is moved."""
    began = clock.now()

    def seconds() -> float:
        return (clock.now() - began).total_seconds()

    return seconds


async def soon(desk: Desk, condition: Callable[[], bool]) -> None:
    """Wait for something that the messenger does, looking again and again."""

    def holds() -> bool:
        desk.changed.set()
        return condition()

    await until(holds)
    desk.changed.clear()
