"""All departments of a period together: counted, ranked, and what of them may be shown."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from domain.disclosure import Counts, Mask, hide, table_lines

MOST_ROWS: Final = 15
"""Departments shown one by one; the rest stand together in one row."""


Sums = NDArray[np.float64]


class Rows(NamedTuple):
    """Rows to show, with a column and a last row of totals; hidden numbers still in them."""

    names: tuple[str, ...]
    n: Counts
    no_shows: Sums
    hidden: Mask
    merged: int
    """Departments that the last row before the totals sums up; 0 if it is one like the others."""


@dataclass(frozen=True)
class Whole:
    """All departments of a period, counted, and what of them may be shown.

    Attributes:
        names: Departments by name.
        labels: Age groups.
        n: Appointments, with a row and a column of totals.
        no_shows: No-shows, in the same shape; expected ones are not whole.
        hidden: What is not shown of either.
        rank: Departments (positions), the worst first.
        sums_hidden: What is not shown of the row that sums up all after the first
            `MOST_ROWS` in `rank`; empty if there are no more.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    n: Counts
    no_shows: Sums
    hidden: Mask
    rank: NDArray[np.intp]
    sums_hidden: Mask

    @classmethod
    def of(cls, frame: pd.DataFrame, age_groups: Sequence[str]) -> "Whole":
        """Count `frame` (see `domain.density.density`) and decide what is hidden."""
        names, labels, n, no_shows = _counted(frame, age_groups)
        shape = n.shape
        lines = table_lines(len(names), len(labels))
        hidden = hide(n.ravel(), lines).reshape(shape)
        rank = _worst_first(names, n[:-1], no_shows[:-1], hidden[:-1])
        rest = rank[MOST_ROWS:].tolist()
        if rest:
            lines = table_lines(len(names), len(labels), merged=rest)
            cells = np.vstack([n, n[rest].sum(axis=0)])
            start = np.vstack([hidden, np.zeros(shape[1], dtype=np.bool_)])
            hidden = hide(cells.ravel(), lines, start.ravel()).reshape(cells.shape)
        return cls(names, labels, n, no_shows, hidden[: shape[0]], rank, hidden[shape[0] :])

    def all_rows(self) -> Rows:
        """All departments, the worst one by one."""
        first, rest = self.rank[:MOST_ROWS], self.rank[MOST_ROWS:]
        rows = [*first, -1]
        n, no_shows, hidden = self.n[rows], self.no_shows[rows], self.hidden[rows]
        if rest.size:
            n = np.insert(n, -1, self.n[rest].sum(axis=0), axis=0)
            no_shows = np.insert(no_shows, -1, self.no_shows[rest].sum(axis=0), axis=0)
            hidden = np.insert(hidden, -1, self.sums_hidden, axis=0)
        return Rows(self._row_names(first, rest), n, no_shows, hidden, rest.size)

    def some_rows(self, departments: Collection[str]) -> Rows:
        """The departments of these names. A sum of them is shown only if all its members are."""
        ranked = self.rank[[self.names[row] in departments for row in self.rank]]
        first, rest = ranked[:MOST_ROWS], ranked[MOST_ROWS:]
        groups = [[row] for row in first.tolist()]
        groups += [rest.tolist()] if rest.size else []
        groups.append(ranked.tolist())
        n = np.array([self.n[group].sum(axis=0) for group in groups])
        no_shows = np.array([self.no_shows[group].sum(axis=0) for group in groups])
        hidden = np.array([self.hidden[group].any(axis=0) for group in groups])
        return Rows(self._row_names(first, rest), n, no_shows, hidden, rest.size)

    def _row_names(self, first: NDArray[np.intp], rest: NDArray[np.intp]) -> tuple[str, ...]:
        names = tuple(self.names[row] for row in first)
        return (*names, f"others ({rest.size})") if rest.size else names


def _counted(
    frame: pd.DataFrame, age_groups: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], Counts, Sums]:
    """Names, labels, appointments and no-shows, the last two with their totals."""
    strangers = set(frame["age_group"].unique()) - set(age_groups)
    if strangers:
        raise ValueError(f"there is no age group {min(map(str, strangers))}")
    row, names = pd.factorize(frame["department"].astype(str).to_numpy(object), sort=True)
    place = {label: column for column, label in enumerate(age_groups)}
    column = frame["age_group"].map(place).to_numpy(np.intp)
    attended = np.zeros((len(names) + 1, len(age_groups) + 1))
    no_shows = np.zeros_like(attended)
    for name, counts in (("attended", attended), ("no_shows", no_shows)):
        np.add.at(counts, (row, column), frame[name].to_numpy(np.float64))
        counts[:, -1] = counts.sum(axis=1)
        counts[-1] = counts.sum(axis=0)
    n = np.rint(attended + no_shows).astype(np.int64)
    return tuple(map(str, names)), tuple(age_groups), n, no_shows


def _worst_first(
    names: tuple[str, ...], n: Counts, no_shows: Sums, hidden: Mask
) -> NDArray[np.intp]:
    """Rows by rate, ties by name; then those with too little to show, by name.

    A department must show its total and at least one age group to be among the worst.
    """
    shown = (n > 0) & ~hidden
    ranked = shown[:, -1] & shown[:, :-1].any(axis=1)
    rates = np.where(ranked, no_shows[:, -1] / np.maximum(n[:, -1], 1), -1.0)
    order = sorted(range(len(names)), key=lambda row: (-rates[row], names[row]))
    return np.array(order, dtype=np.intp)
