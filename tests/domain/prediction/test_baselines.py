"""Baselines: what the simple ways say, and the guard that asks a model to beat them."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from domain.prediction.baselines import Baselines
from domain.prediction.guard import FEWEST_NO_SHOWS, verdict
from domain.prediction.judging import Judgement, auc, judge
from domain.prediction.training import Trained
from tests.clinic_record import Past

TWO = 2


def test_each_baseline_learns_its_rates_from_the_past() -> None:
    rows = 900
    flagged = np.arange(rows) % 3 == 0
    seen = pd.DataFrame(
        {
            "misses": np.where(flagged, 2.0, 1.0),
            "lead": np.where(flagged, 41.0, 0.0),
            "miss_rate": np.where(flagged, 0.5, 0.1),
        }
    )
    outcomes = (flagged & (np.arange(rows) % 2 == 0)).astype(np.float64)  # half of the flagged
    chances = Baselines.learned(seen, outcomes, TWO).chances(seen)
    assert list(chances) == ["rule", "lead time", "prior rate"]
    of_all = (150 + 100 * 0.2) / 1_000
    for name in ("rule", "lead time"):
        assert chances[name][0] == pytest.approx((150 + 100 * of_all) / 400)
        assert chances[name][1] == pytest.approx((0 + 100 * of_all) / 700)
    assert chances["prior rate"][0] > chances["prior rate"][1]


def test_lead_times_never_seen_or_unknown_have_the_rate_of_all(past: Past) -> None:
    known = past.features.assign(lead=0.0)
    found = Baselines.learned(known, past.outcomes, TWO)
    for lead in (41.0, np.nan):
        chances = found.chances(known[:1].assign(lead=lead))["lead time"]
        assert chances[0] == pytest.approx(past.outcomes.mean(), abs=0.001)


@pytest.mark.parametrize("name", ["rule", "lead time", "prior rate"])
def test_baselines_are_calibrated_and_know_something(name: str, past: Past, later: Past) -> None:
    found = Baselines.learned(past.features, past.outcomes, TWO)
    chances = found.chances(later.features)[name]
    assert chances.mean() == pytest.approx(later.outcomes.mean(), abs=0.04)
    assert auc(later.outcomes, chances) > 0.51


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_outcomes_of_one_kind_only_still_make_chances(outcome: float, past: Past) -> None:
    outcomes = np.full(len(past.outcomes), outcome)
    for chances in Baselines.learned(past.features, outcomes, TWO).chances(past.features).values():
        assert ((chances > 0) & (chances < 1)).all()


@pytest.fixture(scope="module")
def judged(trained: Trained, past: Past, later: Past) -> dict[str, Judgement]:
    known = Baselines.learned(past.features, past.outcomes, TWO)
    said = {"model": trained.model.chances(later.features), **known.chances(later.features)}
    return {
        name: judge(
            later.outcomes,
            chances,
            ahead=(later.features["lead"] > 0).to_numpy(),
            flagged=(later.features["misses"] >= TWO).to_numpy(),
            constant=past.outcomes.mean(),
        )
        for name, chances in said.items()
    }


def test_a_model_that_beats_all_baselines_may_be_put_in_charge(
    judged: dict[str, Judgement],
) -> None:
    assert verdict(judged) is None
    assert judged["model"].lift > 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rule", "the rule"),
        ("lead time", "lead time alone"),
        ("prior rate", "earlier no-shows alone"),
    ],
)
def test_a_model_that_any_baseline_equals_may_not(
    name: str, words: str, judged: dict[str, Judgement]
) -> None:
    model = judged["model"]
    alike = judged | {name: replace(judged[name], auc=model.auc)}
    assert verdict(alike) == (
        f"It orders patients no better than {words}: AUC {model.auc:.3f} against {model.auc:.3f}."
    )
    alike = judged | {name: replace(judged[name], log_loss=model.log_loss - 0.01)}
    assert f"fit what came no better than {words}" in str(verdict(alike))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"mean": 0.3, "rate": 0.2}, "Its chances are too high: 30.0% on average, and 20.0% did"),
        ({"mean": 0.1, "rate": 0.2}, "Its chances are too low: 10.0% on average, and 20.0% did"),
        ({"slope": 0.7}, "Its chances differ too much from each other: calibration slope 0.70."),
        ({"slope": 1.4}, "Its chances differ too little from each other: calibration slope 1.40."),
        ({"slope": float("nan")}, "calibration slope nan"),
        ({"auc": float("nan")}, "no better than the rule"),
        ({"rows": 200, "rate": 0.1}, "judged by 20 no-shows among 200 appointments; it takes 50"),
        ({"rows": 200, "rate": 0.0}, "judged by 0 no-shows"),
        ({"rows": 200, "rate": 1.0}, "judged by 200 no-shows"),
    ],
)
def test_a_model_that_does_not_mean_what_it_says_may_not(
    other: dict[str, float], words: str, judged: dict[str, Judgement]
) -> None:
    assert words in str(verdict(judged | {"model": replace(judged["model"], **other)}))  # type: ignore[arg-type]


def test_few_are_enough_if_there_are_fifty_of_each_kind(judged: dict[str, Judgement]) -> None:
    few = replace(judged["model"], rows=2 * FEWEST_NO_SHOWS, rate=0.5, mean=0.5)
    assert verdict(judged | {"model": few}) is None
