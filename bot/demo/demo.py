"""`demo`: a made-up HMO, a Bot API server of our own, and the bot at work between them.

The bot is the very one that runs on Telegram; only the addresses of the Bot API and of the
providers of SMS and mail differ.
"""

import asyncio
import contextlib
import secrets
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import typer

from bot.app import Running, running
from bot.demo import story
from bot.demo.first_words import first_words
from bot.demo.lesson import learning
from bot.demo.outcomes import SampleFeed
from bot.demo.patients import patients_of
from bot.demo.sample import SAMPLE_ZONE
from bot.demo.sample_store import SAMPLE_HOUSE, fill_with_sample
from bot.demo.server import BotApiServer, Outside, Person
from bot.demo.travel import MORNING, Traveller
from bot.logs import start_logging
from bot.serving import listen
from bot.settings import GivenSettings, LogFormat, Settings
from domain.clock import Clock, MovableClock, SystemClock
from domain.people import Role
from storage import invitations
from storage.store import Store

TOKEN: Final = "1000001:made-up-token-for-this-computer"  # noqa: S105 - no secret
STAFF: Final = Person(1001, "Dana", title="Dana · front desk", subtitle="staff")
MANAGER: Final = Person(1002, "Noa", title="Noa · operations", subtitle="manager")
HMO_NAME: Final = "Northside Clinics"
SEED: Final = 20261124
SUMMARY_IN: Final = timedelta(minutes=2)
"""The summary is due at that full minute, when both people have surely joined."""


@dataclass
class Demo:
    """A demo at work.

    Attributes:
        chosen: The reference of the patient whose transfer is proposed.
    """

    server: BotApiServer
    bot: Running
    clock: Clock
    chosen: str


async def run(port: int) -> str | None:
    """Run the demo until Ctrl-C (`None`) or until it cannot go on (why); say where its page is."""
    start_logging(LogFormat.CONSOLE)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    typer.echo("Making up an HMO: 12 departments, 60,000 appointments …")
    with TemporaryDirectory(prefix="slotwise-demo-") as folder:
        async with demo(Path(folder), port, summary_in=SUMMARY_IN) as at_work:
            typer.echo(f"Four phones wait for you at {at_work.server.base_url}")
            typer.echo("Staff and manager get their daily summary within two minutes.")
            typer.echo("Soon a model has learned, and the risk list says how likely a no-show is.")
            typer.echo("Nothing leaves this computer, and nothing is kept. Ctrl-C ends it.")
            at_work.bot.stopped.add_done_callback(lambda _: stop.set())
            await stop.wait()
            return at_work.bot.stopped.result() if at_work.bot.stopped.done() else None


@contextlib.asynccontextmanager
async def demo(
    folder: Path, port: int, clock: Clock | None = None, summary_in: timedelta | None = None
) -> AsyncIterator[Demo]:
    """The demo, its phones already showing something worth pressing.

    Args:
        folder: Where the made-up HMO's database is kept.
        port: Where the page is; another one if that is taken, a free one for 0.
        clock: The time of day, until the demo's is put on; by default the real one.
        summary_in: When the first daily summary is due, from now; by default at its usual time.
    """
    moving = MovableClock(clock or SystemClock())
    began = moving.now()
    greeting = began + summary_in if summary_in else None
    with contextlib.closing(Store(_database(folder))) as store:
        codes, chosen = await asyncio.to_thread(_fill, store, folder, began)
        pages_port, secret = _free_port(), secrets.token_hex(16)
        patients = patients_of(store, moving, f"http://127.0.0.1:{pages_port}", secret)
        feed = SampleFeed(store, folder, SAMPLE_HOUSE.calendar, began)
        outside = Outside(patients, Traveller(moving, feed).go)
        people = [STAFF, MANAGER]
        server = BotApiServer(TOKEN, people, clock=moving, zone=SAMPLE_ZONE.key, outside=outside)
        async with _serving(server, port):
            settings = _settings(folder, server, pages_port, secret, greeting)
            async with running(settings, moving) as bot:
                staff, manager = (server.person(one.user_id) for one in people)
                await first_words(server, staff, manager, codes, chosen)
                if greeting:
                    await store.write(story.greet_at, greeting)
                async with learning(settings, moving):
                    yield Demo(server, bot, moving, chosen)


@contextlib.asynccontextmanager
async def _serving(server: BotApiServer, port: int) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(server.running(port))
        except OSError:
            typer.echo(f"Port {port} is taken; using another one.")
            await stack.enter_async_context(server.running(0))
        yield


def _free_port() -> int:
    with listen(0) as listener:
        port: int = listener.getsockname()[1]
        return port


def _database(folder: Path) -> str:
    return f"sqlite:///{folder / 'demo.db'}"


def _settings(
    folder: Path, server: BotApiServer, pages_port: int, secret: str, greeting: datetime | None
) -> Settings:
    """Settings of the demo alone, whatever the environment says.

    The daily summary has its usual time, unless everybody is to be greeted before it.
    """
    gateway = f"json://127.0.0.1:{server.port}/patients/sent"
    given: dict[str, object] = {
        "bot_token": TOKEN,
        "bot_api_url": server.base_url,
        "database_url": _database(folder),
        "timezone": SAMPLE_ZONE.key,
        "data_dir": folder,
        "hmo_name": HMO_NAME,
        "web_port": pages_port,
        "public_url": f"http://127.0.0.1:{pages_port}",
        "sms_url": f"{gateway}/sms",
        "email_url": f"{gateway}/email",
        "sms_webhook_secret": secret,
        "quiet_hours": "00:00-00:00",  # none, at whatever hour somebody tries it
    }
    early = greeting.astimezone(SAMPLE_ZONE).time() if greeting else MORNING
    return GivenSettings.model_validate(given | {"summary_time": min(early, MORNING)})


def _fill(store: Store, folder: Path, now: datetime) -> tuple[dict[Person, str], str]:
    """Import the sample and invite the people: their codes, and whom to propose a transfer of."""
    fill_with_sample(store, folder, now, SEED)
    store.write_now(story.prepare)
    codes = {
        person: store.write_now(invitations.invite, role, [], now)
        for person, role in ((STAFF, Role.STAFF), (MANAGER, Role.MANAGER))
    }
    return codes, store.read_now(story.whom_to_propose, SAMPLE_HOUSE.threshold, now)
