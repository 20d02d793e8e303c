"""What tests of handlers share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.clock import HandClock
from handlers.desk import Desk
from storage.store import Store
from tests.handlers.desks import desk_at, fill


@pytest.fixture
def desk(
    sqlite_store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Desk]:
    """A desk over a small store, where there is no Chromium."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    sqlite_store.write_now(fill, clock)
    with desk_at(sqlite_store, clock, tmp_path) as found:
        yield found
