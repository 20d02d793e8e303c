"""`python -m tests.soak`: keep a clinic busy while its bot is killed, and count what is left."""

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
    people: Annotated[int, typer.Option(min=3, help="How many.")] = 20,
    seed: Annotated[int, typer.Option(help="Of what is pressed and when the bot dies.")] = 1,
    database: Annotated[Database, typer.Option(help="sqlite or postgresql.")] = Database.SQLITE,
) -> None:
    """Run the soak test and print what it found; exit 1 if anything was lost or doubled."""
    started = sqlite if database is Database.SQLITE else postgresql
    with TemporaryDirectory(prefix="slotwise-soak-") as folder, started(Path(folder)) as url:
        verdict = asyncio.run(_soak(Path(folder), url, minutes * 60, people, seed))
    for name, figure in verdict.figures.items():
        typer.echo(f"{name:<28}{figure:>10}")
    for problem in verdict.problems:
        typer.echo(problem)
    typer.echo("Nothing lost, nothing doubled." if not verdict.problems else "Not as it should be.")
    if verdict.problems:
        raise typer.Exit(1)


async def _soak(folder: Path, url: str, seconds: float, people: int, seed: int) -> Verdict:
    async with clinic(folder, url, people) as place:
        return await soak(place, seconds, seed)


if __name__ == "__main__":
    typer.run(main)
