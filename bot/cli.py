"""The command line: `python -m bot …`, also installed as `slotwise`.

What takes long to load is imported by the commands that need it.
"""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot import exporting, importing, stopping
from bot.logs import redact, start_logging
from bot.opening import open_store
from bot.prediction.commands import prediction_app
from bot.settings import Settings, WrongSetting, read_settings
from bot.simulation.commands import simulation_app
from domain.clock import SystemClock
from domain.people import Role
from domain.prediction.model import ModelRefused
from domain.prediction.training import TooLittle
from storage import counters, invitations, retention, risk
from storage.feeds.report import ImportRefused, KindWord
from storage.models import NoSuchModel
from storage.retention import TidiedElsewhere
from storage.store import StoreUnavailable

app = typer.Typer(
    help="Slotwise: a Telegram operations assistant that wins back missed appointments.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
audit_app = typer.Typer(help="Look after the audit trail.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
app.add_typer(prediction_app)
app.add_typer(simulation_app)
_TOLD = (
    *(WrongSetting, StoreUnavailable, ImportRefused, TidiedElsewhere),
    *(TooLittle, ModelRefused, NoSuchModel),
)
"""What a person can mend."""
errors = Console(stderr=True, highlight=False, soft_wrap=True)


class Exported(StrEnum):
    """What can be exported."""

    AUDIT = "audit"
    ACTIONS = "actions"
    REFERENCES = "references"


def main() -> None:
    """Run a command; what a person can mend is told in one line, without a traceback."""
    try:
        app()
    except _TOLD as problem:
        errors.print(redact(str(problem)), style="red", markup=False)
        sys.exit(1)


@app.command()
def run() -> None:
    """Run the bot on Telegram."""
    settings = read_settings()
    start_logging(settings.log_format)
    _ended(asyncio.run(_run(settings)))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Where the page is; 0 for a free port.")] = 8080,
) -> None:
    """Run the whole product on this computer, with a made-up HMO and four phones in a browser."""
    from bot.demo import demo as demo_run

    _ended(asyncio.run(demo_run.run(port)))


@app.command(name="import")
def import_files(
    files: Annotated[list[Path], typer.Argument(help="CSV files, plain or .gz.")],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="A TOML file, a preset's name, or field=Column[:word=status,…]; may be repeated.",
        ),
    ] = None,
    encoding: Annotated[str, typer.Option(help="utf-8, windows-1255 or windows-1252.")] = "utf-8",
    kind: Annotated[
        KindWord | None,
        typer.Option(help="What the files hold; by default told by their first line."),
    ] = None,
) -> None:
    """Load appointments, a waitlist or sessions. The same file twice changes nothing."""
    settings = read_settings()
    with open_store(settings) as store:
        clock = SystemClock(settings.as_of)
        if not importing.import_files(
            store,
            files,
            mapping or [],
            settings=settings,
            now=clock.now(),
            encoding=encoding,
            kind=kind,
        ):
            raise typer.Exit(1)


@app.command()
def invite(
    role: Annotated[Role, typer.Option(help="What the person will be.")],
    department: Annotated[
        list[str] | None,
        typer.Option(help="A department they are limited to; may be repeated. None: all."),
    ] = None,
) -> None:
    """Print a code that makes one person a member within seven days: they send /start CODE."""
    settings = read_settings()
    with open_store(settings) as store:
        now = SystemClock(settings.as_of).now()
        known = set(store.read_now(risk.departments).values())
        code = store.write_now(invitations.invite, role, department or [], now)
    for name in sorted(set(department or []) - known):
        errors.print(f"{name} is a new department: no appointment names it yet", markup=False)
    typer.echo(code)


@app.command()
def check() -> None:
    """Say whether settings, database, token, Chromium and font are as they should be."""
    from bot import checking

    if not checking.check():
        raise typer.Exit(1)


@app.command()
def verify() -> None:
    """Recount every kept-up-to-date figure from scratch and say whether they agree."""
    with open_store(read_settings()) as store:
        found = store.read_now(counters.verify)
    for disagreement in found:
        typer.echo(str(disagreement))
    typer.echo("Counters and rollup agree." if not found else "They do not agree.")
    if found:
        raise typer.Exit(1)


@app.command()
def export(
    what: Annotated[Exported, typer.Argument(help="audit, actions or references.")],
    form: Annotated[
        exporting.Format, typer.Option("--format", help="csv or jsonl (JSON lines).")
    ] = exporting.Format.CSV,
) -> None:
    """Write the audit trail, all actions, or who each reference is, to standard output.

    That it was written is itself a row of the trail.
    """
    tables = {
        Exported.AUDIT: exporting.audit,
        Exported.ACTIONS: exporting.actions,
        Exported.REFERENCES: exporting.references,
    }
    settings = read_settings()
    with open_store(settings) as store:
        store.write_now(exporting.note, what, SystemClock(settings.as_of).now())
        store.read_now(tables[what], sys.stdout, form)


@audit_app.command(name="verify")
def verify_audit(
    expect: Annotated[
        str | None,
        typer.Option(help="ID:HASH of a head that was noted earlier: it must still be there."),
    ] = None,
) -> None:
    """Recompute the audit chain: every row in its place, and none changed since it was written."""
    from bot import auditing

    noted = auditing.noted_head(expect)
    with open_store(read_settings()) as store:
        intact, told = store.read_now(auditing.verify, noted)
    typer.echo(told)
    if not intact:
        raise typer.Exit(1)


@app.command()
def tidy() -> None:
    """Make anonymous and delete now what is kept no longer; the bot does so every night."""
    settings = read_settings()
    with open_store(settings) as store:
        now = SystemClock(settings.as_of).now()
        done = asyncio.run(retention.tidy(store, settings.keep, settings.house.calendar, now))
    for line in retention.told(done):
        typer.echo(line)


def _ended(reason: str | None) -> None:
    """End the program; with a reason, that is told and the program has failed."""
    if reason:
        errors.print(reason, style="red", markup=False)
        raise typer.Exit(1)


async def _run(settings: Settings) -> str | None:
    """Run until a signal comes (`None`) or the bot cannot go on (why)."""
    from bot.app import running

    with stopping.by_signals():  # also while Telegram is not yet reached
        try:
            async with running(settings, SystemClock(settings.as_of)) as at_work:
                return await at_work.stopped
        except asyncio.CancelledError:
            return None
