"""Pages of a list, and the buttons that turn them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from handlers import words
from handlers.screens import Buttons, button

T = TypeVar("T")


@dataclass(frozen=True)
class Pages:
    """Where one is in a list.

    Attributes:
        page: Counted from 0.
        total: How many the whole list has.
        size: How many a page holds.
    """

    page: int
    total: int
    size: int

    @property
    def last(self) -> int:
        """The last page, counted from 0."""
        return max(0, (self.total - 1) // self.size)

    @property
    def first(self) -> int:
        """The place of its first row in the whole list, counted from 1."""
        return self.page * self.size + 1

    @property
    def shown(self) -> str:
        """`1–8 shown`."""
        last = min(self.total, self.first + self.size - 1)
        return f"{words.number(self.first)}–{words.number(last)} shown"

    @property
    def part(self) -> str:
        """`, 1–8 shown`, to stand after a count; nothing where one page shows all."""
        return f", {self.shown}" if self.last else ""

    def cut(self, rows: Sequence[T]) -> Sequence[T]:
        """The rows of this page out of all rows."""
        return rows[self.page * self.size : (self.page + 1) * self.size]


def pager(pages: Pages, address: Callable[[int], str]) -> Buttons:
    """`‹ Back`, `2 / 51`, `Next ›`, as far as there is something to turn to.

    The number in the middle turns to the first page, or from there to the last.
    """
    if pages.last == 0:
        return []
    row = []
    if pages.page > 0:
        row.append(button("‹ Back", address(pages.page - 1)))
    middle = f"{words.number(pages.page + 1)} / {words.number(pages.last + 1)}"
    row.append(button(middle, address(0 if pages.page else pages.last)))
    if pages.page < pages.last:
        row.append(button("Next ›", address(pages.page + 1)))
    return [row]
