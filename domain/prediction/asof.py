"""Counts as of a moment: how much of a group had happened before it."""

from typing import Any

import numpy as np
import numpy.typing as npt

from domain.prediction.visits import Floats, Ints


class AsOf:
    """Rows of groups in the order of time: one sort, and then two binary searches an answer.

    Args:
        group: Which group each row belongs to.
        when: A whole number that grows with time.
        order: What orders rows of the same time.
    """

    def __init__(self, group: Ints, when: Ints, order: Ints | None = None) -> None:
        self._low = int(when.min()) - 1 if len(when) else 0
        self._span = (int(when.max()) - self._low if len(when) else 0) + 2
        # Places of groups, not groups: a product with seconds must not leave 64 bits.
        self._groups, place = np.unique(group, return_inverse=True)
        key = place * self._span + (when - self._low)
        self.order = np.argsort(key, kind="stable") if order is None else np.lexsort((order, key))
        self._key = key[self.order]

    def between(
        self, group: Ints, since: Ints | None, before: Ints
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Where each group's rows of `since ≤ time < before` begin and end (`None`: ever)."""
        place = np.searchsorted(self._groups, group)
        is_there = np.append(self._groups, 0)[place] == group
        is_there &= place < len(self._groups)
        first = place * self._span  # of a group that has no rows the end is here as well
        return self._at(first, since, is_there), self._at(first, before, is_there)

    def running(self, values: npt.NDArray[Any]) -> Floats:
        """Sums of the first 0, 1, 2 … rows, so that a difference is the sum of a stretch."""
        return np.concatenate(([0.0], np.cumsum(values[self.order], dtype=np.float64)))

    def _at(
        self, first: Ints, moment: Ints | None, is_there: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.intp]:
        if moment is None:
            return np.searchsorted(self._key, first)
        offset = np.clip(moment - self._low, 0, self._span - 1)
        return np.searchsorted(self._key, first + offset * is_there)


class Sums:
    """Sums of some values over stretches of a group's time.

    Args:
        index: The rows.
        values: Of each row.
    """

    def __init__(self, index: AsOf, *values: npt.NDArray[Any]) -> None:
        self._index = index
        self._totals = [index.running(value) for value in values]

    def between(self, group: Ints, since: Ints | None, before: Ints) -> tuple[Floats, ...]:
        """The sum of each value over the rows of `since ≤ time < before` (`None`: ever)."""
        low, high = self._index.between(group, since, before)
        return tuple(total[high] - total[low] for total in self._totals)


def runs(group: Ints, hit: npt.NDArray[np.bool_]) -> Ints:
    """How many hits in a row end at each row, within groups that lie together."""
    index = np.arange(len(hit))
    first = np.concatenate(([True], group[1:] != group[:-1]))[: len(hit)]
    stop = np.where(~hit, index, np.where(first, index - 1, -1))
    return index - np.maximum.accumulate(stop) if len(hit) else index
