"""What `python -m bot import` shows: a progress bar, a summary, and where the rejects are."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from bot.settings import Settings
from storage.feeds.importing import Progress as Told
from storage.feeds.importing import import_file
from storage.feeds.mapping import read_mapping
from storage.feeds.report import ImportRefused, KindWord
from storage.store import Store


def import_files(
    store: Store,
    files: Sequence[Path],
    maps: Iterable[str],
    *,
    settings: Settings,
    now: datetime,
    encoding: str = "utf-8",
    kind: KindWord | None = None,
) -> bool:
    """Import files one after another; a refused one does not keep the next from coming in.

    The summaries go to standard output, the progress bar and refusals to standard error, rejects
    to the data folder.

    Args:
        store: A migrated store.
        files: What to import, plain or packed by gzip.
        maps: What `--map` was given.
        settings: Where the HMO's calendar stands.
        now: The present (aware).
        encoding: One of `storage.feeds.reading.ENCODINGS`.
        kind: What all the files hold; by default what the header of each tells.

    Returns:
        Whether no file was refused.

    Raises:
        ImportRefused: The mapping cannot be used.
    """
    output = Console(highlight=False, soft_wrap=True)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    mapping = read_mapping(maps)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng()
    refused = 0
    for file in files:
        target = rejects_path(file, settings.data_dir)
        try:
            with _progress(file, errors) as tell:
                report = import_file(
                    store,
                    file,
                    name=file.name,
                    mapping=mapping,
                    calendar=settings.house.calendar,
                    now=now,
                    chance=chance,
                    encoding=encoding,
                    kind=kind,
                    rejects=target,
                    progress=tell,
                )
        except ImportRefused as refusal:
            told = ". ".join(filter(None, (f"{file}: {refusal}", refusal.on_server)))
            errors.print(told, markup=False, style="red")
            refused += 1
        else:
            lines = report.lines()
            lines += [f"  see {target}"] if report.rejected else []
            output.print("\n".join(lines), markup=False)
    return not refused


def rejects_path(file: Path, folder: Path) -> Path:
    """Where the rejects of a file go: `may.csv.gz` → `may.rejects.csv` in the data folder."""
    stem = file.name.removesuffix(".gz").removesuffix(".csv")
    return folder / f"{stem}.rejects.csv"


@contextmanager
def _progress(file: Path, errors: Console) -> Iterator[Told]:
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
    )
    size = file.stat().st_size if file.is_file() else None
    with bar:
        task = bar.add_task(f"reading {file.name}", total=size)

        def tell(what: str, done: int) -> None:
            # Of the merge only its beginning is known: the bar then moves without a measure.
            total = size if what == "reading" else None
            bar.update(task, description=f"{what} {file.name}", completed=done, total=total)

        yield tell
