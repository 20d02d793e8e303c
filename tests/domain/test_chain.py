"""The chain: as it was written nothing is wrong with it, and otherwise the first row is named."""

import hashlib
import json
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.chain import BEFORE_THE_FIRST, Entry, Head, first_problem, link

keys = st.none() | st.integers(1, 2**62)
entries = st.builds(
    Entry, st.integers(-(2**31), 2**33), st.text(max_size=10), keys, keys, keys, st.text()
)
Rows = list[tuple[Head, Entry]]

THREE = [Entry(1_795_000_000 + number, "authorize", 7, number) for number in range(3)]


def chained(told: list[Entry]) -> Rows:
    heads = list(accumulate(told, link, initial=BEFORE_THE_FIRST))[1:]
    return list(zip(heads, told, strict=True))


def end(rows: Rows) -> Head:
    return rows[-1][0] if rows else BEFORE_THE_FIRST


@given(st.lists(entries, max_size=8))
def test_a_chain_as_it_was_written_has_no_problem(told: list[Entry]) -> None:
    rows = chained(told)
    assert first_problem(rows, end(rows)) is None
    for head, _ in rows:
        assert first_problem(rows, end(rows), head) is None


@given(st.lists(entries, min_size=1, max_size=8), st.data())
def test_any_other_chain_with_the_same_end_is_found(told: list[Entry], data: st.DataObject) -> None:
    rows = chained(told)
    place = data.draw(st.integers(0, len(rows) - 1))
    other = data.draw(entries.filter(lambda entry: entry != told[place]))
    claimed = data.draw(st.sampled_from([rows[place][0], link(BEFORE_THE_FIRST, other)]))
    changed = [*rows[:place], (Head(place + 1, claimed.hash), other), *rows[place + 1 :]]
    problem = first_problem(changed, end(rows))
    assert problem is not None
    assert problem.id in {place + 1, place + 2}


def test_a_hash_can_be_computed_by_any_other_program() -> None:
    entry = Entry(1_795_000_000, "authorize", 7, None, 3, '{"kind": "שיחה"}')
    text = (
        '{"appointment_id":null,"at":1795000000,"department_id":3,'
        '"detail":"{\\"kind\\": \\"\\u05e9\\u05d9\\u05d7\\u05d4\\"}","event":"authorize",'
        '"id":5,"member_id":7}'
    )
    assert json.loads(text)["detail"] == entry.detail
    assert link(Head(4, "abc"), entry) == Head(
        5, hashlib.sha256(b"abc" + text.encode()).hexdigest()
    )


ROWS = chained(THREE)
END = end(ROWS)
LATER = (link(END, THREE[0]), THREE[0])


@pytest.mark.parametrize(
    ("rows", "head", "said"),
    [
        (ROWS[1:], END, "row 1 is missing"),
        ([ROWS[0], ROWS[2]], END, "row 2 is missing"),
        (ROWS[:2], END, "row 3 is missing"),
        ([], END, "row 1 is missing"),
        ([(Head(0, "x"), THREE[0]), *ROWS], END, "row 0 was put in: the first row is row 1"),
        ([*ROWS, LATER], END, "row 4 was put in: the chain ends with row 3"),
        (
            [(ROWS[0][0], THREE[1]), (ROWS[1][0], THREE[0]), ROWS[2]],
            END,
            "row 1 was changed, or does not follow the row before it",
        ),
        (ROWS, Head(3, "0" * 64), "row 3 is not the one that the chain ended with"),
        (ROWS, None, "row 3 may not be the last: where the chain ends is not known any more"),
    ],
)
def test_the_first_wrong_row_is_named(rows: Rows, head: Head | None, said: str) -> None:
    assert str(first_problem(rows, head)) == said


def test_a_chain_written_anew_is_found_by_a_head_that_was_noted() -> None:
    anew = chained([THREE[0], THREE[2], THREE[2]])
    assert first_problem(anew, end(anew)) is None
    said = "row 3 is not the one that was noted: the chain was written anew"
    assert str(first_problem(anew, end(anew), END)) == said
    shorter = ROWS[:2]
    assert first_problem(shorter, end(shorter)) is None
    assert str(first_problem(shorter, end(shorter), END)) == "row 3 is missing: row 3 was noted"
