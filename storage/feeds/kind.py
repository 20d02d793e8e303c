"""A kind of file: its columns, how a row is read, and how what was read is taken in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from storage.feeds.layout import Fields
from storage.feeds.merging import Changes
from storage.feeds.report import KindWord
from storage.feeds.rows import RowReader
from storage.feeds.staging import Staged, Staging


@dataclass(frozen=True)
class Kind:
    """What a file may hold; each has a module in `storage/feeds/kinds/`.

    Attributes:
        word: What it is called.
        fields: The columns of a file.
        reader: Turns rows into records.
        staged: How records wait for the merge.
        take_in: Adds the staged records to the store and updates what they name. It is called
            with the time and the importing member in the merge's transaction, when departments,
            clinicians and patients are in.
    """

    word: KindWord
    fields: Fields
    reader: type[RowReader]
    staged: Staged
    take_in: Callable[[Staging, datetime, int | None], Changes]
