from collections import Counter

import pytest

from bot.simulation.behaviour import Behaviour, Mind
from bot.simulation.chance import Chance
from domain.answers import Answer
from domain.calls import CallOutcome

VISITS = [f"APT-{number:06}" for number in range(4_000)]


def test_a_number_depends_on_its_seed_and_subject_alone() -> None:
    first, same, other = Chance(7), Chance(7), Chance(8)
    assert first.of("reply", "APT-1") == same.of("reply", "APT-1")
    same.of("something else")
    assert first.of("reply", "APT-2") == same.of("reply", "APT-2")
    assert first.of("reply", "APT-1") != other.of("reply", "APT-1")
    mean = sum(first.of("mean", visit) for visit in VISITS) / len(VISITS)
    assert mean == pytest.approx(0.5, abs=0.02)


def test_things_are_picked_by_their_shares_and_the_rest_is_nothing() -> None:
    picked = Counter(Chance(7).pick({"a": 0.2, "b": 0.5}, visit) for visit in VISITS)
    assert picked["a"] / len(VISITS) == pytest.approx(0.2, abs=0.03)
    assert picked["b"] / len(VISITS) == pytest.approx(0.5, abs=0.03)
    assert picked[None] / len(VISITS) == pytest.approx(0.3, abs=0.03)


def test_nobody_who_would_come_gives_the_visit_back() -> None:
    behaviour = Behaviour(Chance(7))
    for visit in VISITS:
        for times in (1, 2):
            reply = behaviour.reply(visit, Mind.COMES, times)
            assert reply is None or reply.answer is not Answer.CANCEL
            assert behaviour.spoken(visit, Mind.COMES, times).outcome is not CallOutcome.CANCELS


def test_the_urgent_accept_more_readily() -> None:
    behaviour = Behaviour(Chance(7))
    accepted = {
        urgency: sum(behaviour.takes(visit, "slot", urgency) is True for visit in VISITS)
        for urgency in (1, 3, 5)
    }
    assert accepted[1] < accepted[3] < accepted[5]
    assert accepted[3] / len(VISITS) == pytest.approx(0.1, abs=0.02)
