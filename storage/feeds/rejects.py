"""The rejects file: what could not be used, and why, in a form a spreadsheet opens safely."""

import csv
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final, Self

from storage.feeds.layout import REJECT_COLUMNS
from storage.feeds.report import ImportRefused

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet compute a cell."""


class Rejects:
    """Writes a rejects file beside its final place and moves it there when it is whole.

    It begins with the line number and the reason, then the file's own columns, so that a
    corrected one can be imported as it is. Its owner alone may read it: it holds patients' data.

    Args:
        path: The final place; nothing is created there unless a row is rejected.
        header: The columns of the file that is read.

    Attributes:
        reasons: How often each reason was given.
    """

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.reasons: Counter[str] = Counter()
        self._path = path
        self._header = header
        self._part = path.with_name(f"{path.name}.{os.getpid()}.part")
        self._file: IO[str] | None = None
        self._writer: Any = None

    @property
    def count(self) -> int:
        """How many rows were rejected."""
        return self.reasons.total()

    def add(self, line: int, reason: str, cells: Sequence[str] | None) -> None:
        """Note a row; `cells` is `None` where it could not even be parted.

        Raises:
            ImportRefused: The file cannot be written.
        """
        self.reasons[reason] += 1
        try:
            if self._file is None:
                self._file = self._open()
            self._writer.writerow([line, reason, *map(defused, cells or ())])
        except OSError as error:
            raise self._unwritable(error) from error

    def keep(self) -> None:
        """Move the file to its place, if there is one."""
        if self._file is not None:
            try:
                self._file.close()
                self._part.replace(self._path)
            except OSError as error:
                raise self._unwritable(error) from error
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind that was not kept."""
        if self._file is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)
            self._file = None

    def _open(self) -> IO[str]:
        descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        file = os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(file)
        self._writer.writerow([*REJECT_COLUMNS, *map(defused, self._header)])
        return file

    def _unwritable(self, error: OSError) -> ImportRefused:
        return ImportRefused(f"the rejects file {self._path} cannot be written: {error.strerror}")


def defused(cell: str) -> str:
    """The cell as a spreadsheet shows it without computing: an apostrophe before a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def restored(cell: str) -> str:
    """The cell as it was before `defused`."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell
