"""`python -m tests.soak`: keep a clinic busy while all goes wrong, and count what is left."""

import asyncio
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests.soak.clinic import clinic, postgresql, sqlite
from tests.soak.soak import soak
from tests.soak.verdict import Verdict


class Database(StrEnum):
    """Where the bot keeps what it keeps."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


def main(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long people work.")] = 3,
    people: Annotated[int, typer.Option(min=5, help="How many, admins included.")] = 20,
    seed: Annotated[int, typer.Option(help="Of all that is left to chance.")] = 1,
    database: Annotated[
        Database | None, typer.Option(help="By default one after the other.")
    ] = None,
) -> None:
    """Run the soak test and print what it found; exit 1 if anything was lost or doubled."""
    verdicts = {
        where: _soaked(where, minutes * 60, people, seed)
        for where in ([database] if database else Database)
    }
    _print(verdicts)
    problems = [
        f"{where}: {problem}" for where, found in verdicts.items() for problem in found.problems
    ]
    for problem in problems:
        typer.echo(problem)
    typer.echo("Not as it should be." if problems else "Nothing lost, nothing doubled.")
    if problems:
        raise typer.Exit(1)


def _soaked(database: Database, seconds: float, people: int, seed: int) -> Verdict:
    typer.echo(f"{people} people at work on {database} for {seconds:,.0f} s …", err=True)
    started = sqlite if database is Database.SQLITE else postgresql
    with TemporaryDirectory(prefix="slotwise-soak-") as folder, started(Path(folder)) as url:
        return asyncio.run(_soak(Path(folder), url, seconds, people, seed))


async def _soak(folder: Path, url: str, seconds: float, people: int, seed: int) -> Verdict:
    async with clinic(folder, url, people) as place:
        return await soak(place, seconds, seed)


def _print(verdicts: dict[Database, Verdict]) -> None:
    """A row for each figure, a column for each database."""
    names = dict.fromkeys(name for verdict in verdicts.values() for name in verdict.figures)
    rows = [
        ["", *verdicts],
        *(
            [name, *(f"{verdict.figures.get(name, 0):,}" for verdict in verdicts.values())]
            for name in names
        ),
    ]
    for name, *cells in rows:
        typer.echo("".join([f"{name:<44}", *(f"{cell:>12}" for cell in cells)]))


if __name__ == "__main__":
    typer.run(main)
