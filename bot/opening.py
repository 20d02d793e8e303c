"""Opening the database for a command."""

import contextlib
from collections.abc import Iterator

from bot.settings import Settings
from storage.migrate import upgrade
from storage.store import Store


@contextlib.contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """The store of the settings, brought up to date, until the block is left.

    Raises:
        StoreUnavailable: It cannot be used.
    """
    store = Store(settings.database_url.get_secret_value())
    try:
        upgrade(store)
        yield store
    finally:
        store.close()
