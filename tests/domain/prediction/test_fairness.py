"""Fairness: figures of groups by hand, and an equal share of false flags."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.prediction.fairness import FEWEST, audit, cost, equalised
from domain.prediction.judging import Bools
from domain.prediction.visits import Floats


def repeated(*cells: tuple[str, int, int, int]) -> tuple[Floats, Floats, Bools, Bools]:
    """Outcomes, chances (0.5), chosen and groups of cells: group, outcome, chosen, how many."""
    number = [cell[3] for cell in cells]
    outcomes = np.repeat([float(cell[1]) for cell in cells], number)
    chosen = np.repeat([bool(cell[2]) for cell in cells], number)
    return outcomes, np.full(len(outcomes), 0.5), chosen, np.repeat([c[0] for c in cells], number)


def test_each_group_is_compared_with_all_others_together() -> None:
    cells = [("F", 1, 1, 60), ("F", 0, 1, 40), ("F", 1, 0, 40), ("F", 0, 0, 160)]
    cells += [("M", 1, 1, 30), ("M", 0, 1, 20), ("M", 1, 0, 70), ("M", 0, 0, 180)]
    women, men = audit(*repeated(*cells))
    assert (women.group, women.rows) == ("F", 300)
    assert women.selected == pytest.approx(1 / 3)
    assert women.false_flags == pytest.approx(40 / 200)
    assert women.precision == pytest.approx(0.6)
    assert women.calibration == pytest.approx(150 / 100)
    assert women.ratios == pytest.approx(
        {"selected": 2, "false_flags": 2, "precision": 1, "calibration": 1}
    )
    assert women.out_of_band == men.out_of_band == ("selected", "false_flags")
    assert men.ratios["selected"] == 0.5


def test_of_few_no_ratio_is_made() -> None:
    small = [("X", 1, 1, 5), ("X", 0, 0, FEWEST - 6), ("Y", 1, 1, 60), ("Y", 0, 0, 240)]
    few, many = audit(*repeated(*small))
    assert few.rows == FEWEST - 1
    assert few.selected == pytest.approx(5 / 29)
    assert few.ratios == {}
    assert few.out_of_band == many.out_of_band == ()


def test_what_has_no_value_is_nan_and_not_a_ratio() -> None:
    alone = audit(*repeated(("all", 1, 0, 50), ("all", 0, 0, 50)))
    assert len(alone) == 1
    assert np.isnan(alone[0].precision)
    assert alone[0].false_flags == 0
    assert alone[0].ratios == {}
    nobody, _ = audit(*repeated(("A", 0, 0, 50), ("B", 0, 0, 50)))
    assert nobody.ratios == {}


def test_nobody_of_a_group_among_many_is_out_of_the_band() -> None:
    left_out, _ = audit(*repeated(("A", 0, 0, 90), ("B", 0, 1, 45), ("B", 0, 0, 45)))
    assert left_out.out_of_band == ("selected", "false_flags")


def test_false_flags_are_made_equal_at_a_small_cost() -> None:
    chance = np.random.default_rng(5)
    groups = np.where(chance.random(20_000) < 0.3, "young", "old")
    chances = np.where(groups == "young", chance.beta(4, 6, 20_000), chance.beta(2, 8, 20_000))
    outcomes = (chance.random(20_000) < chances).astype(np.float64)
    top = np.zeros(20_000, np.bool_)
    top[np.argsort(-chances)[:2_000]] = True
    alike = equalised(chances, groups, 2_000)
    assert alike.sum() == 2_000
    unequal = audit(outcomes, chances, top, groups)
    equal = audit(outcomes, chances, alike, groups)
    assert all("false_flags" in each.out_of_band for each in unequal)
    assert not any("false_flags" in each.out_of_band for each in equal)
    before, after = cost(outcomes, top, alike)
    assert before == outcomes[top].mean()
    assert 0.75 * before < after < before
    for group in ("young", "old"):
        inside = groups == group
        assert chances[inside & alike].min() >= chances[inside & ~alike].max()


ROW = st.tuples(st.floats(0, 1), st.sampled_from(["a", "b", "c"]))


@given(st.lists(ROW, max_size=50), st.integers(0, 60))
def test_as_many_as_asked_are_singled_out_the_likeliest_of_each_group(
    rows: list[tuple[float, str]], number: int
) -> None:
    chances = np.array([row[0] for row in rows], np.float64)
    groups = np.array([row[1] for row in rows], np.str_)
    chosen = equalised(chances, groups, number)
    assert chosen.sum() == min(number, len(rows))
    for group in set(groups):
        inside = groups == group
        if (inside & chosen).any() and (inside & ~chosen).any():
            assert chances[inside & chosen].min() >= chances[inside & ~chosen].max()


def test_a_choice_of_nobody_has_no_precision() -> None:
    nobody = np.zeros(3, np.bool_)
    before, after = cost(np.ones(3), ~nobody, nobody)
    assert before == 1
    assert np.isnan(after)
