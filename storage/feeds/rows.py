"""Turn a row of a file into a checked record, or say why it cannot be used.

What all kinds of file have in common stands here; what a kind's own fields mean is in
`storage/feeds/kinds/`. This is the hot loop of an import: what repeats from row to row
(departments, words, starts) is converted once and then looked up; only the rest is worked out for
every row.
"""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Final, TypeVar

from domain.days import Calendar
from storage.feeds import cells
from storage.feeds.cells import Known, Numbers, checked_text
from storage.feeds.layout import Layout
from storage.feeds.rejects import FORMULA, restored
from storage.feeds.report import RowRejected

V = TypeVar("V")

DEPARTMENTS_AT_MOST: Final = 5_000
CLINICIANS_AT_MOST: Final = 100_000
_YEARS: Final = range(1970, 2101)
_INVISIBLE: Final = str.maketrans("", "", "\u200e\u200f\ufeff")
"""Direction marks that exports of right-to-left text carry."""

Words = Mapping[str, Mapping[str, str]]
"""Field → the file's word → ours."""

Record = tuple[int | str | bool | None, ...]
"""A usable row: a plain tuple of its kind's staged columns, for there are millions of them.
Moments are seconds since 1970, departments and clinicians numbers of this file, days ISO texts."""


class RowReader(ABC):
    """Reads the rows of one file.

    Args:
        layout: Where the fields stand.
        words: The file's words.
        calendar: The zone of moments that name none, and of days.
        now: The present; what lies after it is not known yet.

    Attributes:
        departments: Every department seen so far.
        clinicians: Every clinician seen so far.
        not_booked_yet: Rows left out.
        outcome_withheld: Rows whose outcome was replaced by `booked`.
    """

    def __init__(self, layout: Layout, words: Words, calendar: Calendar, now: datetime) -> None:
        self.departments = Numbers("department", DEPARTMENTS_AT_MOST)
        self.clinicians = Numbers("clinician", CLINICIANS_AT_MOST)
        self.not_booked_yet = 0
        self.outcome_withheld = 0
        self._layout = layout
        self._words = words
        self._zone = calendar.zone
        self._now = now.timestamp()
        self._pick = itemgetter(*layout.positions)
        self._department = Known(self._number("department", self.departments))

    def read(self, line: int, row: list[str] | None) -> Record | None:
        """The record of a row; `None` if it was not booked yet.

        Raises:
            RowRejected: The row cannot be used.
        """
        if row is None:
            raise RowRejected("quotes or line ends are misplaced")
        if len(row) != self._layout.width:
            raise RowRejected("it has more or fewer cells than the header")
        if self._layout.of_rejects:
            row = list(map(restored, row))
        # The last cell is what an absent field reads.
        return self._record(line, self._pick([*row, ""]), row)

    @abstractmethod
    def _record(self, line: int, given: tuple[str, ...], row: list[str], /) -> Record | None:
        """The record of a row: its cells in the order of the kind's fields, and all its cells."""

    def _moment(self, field: str, text: str) -> datetime:
        """An aware moment.

        A time that daylight saving skips counts from the offset before the change, one that
        occurs twice is the earlier (Python's `fold=0`).
        """
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise RowRejected(f"{field} is no ISO 8601 date or time") from None
        if moment.year not in _YEARS:
            raise RowRejected(f"{field} is not within {_YEARS[0]}–{_YEARS[-1]}")
        return moment if moment.tzinfo else moment.replace(tzinfo=self._zone)

    def _seconds(self, field: str) -> Known[int]:
        """Reads a moment as seconds since 1970."""
        return Known(lambda text: int(self._moment(field, text).timestamp()))

    def _number(self, field: str, numbers: Numbers) -> Callable[[str], int]:
        def read(text: str) -> int:
            plain = unicodedata.normalize("NFC", " ".join(text.translate(_INVISIBLE).split()))
            return numbers[checked_text(field, plain if text[:1] not in FORMULA else text, 200)]

        return self._worded(field, read)

    def _optional(self, field: str, convert: Callable[[str], V]) -> Known[V | None]:
        worded = self._worded(field, convert)
        return Known(lambda text: worded(text) if text else None)

    def _worded(self, field: str, convert: Callable[[str], V]) -> Callable[[str], V]:
        words = self._words.get(field)
        return convert if words is None else lambda text: convert(words.get(text, text))


class PatientRowReader(RowReader):
    """Reads rows that each name a patient."""

    def __init__(self, layout: Layout, words: Words, calendar: Calendar, now: datetime) -> None:
        super().__init__(layout, words, calendar, now)
        self._birth_date = self._optional("birth_date", cells.day("birth_date"))
        self._language = self._optional("language", cells.short("language"))
        self._phone = self._optional("phone", cells.phone)
        self._email = self._optional("email", cells.email)
        self._consent = self._optional("consent", cells.yes_no("consent"))
