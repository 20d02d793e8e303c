"""Imports one file in a process of its own, so that its peak memory is its own.

`python -m tests.bench.loading URL FILE` prints what it took as one line of JSON.
"""

import json
import resource
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.migrate import upgrade
from storage.store import Store
from tests.bench.history import NOW
from tests.hmo import HOUSE


@dataclass(frozen=True)
class Loaded:
    """What an import took.

    Attributes:
        seconds: From opening the file to the commit.
        peak_mb: The process's greatest resident memory.
    """

    rows: int
    seconds: float
    peak_mb: float


def load(url: str, file: Path) -> Loaded:
    """Import a history through the product into an empty database."""
    store = Store(url)
    try:
        upgrade(store)
        report = import_file(
            store,
            file,
            name=file.name,
            mapping=Mapping(),
            calendar=HOUSE.calendar,
            now=NOW,
            chance=np.random.default_rng(7),
            rejects=file.with_suffix(".rejects.csv"),
        )
    finally:
        store.close()
    if report.inserted != report.rows:
        raise RuntimeError("\n".join(report.lines()))
    return Loaded(report.rows, report.seconds, peak_mb())


def peak_mb() -> float:
    """This process's greatest resident memory."""
    # ru_maxrss of a new process begins with what its parent had; Linux's VmHWM does not.
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000_000


if __name__ == "__main__":
    print(json.dumps(asdict(load(sys.argv[1], Path(sys.argv[2])))))
