"""The sample HMO of the demo, imported once and copied for each who needs it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bot.demo.sample import SAMPLE_ZONE, write_sample
from domain.criteria import House
from domain.days import Calendar
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.migrate import upgrade
from storage.store import Store
from tests.bench.history import NOW

SAMPLE_HOUSE = House(Calendar(SAMPLE_ZONE))


@contextmanager
def sample_store(folder: Path, name: str) -> Iterator[Store]:
    """A store of that name in the folder, with the sample as of `NOW`."""
    origin = folder / "sample.db"
    if not origin.exists():
        _import(folder, origin)
    shutil.copy(origin, folder / name)
    store = Store(sample_url(folder, name))
    try:
        yield store
    finally:
        store.close()


def sample_url(folder: Path, name: str) -> str:
    """The database's URL."""
    return f"sqlite:///{folder / name}"


def _import(folder: Path, database: Path) -> None:
    file = folder / "sample.csv"
    write_sample(file, NOW, SAMPLE_ZONE)
    store = Store(f"sqlite:///{database}")
    try:
        upgrade(store)
        import_file(
            store,
            file,
            name=file.name,
            mapping=Mapping(),
            calendar=SAMPLE_HOUSE.calendar,
            now=NOW,
            chance=np.random.default_rng(7),
            rejects=folder / "rejects.csv",
        )
    finally:
        store.close()
