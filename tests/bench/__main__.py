"""`python -m tests.bench`: run the benchmarks and print their table.

The table goes to standard output, what is going on to standard error.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
from rich.console import Console

from tests.bench.acceptances import acceptances
from tests.bench.assignment import assignment
from tests.bench.audit import audit_trail
from tests.bench.batches import batch
from tests.bench.dashboards import against_pandas
from tests.bench.databases import Databases
from tests.bench.handling import handling
from tests.bench.imports import imports
from tests.bench.machine import described
from tests.bench.pictures import pictures
from tests.bench.prediction import prediction
from tests.bench.presses import presses
from tests.bench.pushes import pushes
from tests.bench.questions import density_table, risk_list
from tests.bench.results import Result, table
from tests.bench.summaries import summaries

Part = Callable[[Databases, Path, int], Iterable[Result]]

PARTS: Final[dict[str, Part]] = {
    "import": lambda databases, _folder, _rounds: imports(databases),
    "risk": lambda databases, _folder, rounds: risk_list(databases, rounds * 5),
    "density": lambda databases, _folder, rounds: density_table(databases, rounds * 5),
    "pandas": lambda databases, _folder, rounds: against_pandas(databases, rounds * 5),
    "batch": lambda databases, _folder, rounds: batch(databases, max(rounds // 4, 1)),
    "audit": lambda databases, _folder, rounds: audit_trail(databases, max(rounds // 2, 1)),
    "prediction": prediction,
    "assignment": lambda databases, _folder, rounds: assignment(
        rounds, min(databases.large // 100, 1_000)
    ),
    "acceptances": lambda databases, _folder, _rounds: acceptances(
        databases, min(max(databases.large // 1_000, 20), 1_000)
    ),
    "picture": lambda _databases, folder, rounds: asyncio.run(pictures(folder, rounds)),
    "handling": lambda _databases, folder, rounds: asyncio.run(handling(folder, rounds)),
    "press": lambda _databases, folder, rounds: asyncio.run(presses(folder, rounds * 2)),
    "summaries": lambda databases, folder, _rounds: asyncio.run(
        summaries(folder, max(databases.large // 1000, 20))
    ),
    "push": lambda _databases, folder, rounds: asyncio.run(pushes(folder, rounds)),
}

errors = Console(stderr=True, highlight=False)


def main(
    rows: Annotated[
        int,
        typer.Option(min=1_000, help="Appointments of the large history; people are a thousandth."),
    ] = 10_000_000,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(PARTS)}; may be repeated.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="How often what is slow is repeated; the rest more often.")
    ] = 20,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the histories here, and use those that are here.")
    ] = None,
) -> None:
    """Run the benchmarks and print one table."""
    chosen = only or list(PARTS)
    unknown = set(chosen) - set(PARTS)
    if unknown:
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}")
    found: list[Result] = []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="slotwise-bench-")))
        status = stack.enter_context(errors.status("starting"))

        def say(what: str) -> None:
            errors.print(what)
            status.update(what)

        databases = stack.enter_context(Databases(keep or scratch / "histories", rows, say))
        for name in chosen:
            say(f"measuring: {name}")
            found += PARTS[name](databases, scratch, rounds)
    typer.echo(described() + "\n")
    typer.echo(table(found))


if __name__ == "__main__":
    typer.run(main)
