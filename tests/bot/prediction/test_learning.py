"""Learning from the store: what is learned from, what is kept, and what is told."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.prediction import evaluating, model_files, records
from bot.prediction.evaluating import Question, about, evaluate
from domain.clock import HandClock
from domain.prediction.features import FEATURES
from domain.prediction.model import ModelRefused
from domain.prediction.training import TooLittle
from storage import models
from storage.store import Store
from tests.bot.prediction.clinic import clinic, in_charge, lesson, trained
from tests.hmo import HOUSE, Hmo

TODAY = date(2026, 11, 23)
CALENDAR = HOUSE.calendar


def test_both_databases_give_the_same_model_and_the_report_tells_of_it(
    sqlite_store: Store, postgres_store: Store, tmp_path: Path, clock: HandClock
) -> None:
    found = []
    for store in (sqlite_store, postgres_store):
        clinic(clock.now()).load(store)
        found.append(trained(store, tmp_path / store.engine.dialect.name, clock.now()))
    one, other = found
    assert one.sha256 == other.sha256
    assert one.report == other.report
    assert (one.name, one.in_charge) == ("2026-11-23-1", False)
    assert one.report["verdict"] is None
    assert (one.report["first_day"], one.report["last_day"]) == ("2026-09-24", "2026-11-22")
    assert set(one.report["judged"]) == {"model", "rule", "lead time", "prior rate"}
    assert one.report["judged"]["model"]["auc"] > one.report["judged"]["lead time"]["auc"]
    assert one.report["judged_on"].endswith(" 2026")
    assert len(one.report["gains"]) == 51
    assert len(one.report["calibration"]) == 10
    assert abs(sum(one.report["weights"].values()) - 1) < 1e-9
    assert [row[0] for row in one.report["at_capacity"]] == [0.02, 0.05, 0.1, 0.2]
    json.dumps(one.report, allow_nan=False)


def test_the_card_says_what_the_model_is_and_how_groups_fare(
    sqlite_store: Store, tmp_path: Path, clock: HandClock
) -> None:
    hmo = clinic(clock.now())
    hmo.load(sqlite_store)
    version = trained(sqlite_store, tmp_path, clock.now())
    said = model_files.card_path(tmp_path, version.name).read_text()
    for part in (
        f"# Model {version.name}",
        "no-shows",
        "### sex",
        "### age",
        "| 18–29 |",
        "Limits",
    ):
        assert part in said
    assert not any(row["patient_id"] + " " in said for row in hmo.rows[:50])
    assert trained(sqlite_store, tmp_path, clock.now()).name == "2026-11-23-2"


def test_features_are_the_same_whatever_the_portions(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic(clock.now()).load(store)
    whole = store.read_now(records.read_records, CALENDAR, TODAY, 10_000)
    monkeypatch.setattr(records, "_PATIENTS_AT_ONCE", 97)
    parts = store.read_now(records.read_records, CALENDAR, TODAY, 10_000)
    assert list(parts.features) == list(FEATURES)
    np.testing.assert_array_equal(parts.features.to_numpy(), whole.features.to_numpy())
    np.testing.assert_array_equal(parts.outcomes, whole.outcomes)
    assert (np.diff(parts.days) >= 0).all()


def test_the_latest_days_are_learned_from_whole_days_and_no_more_than_wanted(
    store: Store, clock: HandClock
) -> None:
    clinic(clock.now()).load(store)
    everything = store.read_now(records.read_records, CALENDAR, TODAY, 10_000)
    some = store.read_now(records.read_records, CALENDAR, TODAY, 1_000)
    of_days = everything.of(everything.days >= some.days.min())
    assert 900 < len(some.outcomes) <= 1_000
    np.testing.assert_array_equal(some.appointments, of_days.appointments)
    np.testing.assert_array_equal(some.features.to_numpy(), of_days.features.to_numpy())
    earlier = store.read_now(records.read_records, CALENDAR, date(2026, 11, 1), 10_000)
    assert earlier.span.last == date(2026, 10, 31)


def test_too_little_is_said_in_plain_words_and_nothing_is_kept(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    with pytest.raises(TooLittle, match="no appointment before 23 Nov 2026 has a known outcome"):
        trained(store, tmp_path, clock.now())
    hmo = Hmo(clock.now())
    for number in range(50):
        hmo.visit(f"p{number}", -1 - number % 20, "noshow" if number % 3 else "fulfilled")
    hmo.load(store)
    with pytest.raises(TooLittle, match="50 appointments with a known outcome; it takes 1,000"):
        trained(store, tmp_path, clock.now())
    assert store.read_now(models.versions) == []
    assert not (tmp_path / "models").exists()


def test_a_model_is_judged_on_days_that_it_has_not_seen(
    sqlite_store: Store, tmp_path: Path, clock: HandClock
) -> None:
    clinic(clock.now()).load(sqlite_store)
    version = trained(sqlite_store, tmp_path, clock.now(), date(2026, 11, 9))
    with pytest.raises(ModelRefused, match="learned from days before 2026-11-09"):
        about(sqlite_store, tmp_path, version.name, date(2026, 11, 8))
    asked = about(sqlite_store, tmp_path, version.name, None)
    now = clock.now()
    by_name = evaluate(sqlite_store, lesson(tmp_path), asked, now)
    assert by_name.records.span.first == date(2026, 11, 9)
    afresh = evaluate(sqlite_store, lesson(tmp_path), Question(date(2026, 11, 9)), now)
    np.testing.assert_array_equal(afresh.chances["model"], by_name.chances["model"])
    assert afresh.judgements["model"].auc > 0.6
    usual = evaluate(sqlite_store, lesson(tmp_path), Question(), now)
    assert usual.records.span.first == TODAY - timedelta(days=15)


def test_days_without_anything_to_compare_are_said_so(
    sqlite_store: Store, tmp_path: Path, clock: HandClock
) -> None:
    clinic(clock.now()).load(sqlite_store)
    ask = evaluating.evaluate
    with pytest.raises(TooLittle, match="from 2027-01-01 on"):
        ask(sqlite_store, lesson(tmp_path), Question(date(2027, 1, 1)), clock.now())
    with pytest.raises(TooLittle, match="no outcome before 2020-01-01"):
        ask(sqlite_store, lesson(tmp_path), Question(date(2020, 1, 1)), clock.now())


def test_a_model_is_put_in_charge_and_taken_out_again_by_its_name(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    first = in_charge(store, tmp_path, clock.now(), "2026-11-23-1")
    second = in_charge(store, tmp_path, clock.now(), "2026-11-23-2")
    assert store.read_now(models.key_in_charge) == second.id
    back = store.write_now(models.roll_back, clock.now())
    assert back
    assert back.name == first.name
    assert store.write_now(models.take_out_of_charge, first.id, clock.now())
    assert not store.write_now(models.take_out_of_charge, first.id, clock.now())
    assert store.read_now(models.version_in_charge) is None
