"""Backfills: a slot is its patient's until they, or their silence, say otherwise."""

import re
from pathlib import Path

import pytest

from domain import backfills
from domain.backfills import FREE, MOVES, OPEN, Stage, Step, next_stage


@pytest.mark.parametrize("stage", sorted(OPEN))
def test_whatever_is_open_can_be_ended(stage: Stage) -> None:
    assert next_stage(stage, Step.ENDED) is Stage.OVER


@pytest.mark.parametrize("stage", sorted(set(Stage) - OPEN))
def test_what_has_ended_stays_as_it_is(stage: Stage) -> None:
    assert all(next_stage(stage, step) is None for step in Step)


def test_only_a_free_slot_is_offered_or_accepted() -> None:
    for stage, step in MOVES:
        if step in {Step.OFFERED, Step.ACCEPTED, Step.WAVE_OVER, Step.TIME_UP}:
            assert stage in FREE


def test_silence_releases_only_while_the_patient_is_asked() -> None:
    assert [stage for stage in Stage if next_stage(stage, Step.LET_GO)] == [Stage.ASKING]


@pytest.mark.parametrize("stage", sorted(OPEN))
def test_a_patient_can_give_the_slot_back_as_long_as_it_is_open(stage: Stage) -> None:
    assert next_stage(stage, Step.GAVE_BACK) in FREE


def test_every_stage_can_be_reached() -> None:
    assert set(MOVES.values()) | {Stage.ASKING} == set(Stage)


def test_the_picture_in_the_docs_is_the_table() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "backfill.md").read_text()
    drawn = re.findall(r"^    (\w+) --> (\w+): (.+)$", page, re.MULTILINE)
    assert sorted(drawn) == sorted(
        (str(was), str(to), str(step)) for (was, step), to in MOVES.items()
    )


def test_the_table_in_words_is_the_table() -> None:
    rows = re.findall(r"^\| (\w+) +\| (\w[\w ]*?) +\| (\w+)", backfills.__doc__ or "", re.MULTILINE)
    told = {(was, step): to for was, step, to in rows if was != "from"}
    expected = {(str(was), str(step)): str(to) for (was, step), to in MOVES.items()}
    ended = {key for key in expected if key[1] == Step.ENDED}
    assert told == {key: to for key, to in expected.items() if key not in ended}
    assert ended == {(str(stage), str(Step.ENDED)) for stage in OPEN}
