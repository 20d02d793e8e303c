"""Density: where no-shows concentrate, as a table of departments × age groups."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.disclosure import Counts, Mask
from domain.monospace import fit, width
from domain.whole import Rows, Sums, Whole

UNKNOWN: Final = "unknown"
_WHOLE_FROM: Final = 10
"""Expected no-shows from which they are told without a decimal."""
HIDDEN_BECAUSE: Final = "fewer than 11 appointments, or would give one away"


class Measure(StrEnum):
    """What a cell of the table says."""

    RATE = "rate"
    COUNT = "count"
    SHARE = "share"
    EXPECTED = "expected"

    @property
    def heading(self) -> str:
        """Its name at the head of a table or picture."""
        return {
            "rate": "No-show rate",
            "count": "No-shows",
            "share": "Share of no-shows",
            "expected": "Expected no-shows",
        }[self]

    @property
    def looks_ahead(self) -> bool:
        """Whether it is about what is to come, not about known outcomes."""
        return self is Measure.EXPECTED

    @property
    def counted(self) -> str:
        """What appointments are counted."""
        return "still to come" if self.looks_ahead else "with a known outcome"

    @property
    def unit(self) -> str:
        """What one unit of it is: "%" or nothing for numbers of no-shows."""
        return "" if self in (Measure.COUNT, Measure.EXPECTED) else "%"

    @property
    def formula(self) -> str:
        """How it comes about, in words."""
        return {
            "rate": "no-shows ÷ appointments with a known outcome × 100",
            "count": "appointments to which nobody came and which nobody cancelled",
            "share": "no-shows ÷ all no-shows of the table × 100",
            "expected": "sum of the chances of the appointments still to come",
        }[self]

    def text(self, value: float) -> str:
        """A value without its unit; "–" for one that has no meaning."""
        if value != value:  # noqa: PLR0124 - not a number
            return "–"
        if self is Measure.COUNT or (self is Measure.EXPECTED and value >= _WHOLE_FROM):
            return f"{value:,.0f}"
        return f"{value:.1f}"


@dataclass(frozen=True)
class Density:
    """The table, with its margins and without any number that must stay hidden.

    The three arrays are read-only and have one more row and one more column than there are
    departments and age groups: the totals.

    Attributes:
        departments: Names of the rows, the worst no-show rate first; hidden rates last.
        age_groups: Labels of the columns.
        n: Appointments with a known outcome, or still to come; 0 where hidden.
        no_shows: No-shows among them, or those to be expected; 0 where hidden.
        hidden: Where a number is kept back (an empty cell never is).
        merged: How many departments stand together in the last row; 0 if none do.
    """

    departments: tuple[str, ...]
    age_groups: tuple[str, ...]
    n: Counts
    no_shows: Sums
    hidden: Mask
    merged: int = 0

    def __post_init__(self) -> None:
        for array in (self.n, self.no_shows, self.hidden):
            array.setflags(write=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is no such appointment at all."""
        return not (self.n.any() or self.hidden.any())

    @property
    def shows_nothing(self) -> bool:
        """Whether there are appointments, but too few to show any number."""
        return bool(self.hidden.any()) and not self.n.any()

    def values(self, measure: Measure) -> NDArray[np.float64]:
        """The measure in every cell and margin; NaN where it is hidden or has no meaning."""
        shown = self.no_shows.copy()
        shown[self.hidden] = np.nan
        if measure in (Measure.COUNT, Measure.EXPECTED):
            return np.where(self.n > 0, shown, np.nan)
        whole = self.n if measure is Measure.RATE else shown[-1, -1]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.n > 0, 100 * shown / whole, np.nan)


def density(
    frame: pd.DataFrame,
    age_groups: Sequence[str],
    departments: Collection[str] | None = None,
) -> Density:
    """The density table of `frame`.

    What is hidden is decided on all departments together. A selection shows only numbers that
    follow from those that the whole table shows, so that no two selections of one period give
    away by their difference what each of them hides.

    Args:
        frame: Columns department, age_group, attended and no_shows, of **all** departments
            in the period, whatever is selected; rows of one cell are added up. Expected
            numbers need not be whole, but both together are.
        age_groups: All labels in their order; "unknown" becomes a column only if it has any.
        departments: The selection; `None` is all.

    Raises:
        ValueError: If a row has an age group that is not in `age_groups`.
    """
    whole = Whole.of(frame, age_groups)
    if departments is None or set(whole.names) <= set(departments):
        return _without_hidden(whole.all_rows(), age_groups)
    return _without_hidden(whole.some_rows(departments), age_groups)


def _without_hidden(rows: Rows, age_groups: Sequence[str]) -> Density:
    """The rows free of what is hidden, and of the "unknown" column if nobody is in it."""
    has_unknown = UNKNOWN in age_groups and rows.n[:, list(age_groups).index(UNKNOWN)].any()
    labels = tuple(label for label in age_groups if label != UNKNOWN or has_unknown)
    keep = [*(list(age_groups).index(label) for label in labels), -1]
    hidden = rows.hidden[:, keep]
    return Density(
        departments=rows.names,
        age_groups=labels,
        n=np.where(hidden, 0, rows.n[:, keep]),
        no_shows=np.where(hidden, 0, rows.no_shows[:, keep]),
        hidden=hidden,
        merged=rows.merged,
    )


COLUMNS: Final = 34
"""Width of the text table, in monospaced columns."""
NAME: Final = 18
"""Columns of a name that shares its line with figures."""
MARK: Final = "·"
"""Stands for a hidden number."""


def text_table(table: Density, measure: Measure) -> list[str]:
    """The table as lines of at most `COLUMNS`: for when there can be no picture.

    Departments, then age groups, each under the other; then the cells that stand out.
    """
    if table.is_empty:
        return [f"No appointment {measure.counted}"]
    if table.shows_nothing:
        return [
            "Too few appointments to show:",
            "every number is under 11, or would",
            "give one away",
        ]
    return _TextTable(table, measure).lines()


class _TextTable:
    def __init__(self, table: Density, measure: Measure) -> None:
        self._table, self._measure = table, measure
        self._values = table.values(measure)

    def lines(self) -> list[str]:
        table = self._table
        lines = [self._head("Department")]
        for row, name in enumerate(table.departments):
            lines += self._entry(name, "", row, -1)
        lines += [*self._entry("all", "", -1, -1), "", self._head("Age")]
        for column, label in enumerate(table.age_groups):
            lines += self._entry("", label, -1, column)
        if highest := self._highest(5):
            lines += ["", self._head("Highest")]
        for row, column in highest:
            lines += self._entry(table.departments[row], table.age_groups[column], row, column)
        if table.hidden.any():
            lines += ["", f"{MARK} hidden: under 11 appointments,", "  or would give one away"]
        return lines

    def _head(self, title: str) -> str:
        unit = f"{self._measure.value} {self._measure.unit}".rstrip()
        return f"{fit(title, NAME)}{unit:>8}{'n':>8}"

    def _entry(self, name: str, age: str, row: int, column: int) -> list[str]:
        """A line, or two if the name is too long to share one with its figures."""
        value = number = MARK
        if not self._table.hidden[row, column]:
            value = self._measure.text(self._values[row, column])
            number = f"{self._table.n[row, column]:,}"
        figures = f"{value:>8}{number:>8}"
        room = NAME - width(age) - bool(age and name)
        if width(name) > room:
            return [fit(name, COLUMNS), f"  {fit(age, NAME - 2)}{figures}"]
        gap = " " if age and name else ""
        return [f"{fit(name, width(name))}{gap}{fit(age, NAME - width(name + gap))}{figures}"]

    def _highest(self, most: int) -> list[tuple[int, int]]:
        """The cells (row, column) with the largest values, those of merged rows left out."""
        inner = self._values[: len(self._table.departments) - bool(self._table.merged), :-1]
        order = np.argsort(-np.nan_to_num(inner), axis=None, kind="stable")[:most].tolist()
        cells = [divmod(place, inner.shape[1]) for place in order]
        return [cell for cell in cells if inner[cell] > 0]
