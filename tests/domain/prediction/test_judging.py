"""Figures of chances against what one works out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.prediction import judging
from domain.prediction.odds import chances_of, line, log_odds
from domain.prediction.visits import Floats

MISSED = np.array([1.0, 0.0, 1.0, 0.0])
CHANCES = np.array([0.8, 0.6, 0.6, 0.2])
AHEAD = np.array([True, True, True, False])


def test_auc_counts_pairs_in_the_right_order_and_ties_half() -> None:
    # Of the four pairs three are right and one is a tie.
    assert judging.auc(MISSED, CHANCES) == 3.5 / 4
    assert judging.auc(MISSED, -CHANCES) == 0.5 / 4
    assert judging.auc(MISSED, np.full(4, 0.3)) == 0.5
    assert np.isnan(judging.auc(np.zeros(4), CHANCES))
    assert np.isnan(judging.auc(np.ones(4), CHANCES))


def test_average_precision_weighs_the_top() -> None:
    # The first no-show has precision 1; the second one is found with its tie: 2 of 3.
    assert judging.average_precision(MISSED, CHANCES) == pytest.approx((1 + 2 / 3) / 2)
    assert np.isnan(judging.average_precision(np.zeros(4), CHANCES))


def test_brier_and_log_loss_are_means_over_all() -> None:
    assert judging.brier(MISSED, CHANCES) == pytest.approx((0.04 + 0.36 + 0.16 + 0.04) / 4)
    expected = -np.log([0.8, 0.4, 0.6, 0.8]).mean()
    assert judging.log_loss(MISSED, CHANCES) == pytest.approx(expected)
    assert judging.log_loss(np.ones(1), np.zeros(1)) == pytest.approx(-np.log(1e-6))


def test_precision_and_recall_are_of_the_top_of_the_list() -> None:
    assert judging.at_capacity(MISSED, CHANCES, 1) == (1, 0.5)
    assert judging.at_capacity(MISSED, CHANCES, 2) == (0.5, 0.5)
    assert judging.at_capacity(MISSED, CHANCES, 3) == pytest.approx((2 / 3, 1))
    assert np.isnan(judging.at_capacity(MISSED, CHANCES, 0)).all()
    precision, recall = judging.at_capacity(np.zeros(4), CHANCES, 2)
    assert precision == 0
    assert np.isnan(recall)


def test_a_judgement_holds_all_figures() -> None:
    flagged = np.array([True, True, False, False])
    found = judging.judge(MISSED, CHANCES, ahead=AHEAD, flagged=flagged, constant=0.5)
    assert (found.rows, found.rate, found.mean) == pytest.approx((4, 0.5, 0.55))
    assert (found.auc, found.auc_ahead) == (0.875, 0.75)
    assert found.brier_ratio == pytest.approx(0.15 / 0.25)
    assert (found.flags, found.precision, found.recall) == (2, 0.5, 0.5)
    assert (found.rule_precision, found.lift) == (0.5, 1)
    assert found.figures()["lift"] == 1


def test_what_has_no_value_is_left_out_of_the_figures() -> None:
    none = np.zeros(4, np.bool_)
    found = judging.judge(MISSED, CHANCES, ahead=none, flagged=none, constant=0.5).figures()
    assert not {"auc_ahead", "precision", "recall", "rule_precision", "lift"} & set(found)
    assert found["auc"] == 0.875


def test_a_calibration_curve_has_groups_of_equal_size_from_low_to_high() -> None:
    chances = np.linspace(0.01, 0.99, 40)
    found = judging.calibration((chances > 0.5).astype(np.float64), chances)
    assert found["rows"].tolist() == [4] * 10
    assert found["chance"].is_monotonic_increasing
    assert found["rate"].tolist() == [0] * 5 + [1] * 5
    assert len(judging.calibration(MISSED, CHANCES)) == 4


def test_a_gain_curve_runs_from_none_to_all() -> None:
    chances = np.linspace(1, 0, 100)
    found = judging.gains((chances > 0.745).astype(np.float64), chances)
    assert found["reached"].iloc[[0, -1]].tolist() == [0, 1]
    at_a_tenth = found[found["called"].round(2) == 0.1]["reached"].item()
    assert at_a_tenth == pytest.approx(10 / 26)
    assert judging.gains(np.zeros(4), CHANCES)["reached"].tolist() == [0] * 51


@pytest.mark.parametrize(
    ("value", "is_near"),
    [(0.8, True), (1.25, True), (0.79, False), (1.26, False), (np.nan, False), (np.inf, False)],
)
def test_the_band_is_four_fifths_and_its_reverse(value: float, is_near: bool) -> None:
    assert judging.is_in_band(value) is is_near


def test_chances_that_mean_what_they_say_have_the_slope_1_and_no_intercept() -> None:
    chance = np.random.default_rng(3)
    chances = chance.beta(2, 6, 40_000)
    outcomes = (chance.random(40_000) < chances).astype(np.float64)
    assert line(chances, outcomes) == pytest.approx((1, 0), abs=0.05)
    too_sure = chances_of(2 * log_odds(chances) + 0.5)
    slope, intercept = line(too_sure, outcomes)
    assert slope == pytest.approx(0.5, abs=0.03)
    assert chances_of(slope * log_odds(too_sure) + intercept).mean() == pytest.approx(
        outcomes.mean(), abs=1e-6
    )


def test_a_line_is_drawn_to_another_one_as_by_so_many_rows() -> None:
    chances, outcomes = np.full(100, 0.5), np.ones(100)
    free, drawn = line(chances, outcomes)[1], line(chances, outcomes, 10_000.0)[1]
    assert free > 5
    assert 0 < drawn < 0.05
    assert line(np.empty(0), np.empty(0)) == (1, 0)


CHANCE = st.floats(0, 1)
OUTCOME = st.sampled_from([0.0, 1.0])


@given(st.lists(st.tuples(CHANCE, OUTCOME), max_size=60))
def test_a_line_never_fits_worse_than_leaving_chances_as_they_are(
    rows: list[tuple[float, float]],
) -> None:
    chances = np.array([row[0] for row in rows])
    outcomes = np.array([row[1] for row in rows])
    slope, intercept = line(chances, outcomes)
    assert np.isfinite([slope, intercept]).all()
    if rows:
        fitted = slope * log_odds(chances) + intercept
        assert _surprise(fitted, outcomes) <= _surprise(log_odds(chances), outcomes) + 1e-3


def _surprise(fitted: Floats, outcomes: Floats) -> float:
    return float((np.logaddexp(0, fitted) - outcomes * fitted).sum())


@given(st.floats(-1e300, 1e300))
def test_any_log_odds_are_a_chance(odds: float) -> None:
    assert 0 <= chances_of(np.array([odds]))[0] <= 1
