"""Results, and the one table that they are printed as."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """What a value should be: at most (or at least) `limit`."""

    limit: float
    at_least: bool = False

    def is_met_by(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Attributes:
        work: What was done.
        where: On which database, or against what.
        target: What it should be; `None` where the line only informs.
        digits: Decimals that are told; `None` for three digits that count.
    """

    work: str
    where: str
    value: float
    unit: str
    target: Target | None = None
    digits: int | None = None

    def cells(self) -> tuple[str, ...]:
        aim, met = "", ""
        if self.target:
            sign = "≥" if self.target.at_least else "≤"
            aim = f"{sign} {self._told(self.target.limit)}"
            met = "met" if self.target.is_met_by(self.value) else "**missed**"
        return self.work, self.where, self._told(self.value), aim, met

    def _told(self, value: float) -> str:
        number = _short(value) if self.digits is None else f"{value:.{self.digits}f}"
        return f"{number} {self.unit}".rstrip()


def at_most(limit: float) -> Target:
    return Target(limit)


def at_least(limit: float) -> Target:
    return Target(limit, at_least=True)


def short(number: int) -> str:
    """`1M`, `250k`, `12`."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= 0.9995 * size:
            return f"{number / size:.3g}{letter}"
    return str(number)


def table(results: Iterable[Result]) -> str:
    """The results as a Markdown table that is also read easily as it stands."""
    rows = [("work", "where", "measured", "target", ""), *(found.cells() for found in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    rule = "|".join("-" * (width + 2) for width in widths)
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _short(value: float) -> str:
    """Three digits that count, large numbers in full."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 and value != round(value) else f"{value:.3g}"
