"""Drift: months whose chances no longer mean what they say."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from domain.prediction.drift import FEWEST_OF_A_KIND, Month, months
from domain.prediction.judging import auc
from domain.prediction.odds import chances_of, log_odds

SEPTEMBER = date(2026, 9, 1)


def table(rows: int = 6_000, days: int = 30, slope: float = 1, higher: float = 0) -> pd.DataFrame:
    """Chances of some days from September on, beside outcomes of other odds."""
    chance = np.random.default_rng(2)
    true = chance.beta(2, 6, rows)
    return pd.DataFrame(
        {
            "day": [SEPTEMBER + timedelta(days=number % days) for number in range(rows)],
            "chance": chances_of(slope * log_odds(true) + higher),
            "outcome": (chance.random(rows) < true).astype(np.float64),
        }
    )


def test_each_month_is_held_to_account_by_itself() -> None:
    rows = table(days=61)
    september, october = months(rows)
    assert (september.first, october.first) == (SEPTEMBER, date(2026, 10, 1))
    assert september.rows + october.rows == 6_000
    of_september = rows[[day.month == 9 for day in rows["day"]]]
    outcomes, chances = of_september["outcome"].to_numpy(), of_september["chance"].to_numpy()
    assert september.no_shows == outcomes.sum()
    assert september.mean == pytest.approx(chances.mean())
    assert september.level == pytest.approx(chances.mean() / outcomes.mean())
    assert september.auc == auc(outcomes, chances)
    assert september.slope == pytest.approx(1, abs=0.15)
    assert september.problem is None


@pytest.mark.parametrize(
    ("slope", "higher", "words"),
    [
        (1.0, 0.6, "chances were too high: "),
        (1.0, -0.6, "chances were too low: "),
        (1.8, 0.9, "chances differed too much from each other: slope 0.5"),
        (0.5, -0.6, "chances differed too little from each other: slope "),
    ],
)
def test_what_leaves_its_band_is_said_in_plain_words(
    slope: float, higher: float, words: str
) -> None:
    (month,) = months(table(slope=slope, higher=higher))
    assert str(month.problem).startswith(words)


def test_an_order_like_guessing_is_a_problem() -> None:
    rows = table()
    rows["chance"] = rows["chance"].sample(frac=1, random_state=1).to_numpy()
    (month,) = months(rows)
    assert month.problem == "the order is hardly better than guessing: AUC 0.50"


def test_too_few_say_nothing() -> None:
    few = FEWEST_OF_A_KIND - 1
    assert Month(SEPTEMBER, 10_000, few, 0.9, 0.1, 0.5).problem is None
    assert Month(SEPTEMBER, 10_000, 10_000 - few, 0.1, 0.1, 0.5).problem is None
    assert Month(SEPTEMBER, 10_000, few + 1, 0.9, 0.1, 0.5).problem


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_a_month_of_one_kind_only_is_no_problem(outcome: float) -> None:
    (month,) = months(table(300).assign(outcome=outcome))
    assert np.isnan(month.auc)
    assert month.problem is None


def test_nothing_known_is_no_month() -> None:
    assert months(table(0)) == []
