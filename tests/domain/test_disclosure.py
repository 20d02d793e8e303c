"""Hidden cells stay hidden: checked by linear algebra and by counter-examples."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.disclosure import LARGEST_SMALL, Counts, Mask, hide, table_lines

Equations = NDArray[np.float64]


def with_totals(inner: Counts) -> Counts:
    table = np.pad(inner, ((0, 1), (0, 1)))
    table[:, -1] = table.sum(axis=1)
    table[-1] = table.sum(axis=0)
    return table


def hidden_in(inner: list[list[int]]) -> Mask:
    table = with_totals(np.array(inner, dtype=np.int64))
    lines = table_lines(len(inner), len(inner[0]))
    return hide(table.ravel(), lines).reshape(table.shape)


def equations(rows: int, columns: int, merged: tuple[int, ...] = ()) -> Equations:
    """Everything a reader knows of how the cells add up, written down afresh."""
    height = rows + 1 + bool(merged)
    found = []

    def equation(parts: list[tuple[int, int]], total: tuple[int, int]) -> None:
        one = np.zeros((height, columns + 1))
        for part in parts:
            one[part] = 1
        one[total] = -1
        found.append(one.ravel())

    for row in range(rows + 1):
        equation([(row, column) for column in range(columns)], (row, columns))
    for column in range(columns + 1):
        rest = [(row, column) for row in merged]
        single = [(row, column) for row in range(rows) if row not in merged]
        if merged:
            equation(rest, (rows + 1, column))
            single.append((rows + 1, column))
        equation(single, (rows, column))
    return np.array(found)


def sums_row(rows: int, columns: int) -> NDArray[np.float64]:
    """The row of merged rows adds up as well, which follows from the others."""
    one = np.zeros((rows + 2, columns + 1))
    one[-1] = 1
    one[-1, -1] = -1
    return one.ravel()


def fixed_by_algebra(known: Equations, hidden: Mask) -> Mask:
    """Hidden cells that have the same value in every real solution of the equations."""
    columns = known[:, hidden]
    _, sizes, basis = np.linalg.svd(columns, full_matrices=True)
    null_space = basis[int((sizes > 1e-9).sum()) :]
    result = np.zeros(hidden.shape, dtype=np.bool_)
    result[hidden] = np.abs(null_space).max(axis=0, initial=0) < 1e-9
    return result


def another_table(known: Equations, counts: Counts, hidden: Mask, cell: int) -> Counts | None:
    """A table with another count in `cell` that looks the same to a reader, if there is one."""
    for change in (1, -1):
        if counts[cell] + change < 1:
            continue
        start, goal = np.flatnonzero(known[:, cell])
        first, last = (known[place, cell] * change for place in (start, goal))
        came: dict[tuple[int, float], tuple[tuple[int, float] | None, int, int]] = {
            (int(start), float(first)): (None, cell, change)
        }
        queue = deque(came)
        while queue:
            state = queue.popleft()
            place, excess = state
            if place == goal and excess + last == 0:
                return changed(counts, came, state)
            for other in np.flatnonzero((known[place] != 0) & hidden):
                step = int(-excess / known[place, other])
                (onward,) = (p for p in np.flatnonzero(known[:, other]) if p != place)
                then = (int(onward), float(known[onward, other] * step))
                if other != cell and counts[other] + step >= 1 and then not in came:
                    came[then] = (state, int(other), step)
                    queue.append(then)
    return None


def changed(
    counts: Counts,
    came: dict[tuple[int, float], tuple[tuple[int, float] | None, int, int]],
    state: tuple[int, float] | None,
) -> Counts:
    other = counts.copy()
    while state is not None:
        state, cell, step = came[state]
        other[cell] += step
    return other


tables = st.tuples(
    st.integers(1, 12), st.integers(1, 9), st.sampled_from([3, 12, 30, 400]), st.floats(0, 0.9)
).flatmap(
    lambda shape: st.integers(0, 2**32).map(
        lambda seed: (
            np.random.default_rng(seed).integers(0, shape[2], shape[:2])
            * (np.random.default_rng(seed + 1).random(shape[:2]) >= shape[3])
        )
    )
)


@given(tables, st.integers(0, 11))
@settings(max_examples=120, deadline=None)
def test_no_hidden_cell_can_be_worked_out(inner: Counts, merge: int) -> None:
    rows = len(inner)
    assert_safe(inner, tuple(range(rows))[rows - merge :] if 0 < merge < rows else ())


def assert_safe(inner: Counts, merged: tuple[int, ...] = ()) -> None:
    """Whatever `hide` hides cannot be had from what it leaves."""
    rows, columns = inner.shape
    table = with_totals(inner)
    if merged:
        table = np.vstack([table, table[list(merged)].sum(axis=0)])
    counts = table.ravel()
    lines = table_lines(rows, columns, merged)
    hidden = hide(counts, lines)
    known = equations(rows, columns, merged)
    assert not (known @ counts).any()

    assert not (hidden & (counts == 0)).any(), "an empty cell needs no hiding"
    assert hidden[(counts > 0) & (counts <= LARGEST_SMALL)].all()
    if not hidden.any():
        return
    assert not fixed_by_algebra(known, hidden).any()
    for cell in np.flatnonzero(hidden):
        other = another_table(known, counts, hidden, int(cell))
        assert other is not None, "a reader who knows that hidden cells are not empty finds it"
        assert other[cell] != counts[cell]
        assert not (known @ other).any()
        assert (other[~hidden] == counts[~hidden]).all()
        assert (other[hidden] >= 1).all()

    for equation in [*known, sums_row(rows, columns)] if merged else known:
        for sign in (1, -1):
            mine, theirs = hidden & (equation == sign), hidden & (equation == -sign)
            if mine.any() and not theirs.any():
                assert counts[mine].sum() > LARGEST_SMALL, "subtraction gives a small sum"


@given(tables)
@settings(max_examples=50, deadline=None)
def test_what_is_hidden_already_stays_hidden(inner: Counts) -> None:
    table = with_totals(inner)
    lines = table_lines(*inner.shape)
    before = np.random.default_rng(inner.size).random(table.size) < 0.2
    hidden = hide(table.ravel(), lines, before)
    assert hidden[before & (table.ravel() > 0)].all()


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert not hidden_in([[11, 20, 0], [300, 40, 12]]).any()


def test_one_small_cell_takes_three_others_with_it() -> None:
    hidden = hidden_in([[5, 100, 200], [100, 300, 90], [80, 500, 600]])
    assert hidden.sum() == 4
    assert hidden[0, 0]
    assert not hidden[-1].any()
    assert not hidden[:, -1].any()


def test_knowing_that_hidden_cells_are_not_empty_does_not_help() -> None:
    # A ring of six hidden cells. As real numbers they are free; as counts of at least 1 the two
    # ones across from each other let none of them move.
    table = with_totals(np.array([[1, 20, 100], [100, 20, 1], [20, 100, 20]]))
    ring = (table > 0) & (table <= 20)
    counts, known = table.ravel(), equations(3, 3)
    assert not fixed_by_algebra(known, ring.ravel()).any()
    assert another_table(known, counts, ring.ravel(), 0) is None
    hidden = hide(counts, table_lines(3, 3), ring.ravel())
    for cell in np.flatnonzero(hidden):
        assert another_table(known, counts, hidden, int(cell)) is not None


def test_small_sums_of_merged_rows_do_not_leave_a_small_rest() -> None:
    assert_safe(np.array([[50, 60, 70], [80, 90, 95], [1, 2, 100], [2, 2, 90]]), merged=(2, 3))


@pytest.mark.parametrize(
    "inner",
    [[[7]], [[1, 2, 3]], [[1], [2], [3]], [[3, 0], [0, 4]], [[0, 0], [0, 9]]],
    ids=["one cell", "one row", "one column", "diagonal", "one of many"],
)
def test_where_all_is_small_all_is_hidden(inner: list[list[int]]) -> None:
    table = with_totals(np.array(inner))
    assert (hidden_in(inner) == (table > 0)).all()


def test_a_single_row_has_nothing_to_hide_behind() -> None:
    hidden = hidden_in([[5, 100, 200]])
    assert hidden[0].tolist() == [True, True, False, False]
    assert hidden[1].tolist() == [True, True, False, False]


def test_a_table_without_rows_or_appointments_hides_nothing() -> None:
    assert not hide(np.zeros(10, dtype=np.int64), table_lines(0, 9)).any()
    assert not hidden_in([[0, 0], [0, 0]]).any()
