"""Training: what it needs, that it repeats itself, and how good its chances are on later days."""

import numpy as np
import pandas as pd
import pytest

from domain.prediction.features import FALLING, FEATURES, RISING
from domain.prediction.judging import auc, is_in_band
from domain.prediction.odds import line
from domain.prediction.training import FEWEST_DAYS, TooLittle, Trained, cut, train
from domain.prediction.visits import Floats, Ints
from tests.clinic_record import Past


def test_chances_of_later_days_mean_what_they_say_and_tell_who_stays_away(
    trained: Trained, later: Past
) -> None:
    chances = trained.model.chances(later.features)
    slope, _ = line(chances, later.outcomes)
    assert auc(later.outcomes, chances) > 0.7
    assert is_in_band(slope)
    assert is_in_band(chances.mean() / later.outcomes.mean())


def test_the_kind_with_the_lower_log_loss_is_kept(trained: Trained) -> None:
    best = min(trained.compared, key=lambda kind: trained.compared[kind]["log_loss"])
    assert trained.model.kind is best
    assert len(trained.compared) == 2


def test_days_are_cut_by_time_and_the_chances_are_of_the_days_of_choosing(
    trained: Trained, past: Past
) -> None:
    slices = trained.slices
    assert past.days.min() < slices.choosing_from < slices.calibrating_from <= past.days.max()
    choosing = (past.days >= slices.choosing_from) & (past.days < slices.calibrating_from)
    found = auc(past.outcomes[choosing], trained.chances)
    assert found == trained.compared[trained.model.kind]["auc"]


def test_what_is_judged_on_the_days_of_choosing_has_not_learned_from_them(
    trained: Trained, past: Past
) -> None:
    slices = trained.slices
    choosing = (past.days >= slices.choosing_from) & (past.days < slices.calibrating_from)
    turned = np.where(choosing, 1 - past.outcomes, past.outcomes)
    again = train(past.features, turned, past.days, threads=1)
    for kind, figures in trained.compared.items():
        assert figures["auc"] + again.compared[kind]["auc"] == pytest.approx(1)


def test_training_twice_gives_the_same_model(trained: Trained, past: Past) -> None:
    said: list[str] = []
    again = train(past.features, past.outcomes, past.days, threads=1, tell=said.append)
    assert again.model.to_text() == trained.model.to_text()
    assert len(said) == 4


def test_more_misses_never_lower_a_chance_and_a_reminder_never_raises_it(
    trained: Trained, later: Past
) -> None:
    assert set(FEATURES) >= RISING | FALLING
    usual = trained.model.chances(later.features)
    for name in sorted(RISING | FALLING):
        more = later.features.assign(**{name: later.features[name] + 1})
        change = trained.model.chances(more) - usual
        change = change[later.features[name].notna().to_numpy()]
        assert (change >= -1e-12).all() if name in RISING else (change <= 1e-12).all()


def test_all_that_may_be_unknown_still_gets_a_chance(trained: Trained) -> None:
    nothing = pd.DataFrame({name: [np.nan] for name in FEATURES})
    assert 0 < trained.model.chances(nothing)[0] < 1
    assert trained.model.chances(nothing.iloc[:0]).shape == (0,)


def outcomes_of(rows: int, days: int, rate: float) -> tuple[Floats, Ints]:
    chance = np.random.default_rng(1)
    return (chance.random(rows) < rate).astype(np.float64), np.arange(rows) % days


@pytest.mark.parametrize(
    ("rows", "days", "rate", "words"),
    [
        (0, 30, 0.2, "0 appointments with a known outcome; it takes 1,000"),
        (999, 30, 0.2, "999 appointments with a known outcome; it takes 1,000"),
        (2_000, 30, 0.0, "0 no-shows; it takes 100"),
        (2_000, 30, 1.0, "0 visits that were kept; it takes 100"),
        (2_000, FEWEST_DAYS - 1, 0.2, "7 days with outcomes; it takes 8"),
    ],
)
def test_too_little_is_said_in_figures(rows: int, days: int, rate: float, words: str) -> None:
    with pytest.raises(TooLittle, match=f"^{words}$"):
        cut(*outcomes_of(rows, max(days, 1), rate))


def test_weeks_of_one_kind_only_are_refused() -> None:
    outcomes, days = outcomes_of(4_000, 40, 0.2)
    with pytest.raises(TooLittle, match="some weeks hold no-shows only, or none at all"):
        cut(np.where(days >= 30, 0.0, outcomes), days)


def test_days_with_hardly_any_appointments_do_not_move_the_cut() -> None:
    outcomes, days = outcomes_of(4_000, 40, 0.2)
    slices = cut(outcomes, days)
    assert (slices.choosing_from, slices.calibrating_from) == (20, 30)
    odd = np.concatenate((days, np.arange(-100, 0)))
    assert cut(np.concatenate((outcomes, np.zeros(100))), odd) == slices


def test_what_says_the_opposite_later_is_no_model(past: Past) -> None:
    late = past.days >= cut(past.outcomes, past.days).calibrating_from
    turned = np.where(late, 1 - past.outcomes, past.outcomes)
    with pytest.raises(TooLittle, match="says nothing of the latest ones"):
        train(past.features, turned, past.days, threads=1)
