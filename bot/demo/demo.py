"""`demo`: a made-up HMO, a Bot API server of our own, and the bot at work between them.

The bot is the very one that runs on Telegram; only the address of the Bot API differs.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import typer

from bot.app import Running, running
from bot.demo.lesson import learning
from bot.demo.sample import SAMPLE_ZONE
from bot.demo.sample_store import fill_with_sample
from bot.demo.server import BotApiServer, Person, Phone
from bot.logs import start_logging
from bot.settings import GivenSettings, LogFormat, Settings
from domain.clock import Clock, SystemClock
from domain.people import Role
from storage import invitations
from storage.store import Store

TOKEN: Final = "1000001:made-up-token-for-this-computer"  # noqa: S105 - no secret
STAFF: Final = Person(1001, "Dana", title="Dana · front desk", subtitle="staff")
MANAGER: Final = Person(1002, "Noa", title="Noa · operations", subtitle="manager")
SEED: Final = 20261124
SUMMARY_IN: Final = timedelta(minutes=2)
"""The summary is due at that full minute, when both people have surely joined."""


@dataclass
class Demo:
    """A demo at work."""

    server: BotApiServer
    bot: Running
    clock: Clock


async def run(port: int) -> str | None:
    """Run the demo until Ctrl-C (`None`) or until it cannot go on (why); say where its page is."""
    start_logging(LogFormat.CONSOLE)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    typer.echo("Making up an HMO: 12 departments, 60,000 appointments …")
    with TemporaryDirectory(prefix="slotwise-demo-") as folder:
        async with demo(Path(folder), port, summary_in=SUMMARY_IN) as at_work:
            typer.echo(f"Two phones wait for you at {at_work.server.base_url}")
            typer.echo("Both get their daily summary within two minutes.")
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
        clock: The time of day; by default the real one.
        summary_in: When the daily summary is due, from now; by default at its usual time.
    """
    clock = clock or SystemClock()
    settings = _settings(folder)
    if summary_in is not None:
        due = (clock.now() + summary_in).astimezone(SAMPLE_ZONE).time()
        settings = settings.model_copy(update={"summary_time": due})
    codes = await asyncio.to_thread(_fill, folder, settings, clock)
    server = BotApiServer(TOKEN, people=[STAFF, MANAGER], clock=clock, zone=settings.timezone)
    async with _serving(server, port):
        settings = settings.model_copy(update={"bot_api_url": server.base_url})
        async with running(settings, clock) as bot:
            await _first_words(server, codes)
            async with learning(settings, clock):
                yield Demo(server, bot, clock)


@contextlib.asynccontextmanager
async def _serving(server: BotApiServer, port: int) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(server.running(port))
        except OSError:
            typer.echo(f"Port {port} is taken; using another one.")
            await stack.enter_async_context(server.running(0))
        yield


def _settings(folder: Path) -> Settings:
    """Settings of the demo alone, whatever the environment says."""
    return GivenSettings.model_validate(
        {
            "bot_token": TOKEN,
            "bot_api_url": "http://127.0.0.1",
            "database_url": f"sqlite:///{folder / 'demo.db'}",
            "timezone": str(SAMPLE_ZONE),
            "data_dir": folder,
        }
    )


def _fill(folder: Path, settings: Settings, clock: Clock) -> dict[Person, str]:
    """Import the sample and invite the people; their codes."""
    store = Store(settings.database_url.get_secret_value())
    try:
        now = clock.now()
        fill_with_sample(store, folder, now, SEED)
        return {
            person: store.write_now(invitations.invite, role, [], now)
            for person, role in ((STAFF, Role.STAFF), (MANAGER, Role.MANAGER))
        }
    finally:
        store.close()


def first_button(message: dict[str, Any]) -> str:
    """The words on a message's first button."""
    return str(message["reply_markup"]["inline_keyboard"][0][0]["text"])


async def _first_words(server: BotApiServer, codes: dict[Person, str]) -> None:
    """Let both people join; the manager looks at the figures, staff call and propose."""
    staff, manager = server.person(STAFF.user_id), server.person(MANAGER.user_id)
    for person, code in codes.items():
        phone = server.person(person.user_id)
        await phone.says(f"/start {code}")
        await phone.sees("Welcome")
    await manager.says("/efficiency")
    await manager.reads((await manager.sees("Efficiency Gain"))["message_id"])
    await _call_somebody(staff)
    await _propose_something(staff)
    await manager.sees("Transfer proposed")


async def _call_somebody(staff: Phone) -> None:
    """Open today's call list and note one call; late in the evening there may be none."""
    await staff.says("/today")
    shown = await staff.sees("Call list")
    if first_button(shown).endswith("to call"):
        await staff.presses(shown, first_button(shown))
        shown = await staff.sees("0 reached, 0 tried")
    if first_button(shown) == "Next to call ›":
        await staff.presses(shown, first_button(shown))
        await staff.presses(await staff.sees("in the HMO"), "No answer")
        await staff.sees("0 reached, 1 tried")


async def _propose_something(staff: Phone) -> None:
    """Propose a transfer for the first of the risk list, and go back to it."""
    await staff.says("/risk")
    listed = await staff.sees("High-risk")
    await staff.presses(listed, first_button(listed))
    card = await staff.sees("Nothing decided yet")
    await staff.presses(card, "Propose transfer")
    proposed = await staff.sees("Transfer proposed")
    await staff.presses(proposed, "‹ Back")
    await staff.reads((await staff.sees("High-risk"))["message_id"])
