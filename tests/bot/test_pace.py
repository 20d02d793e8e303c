"""The pace: Telegram turns nothing down, and little of what it allows is left unused."""

import asyncio
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.constants import FloodLimit

from bot.demo.server import Limits
from bot.demo.server.limits import Meter
from bot.pace import Pace

ALLOWED = FloodLimit.MESSAGES_PER_SECOND


class Seconds:
    """A monotonic clock that stands still until it is moved, and moves for who sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.tuples(st.integers(1, 40), st.floats(0, 0.5)), max_size=300))
def test_nothing_that_is_sent_at_its_pace_is_turned_down_by_telegram(
    asked: list[tuple[int, float]],
) -> None:
    clock, meter_at = Seconds(), Seconds()
    pace, meter = Pace(clock), Meter(Limits(), meter_at)
    sends: list[tuple[float, int]] = []
    busy: dict[int, float] = {}
    for chat, passes in asked:
        clock.now += passes
        if busy.get(chat, 0) <= clock.now and pace.is_ready(chat):
            busy[chat] = clock.now + pace.take(chat)
            sends.append((busy[chat], chat))
    for at, chat in sorted(sends):
        meter_at.now = at
        meter.take(chat, group=False)


@given(st.lists(st.floats(0, 0.5), min_size=200, max_size=400))
def test_messages_that_take_different_times_on_their_way_are_not_turned_down_either(
    delays: list[float],
) -> None:
    clock, meter_at = Seconds(), Seconds()
    pace, meter = Pace(clock), Meter(Limits(), meter_at)
    arrivals = [(clock.now + pace.take(chat) + delay, chat) for chat, delay in enumerate(delays, 1)]
    for at, chat in sorted(arrivals):
        meter_at.now = at
        meter.take(chat, group=False)


def test_of_the_rate_that_telegram_allows_hardly_any_is_left_unused() -> None:
    pace = Pace(Seconds())
    waits = [pace.take(chat) for chat in range(3000)]
    assert 0.98 * ALLOWED <= 3000 / waits[-1] < ALLOWED


def test_a_quiet_chat_gets_a_few_at_once_and_then_one_a_second() -> None:
    clock = Seconds()
    pace = Pace(clock)
    sent = []
    for _ in range(100):
        if pace.is_ready(7):
            pace.take(7)
            sent.append(round(clock.now - 1000, 1))
        clock.now += 0.1
    assert sent[:4] == [0.0, 0.1, 0.2, 0.3]
    later = [b - a for a, b in itertools.pairwise(sent[4:])]
    assert later == pytest.approx([1.0] * len(later))
    assert len(sent) >= 12


def test_after_a_few_at_once_messages_are_evenly_spread() -> None:
    pace = Pace(Seconds(), overall=25, burst=4)
    waits = [pace.take(chat) for chat in range(50)]
    assert waits == pytest.approx([max(0, number - 3) / 25 for number in range(50)])


def test_what_answers_people_comes_out_of_the_same_allowance() -> None:
    pace = Pace(Seconds(), overall=25, burst=1)
    for chat in range(50):
        pace.count(chat)
    assert pace.take(99) == pytest.approx(2)


def test_who_presses_quickly_is_told_all_the_same() -> None:
    pace = Pace(Seconds())
    for _ in range(20):
        pace.count(7)
    told = 0
    while pace.is_ready(7):
        pace.take(7)
        told += 1
    assert told == 3


def test_it_is_known_when_the_next_closed_chat_opens() -> None:
    clock = Seconds()
    pace = Pace(clock)
    assert pace.opens_in() == math.inf
    pace.hold(8, 2)
    assert pace.opens_in() == pytest.approx(2)
    while pace.is_ready(7):
        pace.take(7)
    assert pace.opens_in() == pytest.approx(1)
    clock.now += 1
    assert pace.closed() == {8}
    pace.hold_all(5)
    assert pace.opens_in() == pytest.approx(5)


def test_a_chat_that_telegram_asks_to_wait_is_closed_so_long_and_others_are_not() -> None:
    clock = Seconds()
    pace = Pace(clock)
    pace.hold(7, 30)
    pace.take(8)
    assert pace.closed() == {7}
    clock.now += 29.9
    assert not pace.is_ready(7)
    clock.now += 0.2
    assert pace.is_ready(7)
    assert pace.closed() == set()


def test_two_chats_that_are_asked_to_wait_at_once_hold_everybody_and_one_alone_does_not() -> None:
    clock = Seconds()
    pace = Pace(clock)
    pace.hold(7, 3)
    clock.now += 5
    pace.hold(7, 3)
    clock.now += 0.5
    pace.hold(7, 3)
    clock.now += 2
    pace.hold(8, 3)
    assert not pace.is_held
    clock.now += 0.5
    pace.hold(9, 4)
    held = [pace.is_held]
    clock.now += 4
    assert [*held, pace.is_held] == [True, False]


def test_a_flood_that_others_share_is_slowed_down_and_recovers() -> None:
    clock = Seconds()
    pace = Pace(clock, overall=30, burst=1)
    for chat in range(5):
        pace.hold(chat, 1)
    clock.now += 1
    slow = [pace.take(chat) for chat in range(100, 130)]
    assert slow[-1] == pytest.approx(2, rel=0.1)
    clock.now += 60
    fast = [pace.take(chat) for chat in range(200, 231)]
    assert fast[-1] == pytest.approx(1)


async def test_a_turn_that_comes_while_everybody_is_held_is_waited_for_anew() -> None:
    clock = Seconds()
    pace = Pace(clock, overall=10, burst=1, sleep=clock.sleep)
    for chat in range(5):
        pace.take(chat)
    pace.hold_all(3)
    await pace.turn(9)
    assert clock.now >= 1003


async def test_those_who_waited_when_everybody_was_held_do_not_go_all_at_once() -> None:
    pace = Pace(overall=50, burst=1)
    loop = asyncio.get_running_loop()
    went: list[float] = []

    async def goes(chat: int) -> None:
        await pace.turn(chat)
        went.append(loop.time())

    waiting = [asyncio.create_task(goes(chat)) for chat in range(8)]
    await asyncio.sleep(0)
    pace.hold_all(0.2)
    await asyncio.gather(*waiting)
    held = went[1:]  # the first went before
    assert held[-1] - held[0] > 0.08  # 7 of them at 50 a second take 0.12 s


def test_what_is_remembered_of_chats_stays_small() -> None:
    clock = Seconds()
    pace = Pace(clock, overall=1e9)
    for chat in range(25_000):
        clock.now += 0.01
        pace.take(chat)
        pace.hold(chat, 0.5)
    assert len(pace._chats) + len(pace._held) <= 1_001
