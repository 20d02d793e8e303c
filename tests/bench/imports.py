"""What importing the histories took."""

from collections.abc import Iterator

from tests.bench.databases import POSTGRESQL, SQLITE, Databases
from tests.bench.results import Result, at_least, at_most, short


def imports(databases: Databases) -> Iterator[Result]:
    """Speed and peak memory of the imports; those of an earlier run are not told."""
    for where, rows in (
        (SQLITE, databases.small),
        (SQLITE, databases.large),
        (POSTGRESQL, databases.small),
    ):
        databases.store(where, rows)
        took = databases.imports.get((where, rows))
        if took is None:
            databases.say(f"{short(rows)} appointments were in {where} already")
            continue
        speed = at_least(40_000) if (where, rows) == (SQLITE, databases.small) else None
        memory = at_most(400) if where == SQLITE else None
        yield Result(
            f"import of {short(rows)} rows", where, took.rows / took.seconds, "rows/s", speed
        )
        yield Result(f"import of {short(rows)} rows, peak", where, took.peak_mb, "MB", memory)
