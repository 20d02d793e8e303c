"""The HMO's files on the way into the store."""

import csv
from collections.abc import Mapping as Row
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from domain.criteria import House
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.store import Store


def import_rows(
    store: Store,
    rows: Sequence[Row[str, object]],
    folder: Path,
    house: House,
    now: datetime,
    chance: np.random.Generator,
) -> None:
    """Write a file with these rows, and import it; without rows there is no file.

    Args:
        store: A migrated store.
        rows: All with the same columns, which tell what kind of file it is.
        folder: Where the file goes.
        house: The HMO's calendar.
        now: The present (aware).
        chance: Where new patients' references come from.

    Raises:
        ValueError: A row was rejected.
    """
    if not rows:
        return
    path = folder / "feed.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    report = import_file(
        store,
        path,
        name=path.name,
        mapping=Mapping(),
        calendar=house.calendar,
        now=now,
        chance=chance,
        rejects=folder / "rejects.csv",
    )
    if report.rejected:
        raise ValueError(f"{report.rejected} rows of the simulated HMO were rejected")
