"""The outage: when nobody is answered for, Telegram is tried gently until somebody is."""

import pytest

from bot.outage import CHATS, Outage
from bot.pace import Pace
from tests.bot.test_pace import Seconds


class Place:
    """An outage and its pace, on a clock moved by hand."""

    def __init__(self) -> None:
        self.clock = Seconds()
        self.pace = Pace(self.clock)
        self.outage = Outage(self.pace)

    def held_for(self) -> float:
        return self.pace.opens_in() if self.pace.is_held else 0


@pytest.fixture
def place() -> Place:
    return Place()


@pytest.fixture
def dark() -> Place:
    """One where the outage has begun and its first wait is over."""
    found = Place()
    for chat in range(CHATS):
        found.outage.lost(chat)
    found.clock.now += found.held_for()
    return found


def test_one_bad_chat_stops_nobody_however_often_it_fails(place: Place) -> None:
    for _ in range(50):
        place.outage.lost(1)
    assert not place.outage.lasts
    assert not place.pace.is_held
    assert place.outage.lets_pass(2)


def test_some_bad_chats_stop_nobody_while_others_are_answered_for(place: Place) -> None:
    for chat in range(50):
        place.outage.lost(chat)
        if chat % (CHATS - 1) == 0:
            place.outage.answered()
    assert not place.outage.lasts


def test_several_chats_in_a_row_hold_everybody(place: Place) -> None:
    for chat in range(CHATS):
        assert place.outage.lets_pass(99)
        place.outage.lost(chat)
    assert place.outage.lasts
    assert place.held_for() == 1
    assert not place.outage.lets_pass(99)


def test_only_the_probe_may_go_and_each_waits_longer_up_to_a_minute(dark: Place) -> None:
    waits = []
    for probe in range(100, 109):
        dark.outage.begin(probe)
        assert dark.outage.lets_pass(probe)
        assert not dark.outage.lets_pass(99)
        dark.outage.lost(probe)
        waits.append(dark.held_for())
        dark.clock.now += dark.held_for()
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_what_was_on_its_way_when_it_began_makes_no_wait_longer(dark: Place) -> None:
    for chat in range(50, 70):
        dark.outage.lost(chat)
    assert not dark.pace.is_held
    dark.outage.begin(100)
    dark.outage.lost(100)
    assert dark.held_for() == 2


def test_the_first_answer_ends_it_and_the_next_outage_begins_anew(dark: Place) -> None:
    dark.outage.begin(100)
    dark.outage.lost(100)
    dark.outage.answered()
    assert not dark.outage.lasts
    assert dark.outage.lets_pass(99)
    dark.clock.now += dark.held_for()
    for chat in range(CHATS):
        dark.outage.lost(chat)
    assert dark.held_for() == 1
    assert not dark.outage.lets_pass(100)


def test_what_every_message_would_meet_is_an_outage_at_once(place: Place) -> None:
    place.outage.fails(7)
    assert place.outage.lasts
    assert place.held_for() == 1
    place.outage.fails(8)  # was on its way too
    assert place.held_for() == 1
    place.clock.now += 1
    place.outage.begin(9)
    place.outage.fails(9)
    assert place.held_for() == 2
    place.outage.answered()
    assert place.outage.lets_pass(8)
