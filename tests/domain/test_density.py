"""The density table: what it holds, its order, and that views of it never add up to more."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from domain.ages import AGE_GROUPS
from domain.density import COLUMNS, MARK, Density, Measure, density, text_table
from domain.disclosure import LARGEST_SMALL
from domain.monospace import fit, width

Cell = tuple[str, str, int, int]


def frame(cells: list[Cell]) -> pd.DataFrame:
    return pd.DataFrame(cells, columns=["department", "age_group", "attended", "no_shows"])


def test_expected_no_shows_need_not_be_whole_and_are_hidden_like_counts() -> None:
    rows = pd.DataFrame(
        [("A", "0–17", 88.25, 11.75), ("A", "80+", 98.5, 1.5), ("B", "0–17", 3.5, 0.5)],
        columns=["department", "age_group", "attended", "no_shows"],
    )
    table = density(rows, AGE_GROUPS)
    assert table.n[0, :].tolist() == [0, 0, 0, 0, 0, 0, 0, 100, 0]
    values = table.values(Measure.EXPECTED)
    assert Measure.EXPECTED.text(values[0, -2]) == "1.5"
    assert Measure.EXPECTED.text(11.75) == "12"
    assert np.isnan(values[1, 0])
    assert text_table(table, Measure.EXPECTED)[0] == "Department        expected       n"


def plain_table(departments: int, n: int = 200) -> pd.DataFrame:
    """Departments "D00", "D01", …, each worse than the one before."""
    return frame(
        [
            (f"D{row:02}", age, n - row - 1, row + 1)
            for row in range(departments)
            for age in AGE_GROUPS[:-1]
        ]
    )


def random_table(seed: int, departments: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    n = random.poisson(random.gamma(0.6, 60, (departments, len(AGE_GROUPS))))
    no_shows = random.binomial(n, 0.1)
    return frame(
        [
            (f"D{row:02}", age, int(n[row, j] - no_shows[row, j]), int(no_shows[row, j]))
            for row in range(departments)
            for j, age in enumerate(AGE_GROUPS)
        ]
    )


def test_it_counts_rates_and_shares_with_their_totals() -> None:
    table = density(
        frame([("A", "0–17", 90, 10), ("A", "80+", 60, 40), ("B", "0–17", 200, 0)]), AGE_GROUPS
    )
    assert table.departments == ("A", "B")
    assert table.age_groups == AGE_GROUPS[:-1]
    assert (table.n[0, 0], table.n[0, -1], table.n[-1, 0], table.n[-1, -1]) == (100, 200, 300, 400)
    assert table.values(Measure.RATE)[0].tolist()[0] == 10
    assert table.values(Measure.RATE)[-1, -1] == 12.5
    assert table.values(Measure.COUNT)[0, -1] == 50
    assert table.values(Measure.SHARE)[0, -2] == 80
    assert table.values(Measure.SHARE)[-1, -1] == 100
    assert np.isnan(table.values(Measure.RATE)[1, -2])
    assert not table.hidden.any()


def test_rows_of_one_cell_are_added_up() -> None:
    table = density(frame([("A", "80+", 20, 1), ("A", "80+", 30, 2)]), AGE_GROUPS)
    assert (table.n[0, -1], table.no_shows[0, -1]) == (53, 3)


def test_the_worst_department_stands_first_and_ties_go_by_name() -> None:
    table = density(
        frame([("Z", "80+", 90, 10), ("B", "80+", 80, 20), ("A", "80+", 90, 10)]), AGE_GROUPS
    )
    assert table.departments == ("B", "A", "Z")


def test_more_than_fifteen_departments_leave_the_others_in_one_row() -> None:
    table = density(plain_table(40), AGE_GROUPS)
    assert table.departments == (*(f"D{row:02}" for row in range(39, 24, -1)), "others (25)")
    assert table.merged == 25
    assert table.n[15, 0] == 25 * 200
    assert table.no_shows[15, 0] == sum(range(1, 26))
    assert (table.n[:-1].sum(axis=0) == table.n[-1]).all()


def test_a_department_with_too_little_to_show_is_not_among_the_worst() -> None:
    cells = plain_table(16)
    tiny = frame([("Tiny", "80+", 1, 9)])
    table = density(pd.concat([cells, tiny]), AGE_GROUPS)
    assert "Tiny" not in table.departments
    assert table.departments[-1] == "others (2)"
    few = density(pd.concat([plain_table(2), tiny]), AGE_GROUPS)
    assert few.departments[-1] == "Tiny", "with few departments it stands last, hidden"
    assert few.hidden[-2, -2:].all()


def test_the_column_of_unknown_ages_is_there_only_if_it_has_any() -> None:
    known = frame([("A", "0–17", 90, 10)])
    assert "unknown" not in density(known, AGE_GROUPS).age_groups
    assert (
        "unknown"
        in density(pd.concat([known, frame([("A", "unknown", 30, 0)])]), AGE_GROUPS).age_groups
    )


def test_an_unheard_of_age_group_is_refused() -> None:
    with pytest.raises(ValueError, match="no age group 17–18"):
        density(frame([("A", "17–18", 1, 1)]), AGE_GROUPS)


def test_nothing_at_all_is_an_empty_table() -> None:
    table = density(frame([]), AGE_GROUPS)
    assert table.is_empty
    assert not table.shows_nothing
    assert text_table(table, Measure.RATE) == ["No appointment with a known outcome"]


def test_a_table_in_which_all_is_small_says_so() -> None:
    table = density(frame([("A", "0–17", 2, 1), ("B", "80+", 3, 2)]), AGE_GROUPS)
    assert table.shows_nothing
    assert not table.is_empty
    assert "Too few" in text_table(table, Measure.RATE)[0]
    assert not np.isfinite(table.values(Measure.COUNT)).any()


def test_the_value_holds_no_hidden_number_and_cannot_be_changed() -> None:
    table = density(random_table(3, 12), AGE_GROUPS)
    assert table.hidden.any()
    assert not table.n[table.hidden].any()
    assert not table.no_shows[table.hidden].any()
    for measure in Measure:
        assert np.isnan(table.values(measure)[table.hidden]).all()
    with pytest.raises(ValueError, match="read-only"):
        table.n[0, 0] = 1


def test_shares_are_hidden_when_their_whole_is() -> None:
    table = density(frame([("A", "0–17", 100, 20), ("B", "80+", 4, 1)]), AGE_GROUPS, ["B"])
    assert not np.isfinite(table.values(Measure.SHARE)).any()


def test_a_selection_has_its_own_totals() -> None:
    table = density(plain_table(20), AGE_GROUPS, ["D03", "D07"])
    assert table.departments == ("D07", "D03")
    assert table.n[-1, 0] == 400
    assert table.no_shows[-1, -1] == 8 * (8 + 4)


def test_selecting_all_departments_is_the_whole_table() -> None:
    table = random_table(5, 9)
    whole, chosen = density(table, AGE_GROUPS), density(table, AGE_GROUPS, set(table.department))
    assert (whole.n == chosen.n).all()
    assert (whole.hidden == chosen.hidden).all()


def published(
    view: Density, of: list[str], places: dict[tuple[str, str], int]
) -> list[NDArray[np.float64]]:
    """Each number that a view shows, as the sum of cells that it is."""
    rest = [name for name in of if name not in view.departments]
    rows = [[name] for name in view.departments]
    if view.merged:
        rows[-1] = rest
    rows.append(of)
    columns = [[age] for age in view.age_groups]
    columns.append(list(AGE_GROUPS))
    sums = []
    for i, names in enumerate(rows):
        for j, ages in enumerate(columns):
            if not view.hidden[i, j]:
                one = np.zeros(len(places))
                one[[places[name, age] for name in names for age in ages]] = 1
                sums.append(one)
    return sums


@given(st.integers(0, 2**32), st.sampled_from([1, 3, 8, 17]), st.data())
@settings(max_examples=40, deadline=None)
def test_no_number_can_be_had_by_comparing_selections(
    seed: int, departments: int, data: st.DataObject
) -> None:
    table = random_table(seed, departments)
    names = sorted(set(table.department))
    n = {(d, a): x + y for d, a, x, y in table.itertuples(index=False)}
    places = {cell: place for place, cell in enumerate(n)}
    sums = published(density(table, AGE_GROUPS), names, places)
    for chosen in data.draw(st.lists(st.sets(st.sampled_from(names), min_size=1), max_size=6)):
        sums += published(density(table, AGE_GROUPS, chosen), sorted(chosen), places)
    # A reader sees which cells are empty.
    sums += [np.eye(len(places))[place] for cell, place in places.items() if n[cell] == 0]
    known = np.array(sums).reshape(-1, len(places))
    sizes, vectors = np.linalg.eigh(known.T @ known)
    free = vectors[:, sizes < 1e-9]
    open_to_doubt = np.abs(free).max(axis=1, initial=0) > 1e-6
    for cell, place in places.items():
        if 0 < n[cell] <= LARGEST_SMALL:
            assert open_to_doubt[place], f"{cell} can be worked out"


@pytest.mark.parametrize("measure", list(Measure))
def test_the_text_table_fits_a_phone(measure: Measure) -> None:
    names = ["Cardiology", "רפואת עיניים – מרכז", "心臓内科", "Oral and Maxillofacial Surgery " * 3]
    table = random_table(11, 4)
    table["department"] = table["department"].map(
        dict(zip(sorted(set(table.department)), names, strict=True))
    )
    lines = text_table(density(table, AGE_GROUPS), measure)
    assert max(map(width, lines)) <= COLUMNS
    assert measure.value in lines[0]
    assert any(line.startswith("all ") for line in lines)
    assert any(line.startswith("18–29 ") for line in lines)
    assert any(line.startswith("Highest") for line in lines)


def test_the_text_table_marks_what_is_hidden_and_explains_the_mark() -> None:
    lines = text_table(density(random_table(3, 12), AGE_GROUPS, ["D01", "D02"]), Measure.RATE)
    assert any(line.endswith(f"{MARK:>8}{MARK:>8}") for line in lines)
    assert any("hidden: under 11" in line for line in lines)
    open_table = text_table(density(plain_table(3), AGE_GROUPS), Measure.RATE)
    assert not any(MARK in line for line in open_table)


def test_the_text_table_holds_the_figures_beside_their_names() -> None:
    lines = text_table(density(plain_table(3), AGE_GROUPS), Measure.RATE)
    assert lines[1].split() == ["D02", "1.5", "1,600"]
    assert "all                    1.0   4,800" in lines
    assert "D02 0–17               1.5     200" in lines


def test_a_hostile_name_stays_on_its_line() -> None:
    assert fit("a\nb\t\x1b[31mc\u202ed", 12) == "a b [31mcd  "
    assert width(fit("x" * 99, 10)) == 10
    assert fit("漢字漢字漢字", 7) == "漢字漢…"
    assert fit("漢字", 5) == "漢字 "
