"""Turn one cell of a file into a value, or say why it cannot be used."""

import re
from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar

from storage.feeds.rejects import FORMULA
from storage.feeds.report import ImportRefused, RowRejected

V = TypeVar("V")

_WHOLE: Final = re.compile(r"-?[0-9]{1,6}")
_PHONE: Final = re.compile(r"\+?\d[\d ()./-]{2,38}")
_EMAIL: Final = re.compile(r"[^\W_][^\s@,;\"'<>()]*@[^\s@,;\"'<>()]+\.[^\W\d_]{2,}")
_YES_NO: Final = {
    "1": True, "true": True, "yes": True, "y": True,
    "0": False, "false": False, "no": False, "n": False,
}  # fmt: skip


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


class Known(dict[str, V]):
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


def short(field: str, at_most: int = 20) -> Callable[[str], str]:
    """Reads a text of a few characters."""
    return lambda text: checked_text(field, text, at_most)


def whole(field: str, least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number within bounds."""

    def read(text: str) -> int:
        if not (_WHOLE.fullmatch(text) and least <= int(text) <= most):
            raise RowRejected(f"{field} is no whole number from {least} to {most}")
        return int(text)

    return read


def yes_no(field: str) -> Callable[[str], bool]:
    """Reads `yes`, `true`, `1` and their opposites."""

    def read(text: str) -> bool:
        try:
            return _YES_NO[text.lower()]
        except KeyError:
            raise RowRejected(f"{field} is neither yes nor no") from None

    return read


def day(field: str) -> Callable[[str], date]:
    """Reads an ISO 8601 date."""

    def read(text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise RowRejected(f"{field} is no ISO 8601 date") from None

    return read


def phone(text: str) -> str:
    """A phone number as one writes it."""
    return _shaped("phone", text, _PHONE, 40)


def email(text: str) -> str:
    """An e-mail address."""
    return _shaped("email", text, _EMAIL, 200)


def _shaped(field: str, text: str, shape: re.Pattern[str], at_most: int) -> str:
    if len(text) > at_most or not shape.fullmatch(text):
        raise RowRejected(f"{field} does not look like one")
    return text
