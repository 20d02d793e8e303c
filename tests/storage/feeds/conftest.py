"""What the tests of data feeds share."""

import io
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from domain.clock import HandClock
from domain.days import Calendar
from storage.feeds.importing import import_file
from storage.feeds.mapping import read_mapping
from storage.feeds.report import ImportReport
from storage.store import Store
from tests.storage.feeds.helpers import TakeIn


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    return tmp_path / "rejects.csv"


@pytest.fixture
def take_in(store: Store, clock: HandClock, rejects: Path) -> TakeIn:
    """Import a text (or bytes) as a file, as of the clock's present."""

    def take_in(
        content: str | bytes | BinaryIO,
        *maps: str,
        zone: str = "Asia/Jerusalem",
        encoding: str = "utf-8",
    ) -> ImportReport:
        if isinstance(content, str):
            content = content.encode()
        return import_file(
            store,
            io.BytesIO(content) if isinstance(content, bytes) else content,
            name="feed.csv",
            mapping=read_mapping(maps),
            calendar=Calendar(ZoneInfo(zone)),
            now=clock.now(),
            chance=np.random.default_rng(5),
            encoding=encoding,
            rejects=rejects,
        )

    return take_in
