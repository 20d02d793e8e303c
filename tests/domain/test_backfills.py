"""Backfills: a slot is its patient's until they, or their silence, say otherwise."""

import pytest

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
