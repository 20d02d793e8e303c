"""The sample HMO in a database: what the demo, the benchmarks and the soak test begin with."""

from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from bot.demo.sample import SAMPLE_ZONE, write_sample
from bot.demo.sample_lists import write_lists
from domain.criteria import House
from domain.days import Calendar
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.migrate import upgrade
from storage.store import Store

SAMPLE_HOUSE: Final = House(Calendar(SAMPLE_ZONE))
"""The sample HMO's calendar, with the usual threshold and time of the summary."""


def fill_with_sample(store: Store, folder: Path, now: datetime, chance: int = 7) -> Path:
    """Make the tables and import the sample HMO's three files through the product; a few seconds.

    Args:
        store: An empty store.
        folder: Where the CSV files are written, and rejects would be.
        now: The present (aware); the sample is as of its full minute.
        chance: Of the patients' references: the same number makes the same ones.

    Returns:
        The schedule as a CSV file.
    """
    upgrade(store)
    sample = folder / "sample.csv"
    minute = now.replace(second=0, microsecond=0)
    write_sample(sample, minute, SAMPLE_ZONE)
    lists = write_lists(folder, sample, minute, SAMPLE_ZONE)
    for file in (sample, *lists):
        import_file(
            store,
            file,
            name=file.name,
            mapping=Mapping(),
            calendar=SAMPLE_HOUSE.calendar,
            now=now,
            chance=np.random.default_rng(chance),
            rejects=folder / "rejects.csv",
        )
    return sample
