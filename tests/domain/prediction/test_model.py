"""Models as text: read back as they were, and refused before a damaged one does harm."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.prediction.features import FEATURES
from domain.prediction.model import FORMAT, Kind, ModelRefused, NoShowModel
from domain.prediction.odds import log_odds
from domain.prediction.training import Trained
from tests.clinic_record import Past


@pytest.fixture(scope="module")
def text(trained: Trained) -> str:
    return trained.model.to_text()


def with_facts(text: str, **other: object) -> str:
    head, _, trees = text.partition("\n")
    return f"{json.dumps(json.loads(head) | other)}\n{trees}"


def test_a_model_read_back_gives_the_same_chances_and_text(
    trained: Trained, text: str, later: Past
) -> None:
    again = NoShowModel.from_text(text)
    assert again == trained.model
    assert again.to_text() == text
    assert (again.chances(later.features) == trained.model.chances(later.features)).all()


def test_a_row_has_the_same_chance_alone_as_among_many(trained: Trained, later: Past) -> None:
    at_once = trained.model.chances(later.features[:50])
    alone = [trained.model.chances(later.features[row : row + 1])[0] for row in range(50)]
    assert at_once.tolist() == alone


def test_contributions_sum_to_the_log_odds_of_each_chance(trained: Trained, later: Past) -> None:
    added = trained.model.contributions(later.features).sum(axis=1).to_numpy()
    rest = log_odds(trained.model.chances(later.features)) - added
    assert np.ptp(rest) < 1e-9


def test_so_do_those_of_a_forest(past: Past, later: Past) -> None:
    import lightgbm  # noqa: PLC0415 - takes a second

    asked = {"objective": "binary", "boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}
    data = lightgbm.Dataset(
        past.features[list(FEATURES)].to_numpy(), past.outcomes, feature_name=list(FEATURES)
    )
    grown = lightgbm.train(asked | {"verbosity": -1, "num_threads": 1}, data, num_boost_round=20)
    forest = NoShowModel(Kind.FOREST, grown.model_to_string(), 1.2, -0.1)
    added = forest.contributions(later.features).sum(axis=1).to_numpy()
    assert np.ptp(log_odds(forest.chances(later.features)) - added) < 1e-6


def test_what_is_known_of_a_patient_counts_whatever_the_order_of_columns(
    trained: Trained, later: Past
) -> None:
    mixed = later.features[list(reversed(FEATURES))]
    assert (trained.model.chances(mixed) == trained.model.chances(later.features)).all()


@settings(max_examples=40)
@given(data=st.data())
def test_a_text_with_one_bit_changed_is_refused(text: str, data: st.DataObject) -> None:
    raw = bytearray(text.encode())
    head = raw.index(b"\n") + 1
    # In its head a number may change to another one that is as good: that is up to the register.
    place = data.draw(st.integers(head, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 6))
    with pytest.raises(ModelRefused):
        NoShowModel.from_text(raw.decode())


@settings(max_examples=40)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_text_cut_off_anywhere_is_refused(text: str, share: float) -> None:
    with pytest.raises(ModelRefused):
        NoShowModel.from_text(text[: int(share * len(text))])


@given(st.text(max_size=200))
def test_any_other_text_is_refused(other: str) -> None:
    with pytest.raises(ModelRefused, match="does not begin like a model"):
        NoShowModel.from_text(other)


@pytest.mark.parametrize(
    "head", ["", "[]", "null", "7", "{}", '{"format": 1}', "[" * 100_000, '{"format": ' * 9]
)
def test_a_head_of_another_kind_is_refused(head: str) -> None:
    with pytest.raises(ModelRefused):
        NoShowModel.from_text(f"{head}\ntree\nversion=v4\n")


def test_trees_without_the_head_are_refused(trained: Trained) -> None:
    with pytest.raises(ModelRefused, match="does not begin like a model"):
        NoShowModel.from_text(trained.model.trees)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"format": "slotwise model 9"}, "its format is 'slotwise model 9', not"),
        ({"features": ["lead"]}, "other features; train a new one"),
        ({"sha256": "0" * 64}, "it is damaged"),
        ({"kind": "deep"}, "does not begin like a model"),
        ({"slope": "steep"}, "does not begin like a model"),
        ({"slope": 10**400}, "does not begin like a model"),
        ({"slope": None}, "does not begin like a model"),
        ({"slope": -1}, "the slope -1.0, which is not above 0"),
        ({"slope": float("nan")}, "the slope nan, which is not above 0"),
        ({"slope": float("inf")}, "the slope inf"),
        ({"intercept": float("nan")}, "the intercept nan"),
        ({"intercept": [1]}, "does not begin like a model"),
    ],
)
def test_a_foreign_or_older_head_is_refused(
    text: str, other: dict[str, object], words: str
) -> None:
    with pytest.raises(ModelRefused, match=words):
        NoShowModel.from_text(with_facts(text, **other))


def test_foreign_trees_with_a_checksum_of_their_own_are_refused() -> None:
    for trees in ("", "not trees", "<html></html>", "tree\n"):
        head = {
            "format": FORMAT,
            "kind": "boosted",
            "features": list(FEATURES),
            "slope": 1.0,
            "intercept": 0.0,
            "sha256": hashlib.sha256(trees.encode()).hexdigest(),
        }
        with pytest.raises(ModelRefused, match="trees are of another program"):
            NoShowModel.from_text(f"{json.dumps(head)}\n{trees}")


def test_trees_of_other_features_are_refused(text: str) -> None:
    head, _, trees = text.partition("\n")
    other = trees.replace("feature_names=lead ", "feature_names=load ")
    assert other != trees
    sha256 = hashlib.sha256(other.encode()).hexdigest()
    with pytest.raises(ModelRefused, match="trees are of another program"):
        NoShowModel.from_text(with_facts(f"{head}\n{other}", sha256=sha256))


def test_a_slope_that_would_turn_reasons_round_is_refused() -> None:
    with pytest.raises(ModelRefused):
        NoShowModel(Kind.BOOSTED, "", 0.0, 0.0)


def test_the_program_starts_without_the_trees_library() -> None:
    code = (
        "import sys, domain.prediction.model, domain.prediction.training, "
        "domain.prediction.reasons; sys.exit('lightgbm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
