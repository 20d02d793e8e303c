"""Databases with all tables: the migrations run once, and what they made is copied."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from storage.migrate import upgrade
from storage.store import Store


def with_tables(url: str) -> Store:
    """A store whose database has all tables, and nothing in them if it is new."""
    address = make_url(url)
    file = Path(address.database or "")
    if address.get_backend_name() == "sqlite" and not file.exists():
        file.write_bytes(_new_file())
        return Store(url)
    store = Store(url)
    upgrade(store)
    return store


@cache
def _new_file() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "new.db")
        store = Store(f"sqlite:///{file}")
        upgrade(store)
        store.close()
        assert [path.name for path in Path(folder).iterdir()] == ["new.db"]  # no -wal beside it
        return file.read_bytes()
