"""Small cells: which numbers of a table with totals must not be shown.

A count of 1–10 can point at a person, so it is hidden, and with it whatever would give it
away by subtraction. Every row and every column of a table *with its margins* is a line: its
parts add up to its total. So each cell stands in exactly two lines, as a part of one side and
a total of the other, and the table is a network: lines are its nodes, cells its arcs, and in
every node what flows in flows out.

A reader who sees all but the hidden cells, and knows that a hidden cell holds at least 1 (an
empty one is shown), can work one out exactly if and only if no unit of flow can circulate
through it over other hidden cells (D. Gusfield, "A graph theoretic approach to statistical
data security", SIAM J. Comput. 17 (1988) 552–571; without the lower bound: if and only if it
is a bridge). So for every hidden cell the cheapest way to close such a circle is hidden too.
A sum that can be had by subtraction from one line must not be small either.

What this does not prevent: comparing one period with another that is a day longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LARGEST_SMALL: Final = 10
"""Counts from 1 up to this are small."""

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
Cells = NDArray[np.intp]


@dataclass(frozen=True)
class Lines:
    """How the cells of a table with margins add up; cells are numbered in flat order.

    Attributes:
        sources: For each cell, the line (node) that it flows out of.
        targets: For each cell, the line that it flows into.
        sums: Every sum a reader can form: the cells of its parts, then those of its total.
    """

    sources: Cells
    targets: Cells
    sums: tuple[tuple[Cells, Cells], ...]


def table_lines(rows: int, columns: int, merged: Sequence[int] = ()) -> Lines:
    """The lines of a table of `rows` × `columns` with its totals.

    The cells are those of a matrix with one more column (row totals) and one more row (column
    totals). With `merged` rows, one further row stands at the end: their sums.
    """
    height, width = rows + 1, columns + 1
    cell = np.arange((height + bool(merged)) * width).reshape(-1, width)
    row_line = np.arange(height)[:, None] + np.zeros(width, dtype=np.intp)
    column_line = height + np.arange(width) + np.zeros((height, 1), dtype=np.intp)
    if merged:
        column_line[list(merged)] += width
        # A merged row's cells add up to its sums, which then stand in the table for them.
        row_line = np.vstack([row_line, column_line[merged[0]]])
        column_line = np.vstack([column_line, column_line[rows]])
    # Parts flow from rows into columns, totals back; the grand total is a total twice over.
    backwards = np.zeros(cell.shape, dtype=np.bool_)
    backwards[:height, columns] ^= True
    backwards[rows] ^= True
    backwards[height:, columns] ^= True
    sources = np.where(backwards, column_line, row_line).ravel()
    targets = np.where(backwards, row_line, column_line).ravel()
    lines = range(height + width * (2 if merged else 1))
    sums = [(np.flatnonzero(targets == line), np.flatnonzero(sources == line)) for line in lines]
    if merged:  # follows from the others, but a reader forms it all the same
        sums.append((cell[height, :columns], cell[height, columns:]))
    return Lines(sources, targets, tuple(sums))


def hide(counts: Counts, lines: Lines, hidden: Mask | None = None) -> Mask:
    """The cells that must not be shown: the small ones and those that would give them away.

    Args:
        counts: The cells' counts, flat, in the order of `lines`, none negative.
        lines: How the cells add up.
        hidden: Cells that are hidden already; they stay so.
    """
    mask: Mask = (counts > 0) & (counts <= LARGEST_SMALL)
    if hidden is not None:
        mask |= hidden & (counts > 0)
    network = _Network(counts, lines, mask)
    network.close_circles()
    network.enlarge_sums()
    network.close_circles()
    return mask


class _Network:
    """The table as a network, in which cells are hidden one by one (in `mask`, in place)."""

    def __init__(self, counts: Counts, lines: Lines, mask: Mask) -> None:
        self._counts, self._lines, self._mask = counts, lines, mask
        size = int(lines.targets.max()) + 1
        self._cell_between = np.full((size, size), -1, dtype=np.intp)
        """The cell that leads from one line to another; no two cells join the same lines."""
        self._price = np.full((size, size), np.inf)
        """What a step from line to line costs: the appointments it would hide anew."""
        self._set_price(np.flatnonzero(counts), counts[counts > 0])
        self._set_price(np.flatnonzero(mask), 0)

    def _set_price(self, cells: Cells, price: Counts | int) -> None:
        """A count can go up (along its cell) always, down only from 2, as it is at least 1."""
        sources, targets = self._lines.sources[cells], self._lines.targets[cells]
        for start, end in ((sources, targets), (targets, sources)):
            self._cell_between[start, end] = cells
            self._price[start, end] = price
        ones = self._counts[cells] == 1
        self._price[targets[ones], sources[ones]] = np.inf

    def close_circles(self) -> None:
        """Let every hidden cell be one that could be larger, as far as a reader can tell."""
        for cell in np.flatnonzero(self._mask & ~self._in_short_circles()).tolist():
            self._hide(self._cheapest_way_back(cell))

    def enlarge_sums(self) -> None:
        """Let no sum of hidden cells that a line gives by subtraction be small."""
        for parts, total in self._lines.sums:
            for known, other in ((parts, total), (total, parts)):
                left = int(self._counts[known[self._mask[known]]].sum())
                if 0 < left <= LARGEST_SMALL and not self._mask[other].any():
                    self._hide([self._smallest_shown(np.concatenate([parts, total]))])

    def _hide(self, cells: list[int]) -> None:
        self._mask[cells] = True
        self._set_price(np.array(cells, dtype=np.intp), 0)

    def _smallest_shown(self, cells: Cells) -> int:
        shown = cells[~self._mask[cells] & (self._counts[cells] > 0)]
        return int(shown[np.argmin(self._counts[shown])])

    def _in_short_circles(self) -> Mask:
        """Cells that go round in a circle of four hidden ones: the usual case, all at once."""
        sources, targets = self._lines.sources, self._lines.targets
        free = (self._price == 0).astype(np.float32)
        ways = (free @ free @ free)[targets, sources]
        # Three steps back over the cell itself and to and fro on a neighbour are no circle.
        to_and_fro = (free * free.T).sum(axis=1)
        idle = free[targets, sources] * (to_and_fro[sources] + to_and_fro[targets] - 1)
        found: Mask = self._mask & (ways > idle)
        return found

    def _cheapest_way_back(self, cell: int) -> list[int]:
        """The cells of the way from a cell's end to its start that costs the fewest appointments.

        There always is one: over the totals of its row, of its column and of the table.
        """
        start, goal = int(self._lines.targets[cell]), int(self._lines.sources[cell])
        price = self._price.copy()
        price[start, goal] = np.inf  # the cell itself is no way
        cost = np.full(len(price), np.inf)
        cost[start] = 0
        came_from = np.full(len(price), -1, dtype=np.intp)
        better = cost == 0
        while better.any():
            through = cost[better, None] + price[better]
            best = through.argmin(axis=0)
            origin, reached = np.flatnonzero(better)[best], through.min(axis=0)
            better = reached < cost
            cost[better], came_from[better] = reached[better], origin[better]
        way, line = [], goal
        while line != start:
            before = int(came_from[line])
            way.append(int(self._cell_between[before, line]))
            line = before
        return way
