"""Turn a row of a file into a checked record, or say why it cannot be used.

This is the hot loop of an import. What repeats from row to row (departments, words, starts)
is converted once and then looked up; only the rest is worked out for every row.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from operator import itemgetter
from typing import Final, TypeVar

from domain.ages import OLDEST, age_group, age_on
from domain.days import Calendar, day_finder
from domain.statuses import Status, status_known_at
from storage.feeds.mapping import Layout, Mapping
from storage.feeds.rejects import FORMULA, restored
from storage.feeds.report import ImportRefused, RowRejected

V = TypeVar("V")

DEPARTMENTS_AT_MOST: Final = 5_000
CLINICIANS_AT_MOST: Final = 100_000
_EXTRA_AT_MOST: Final = 1_000
_YEARS: Final = range(1970, 2101)
_LONGEST: Final = 24 * 60

_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)*%?")
_WHOLE: Final = re.compile(r"-?[0-9]{1,6}")
_PHONE: Final = re.compile(r"\+?\d[\d ()./-]{2,38}")
_EMAIL: Final = re.compile(r"[^\W_][^\s@,;\"'<>()]*@[^\s@,;\"'<>()]+\.[^\W\d_]{2,}")
_INVISIBLE: Final = str.maketrans("", "", "\u200e\u200f\ufeff")
"""Direction marks that exports of right-to-left text carry."""

_YES_NO: Final = {
    "1": True, "true": True, "yes": True, "y": True,
    "0": False, "false": False, "no": False, "n": False,
}  # fmt: skip


COLUMNS: Final = (
    "line", "appointment", "patient", "department", "clinician", "start", "day", "status",
    "booked_at", "age", "age_group", "duration", "reminder_sent", "extra", "birth_date", "sex",
    "language", "phone", "email",
)  # fmt: skip
"""What a record holds, in order. Moments are seconds since 1970, departments and clinicians
numbers of this file, days ISO texts."""

Record = tuple[int | str | bool | None, ...]
"""A usable row: a plain tuple of `COLUMNS`, for there are millions of them."""


class Numbers(dict[str, int]):
    """Names in the order of their first appearance, each with its number."""

    def __init__(self, what: str, at_most: int) -> None:
        super().__init__()
        self._what = what
        self._at_most = at_most

    def __missing__(self, name: str) -> int:
        if len(self) >= self._at_most:
            raise ImportRefused(
                f"more than {self._at_most:,} {self._what}s: is another column meant?"
            )
        number = self[name] = len(self)
        return number


class _Known(dict[str, V]):
    """Converts a text at its first appearance and remembers the result."""

    _AT_MOST: Final = 40_000
    _LENGTH: Final = 64

    def __init__(self, convert: Callable[[str], V]) -> None:
        super().__init__()
        self._convert = convert

    def __missing__(self, text: str) -> V:
        value = self._convert(text.strip(" "))
        if len(text) <= self._LENGTH:
            if len(self) >= self._AT_MOST:
                self.clear()
            self[text] = value
        return value


class RowReader:
    """Reads the rows of one file.

    Args:
        layout: Where the fields stand.
        mapping: The file's words.
        calendar: The zone of starts that name none, and of days.
        now: The present; outcomes and bookings after it are not known yet.

    Attributes:
        departments: Every department seen so far.
        clinicians: Every clinician seen so far.
        not_booked_yet: Rows left out.
        outcome_withheld: Rows whose outcome was replaced by `booked`.
    """

    def __init__(self, layout: Layout, mapping: Mapping, calendar: Calendar, now: datetime) -> None:
        self.departments = Numbers("department", DEPARTMENTS_AT_MOST)
        self.clinicians = Numbers("clinician", CLINICIANS_AT_MOST)
        self.not_booked_yet = 0
        self.outcome_withheld = 0
        self._layout = layout
        self._words = mapping.words
        self._zone = calendar.zone
        self._day_of = day_finder(calendar.zone)
        self._now = now.timestamp()
        self._pick = itemgetter(*layout.positions)
        self._department = _Known(self._number("department", self.departments))
        self._clinician = self._optional("clinician", self._number("clinician", self.clinicians))
        self._start = _Known(self._start_of)
        self._status = _Known(self._worded("status", _statuses))
        self._age = self._optional("age", _whole("age", 0, OLDEST))
        self._birth_date = self._optional("birth_date", _birth_date)
        self._sex = self._optional("sex", _short("sex"))
        self._language = self._optional("language", _short("language"))
        self._duration = self._optional("duration", _whole("duration", 1, _LONGEST))
        self._reminder = self._optional("reminder_sent", _yes_no)
        self._phone = self._optional("phone", _shaped("phone", _PHONE, 40))
        self._email = self._optional("email", _shaped("email", _EMAIL, 200))

    def read(self, line: int, cells: list[str] | None) -> Record | None:
        """The record of a row; `None` if it was not booked yet.

        Raises:
            RowRejected: The row cannot be used.
        """
        if cells is None:
            raise RowRejected("quotes or line ends are misplaced")
        if len(cells) != self._layout.width:
            raise RowRejected("it has more or fewer cells than the header")
        if self._layout.of_rejects:
            cells = list(map(restored, cells))
        (
            appointment,
            patient,
            department,
            start_text,
            status_text,
            booked_text,
            age_text,
            birth_text,
            sex,
            clinician,
            duration,
            phone,
            email,
            language,
            reminder,
        ) = self._pick([*cells, ""])  # fmt: skip - the last cell is what an absent field reads

        start, day, day_text = self._start[start_text]
        status, status_before = self._status[status_text]
        booked_at = self._booked_at(booked_text, start, day) if booked_text else None
        born = self._birth_date[birth_text]
        age = _age(born, day) if born else self._age[age_text]
        record = (
            line,
            checked_text("appointment_id", appointment, 100),
            checked_text("patient_id", patient, 100),
            self._department[department],
            self._clinician[clinician],
            start,
            day_text,
            status if start <= self._now else status_before,
            booked_at,
            age,
            age_group(age),
            self._duration[duration],
            self._reminder[reminder],
            self._extra(cells) if self._layout.extras else None,
            born.isoformat() if born else None,
            self._sex[sex],
            self._language[language],
            self._phone[phone],
            self._email[email],
        )
        if booked_at is not None and booked_at > self._now:
            self.not_booked_yet += 1
            return None
        if start > self._now and status != status_before:
            self.outcome_withheld += 1
        return record

    def _start_of(self, text: str) -> tuple[int, date, str]:
        moment = self._moment("start", text)
        day = self._day_of(moment)
        return int(moment.timestamp()), day, day.isoformat()

    def _booked_at(self, text: str, start: int, day: date) -> int:
        moment = self._moment("booked_at", text.strip(" "))
        booked_at = int(moment.timestamp())
        if booked_at > start and self._day_of(moment) > day:
            raise RowRejected("booked_at is on a later day than start")
        return booked_at

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

    def _number(self, field: str, numbers: Numbers) -> Callable[[str], int]:
        def read(text: str) -> int:
            plain = unicodedata.normalize("NFC", " ".join(text.translate(_INVISIBLE).split()))
            return numbers[checked_text(field, plain if text[:1] not in FORMULA else text, 200)]

        return self._worded(field, read)

    def _optional(self, field: str, convert: Callable[[str], V]) -> "_Known[V | None]":
        worded = self._worded(field, convert)
        return _Known(lambda text: worded(text) if text else None)

    def _worded(self, field: str, convert: Callable[[str], V]) -> Callable[[str], V]:
        words = self._words.get(field)
        return convert if words is None else lambda text: convert(words.get(text, text))

    def _extra(self, cells: list[str]) -> str | None:
        cells_by_name = ((name, cells[place].strip(" ")) for name, place in self._layout.extras)
        kept = {name: cell for name, cell in cells_by_name if cell}
        for value in kept.values():
            _check_extra(value)
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else None


def checked_text(field: str, text: str, at_most: int) -> str:
    """The text, if it is safe to keep, to show and to open in a spreadsheet.

    Raises:
        RowRejected: It is empty, too long, begins like a formula or has control characters.
    """
    if text.isalnum() and len(text) <= at_most:
        return text
    text = text.strip(" ")
    if not text:
        raise RowRejected(f"{field} is empty")
    if len(text) > at_most:
        raise RowRejected(f"{field} is longer than {at_most} characters")
    if text.startswith(FORMULA):
        raise RowRejected(f"{field} begins like a formula")
    if not text.isprintable():
        raise RowRejected(f"{field} has control characters")
    return text


def _check_extra(text: str) -> None:
    if text.isalnum() and len(text) <= _EXTRA_AT_MOST:
        return
    if len(text) > _EXTRA_AT_MOST:
        raise RowRejected(f"an extra column is longer than {_EXTRA_AT_MOST:,} characters")
    if text.startswith(FORMULA) and not _NUMBER.fullmatch(text):
        raise RowRejected("an extra column begins like a formula")
    if any(unicodedata.category(sign) == "Cc" and sign not in "\n\r\t" for sign in text):
        raise RowRejected("an extra column has control characters")


def _statuses(text: str) -> tuple[str, str]:
    """The status's word once the appointment has started, and before."""
    if not text:
        raise RowRejected("status is empty")
    try:
        status = Status(text.lower())
    except ValueError:
        raise RowRejected(
            "status is none of FHIR's words, such as booked, fulfilled, noshow, cancelled"
        ) from None
    return status.value, status_known_at(status, started=False).value


def _whole(field: str, least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (_WHOLE.fullmatch(text) and least <= int(text) <= most):
            raise RowRejected(f"{field} is no whole number from {least} to {most}")
        return int(text)

    return read


def _short(field: str) -> Callable[[str], str]:
    return lambda text: checked_text(field, text, 20)


def _yes_no(text: str) -> bool:
    try:
        return _YES_NO[text.lower()]
    except KeyError:
        raise RowRejected("reminder_sent is neither yes nor no") from None


def _birth_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise RowRejected("birth_date is no ISO 8601 date") from None


def _age(born: date, day: date) -> int:
    age = age_on(day, born)
    if not 0 <= age <= OLDEST:
        raise RowRejected(f"birth_date makes an age that is not within 0–{OLDEST}")
    return age


def _shaped(field: str, shape: re.Pattern[str], at_most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > at_most or not shape.fullmatch(text):
            raise RowRejected(f"{field} does not look like one")
        return text

    return read
