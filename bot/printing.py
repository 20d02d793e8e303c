"""What commands print: tables and lines; what is being done goes to standard error."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

Tell = Callable[[str], None]

_WIDE: Final = 200
"""Columns: a terminal may wrap a table, and a file must not get a shortened one."""


def say(words: str) -> None:
    """A line, as it is."""
    Console(highlight=False, soft_wrap=True).print(words, markup=False)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose first column is words, and the others figures."""
    made = Table(box=None, pad_edge=False)
    for place, name in enumerate(header):
        made.add_column(name, justify="right" if place else "left", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    Console(highlight=False, width=_WIDE).print(made)


@contextlib.contextmanager
def progress() -> Iterator[Tell]:
    """What is being done and for how long, on standard error."""
    from rich.progress import (  # noqa: PLC0415 - only what takes long shows it
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("beginning", total=None)

        def tell(what: str) -> None:
            bar.update(task, description=what)

        yield tell
