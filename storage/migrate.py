"""Bring a database up to the newest migration, under a lock."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from storage.store import Store, told_plainly

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 7_310_021
"""Any number, the same in every process: PostgreSQL's advisory lock for migrating."""


def alembic_config() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def upgrade(store: Store) -> None:
    """Create or upgrade all tables; of several processes one does it and the others wait.

    Raises:
        storage.store.StoreUnavailable: The database cannot be used.
    """
    config = alembic_config()
    with told_plainly(), store.engine.execution_options(writes=True).begin() as connection:
        if not store.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
