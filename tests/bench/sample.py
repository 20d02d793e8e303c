"""The sample HMO of the demo, imported once and copied for each who needs it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.demo.sample_store import fill_with_sample
from storage.store import Store
from tests.bench.history import NOW


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
    store = Store(f"sqlite:///{database}")
    try:
        fill_with_sample(store, folder, NOW)
    finally:
        store.close()
