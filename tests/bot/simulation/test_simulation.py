"""Ten days through the whole product; the ninety days of the docs are the same, only longer."""

import json
from dataclasses import replace

import pytest

from bot.simulation.arm_names import ArmName
from bot.simulation.arms import ARMS
from bot.simulation.figures import Figures
from bot.simulation.report import as_json, show
from bot.simulation.simulation import simulate

DAYS = 10
SMALL = (2, 6)
"""Orthopaedics and Paediatrics."""
CHOSEN = (ArmName.NOTHING, ArmName.SLOTWISE)


@pytest.fixture(scope="module")
def found() -> dict[ArmName, Figures]:
    return simulate([ARMS[name] for name in CHOSEN], DAYS, seed=7, departments=SMALL)


def test_slots_are_won_back_that_stay_idle_without_slotwise(
    found: dict[ArmName, Figures],
) -> None:
    nothing, slotwise = (found[name] for name in CHOSEN)
    assert nothing.actioned == nothing.filled == nothing.won == nothing.kept == 0
    assert slotwise.actioned > 0
    assert slotwise.won > 0
    assert slotwise.seen > nothing.seen
    assert slotwise.idle_hours < nothing.idle_hours
    assert slotwise.wait < nothing.wait


def test_nobody_is_displaced_who_would_have_come_while_only_their_own_word_counts(
    found: dict[ArmName, Figures],
) -> None:
    assert found[ArmName.SLOTWISE].filled > 0
    assert found[ArmName.SLOTWISE].displaced == 0
    assert found[ArmName.SLOTWISE].collisions == 0


def test_what_slotwise_counts_is_what_has_happened(found: dict[ArmName, Figures]) -> None:
    assert all(each.agrees for each in found.values())


def test_the_same_seed_gives_the_same_figures(found: dict[ArmName, Figures]) -> None:
    again = simulate([ARMS[ArmName.SLOTWISE]], DAYS, seed=7, departments=SMALL)
    assert again[ArmName.SLOTWISE] == found[ArmName.SLOTWISE]


def test_the_table_names_its_seed_and_compares_with_nothing(
    found: dict[ArmName, Figures], capsys: pytest.CaptureFixture[str]
) -> None:
    show(found, DAYS, 7)
    said = capsys.readouterr().out
    assert "10 days from Sun 01 Mar 2026 on, seed 7" in said
    assert "displaced who would have come" in said
    more = found[ArmName.SLOTWISE].seen - found[ArmName.NOTHING].seen
    assert f"({more:+})" in said


def test_json_holds_the_figures_of_each_arm(found: dict[ArmName, Figures]) -> None:
    told = json.loads(as_json(found, DAYS, 7))
    assert (told["seed"], told["days"], list(told["arms"])) == (7, DAYS, list(CHOSEN))
    assert told["arms"]["slotwise"]["won"] == found[ArmName.SLOTWISE].won
    assert told["arms"]["slotwise"]["realised"] == found[ArmName.SLOTWISE].realised


def test_a_collision_takes_one_slot_off_the_realised_gain(
    found: dict[ArmName, Figures],
) -> None:
    figures = replace(found[ArmName.NOTHING], won=3, collisions=5, scheduled=200)
    assert figures.realised == -1.0
