"""Run by a test: imports a file and, when all is merged, stands still before it is kept."""

import signal
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from domain.days import Calendar
from storage.feeds import importing
from storage.feeds.mapping import Mapping
from storage.feeds.rejects import Rejects
from storage.store import Store


class Halting(Rejects):
    """Rejects are kept last of all, just before the commit."""

    def keep(self) -> None:
        print("half way", flush=True)
        signal.pause()


if __name__ == "__main__":
    url, file, now = sys.argv[1:]
    setattr(importing, "Rejects", Halting)  # noqa: B010 - the type checker needs not to see it
    importing.import_file(
        Store(url),
        Path(file),
        name="feed.csv",
        mapping=Mapping(),
        calendar=Calendar(ZoneInfo("Asia/Jerusalem")),
        now=datetime.fromisoformat(now),
        chance=np.random.default_rng(5),
        rejects=Path(file).with_name("rejects.csv"),
    )
