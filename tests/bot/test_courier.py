"""The courier: its pace, and that a bad moment of the database does not end it."""

import asyncio
import itertools
from collections.abc import Callable

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import Session

from bot.courier import Pace
from bot.demo.server import Limits
from bot.demo.server.limits import Meter
from tests.e2e.conftest import small_town  # noqa: F401 - a fixture
from tests.e2e.town import Town, body


class Seconds:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


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


def test_a_quiet_chat_gets_a_few_at_once_and_then_one_a_second() -> None:
    clock = Seconds()
    pace = Pace(clock)
    sent = []
    for _ in range(100):
        if pace.is_ready(7):
            pace.take(7)
            sent.append(round(clock.now - 1000, 1))
        clock.now += 0.1
    assert sent[:3] == [0.0, 0.1, 0.2]
    later = [b - a for a, b in itertools.pairwise(sent[3:])]
    assert later == pytest.approx([1.0] * len(later))
    assert len(sent) >= 11


def test_many_chats_at_once_are_served_one_after_another() -> None:
    pace = Pace(Seconds(), overall=25)
    waits = [pace.take(chat) for chat in range(50)]
    assert waits == pytest.approx([number / 25 for number in range(50)])


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


def test_what_is_remembered_of_chats_stays_small() -> None:
    clock = Seconds()
    pace = Pace(clock, overall=1e9)
    for chat in range(25_000):
        clock.now += 0.01
        pace.take(chat)
    assert len(pace._chats) <= 10_001


async def test_a_bad_moment_of_the_database_is_logged_and_survived(small_town: Town) -> None:  # noqa: F811
    store = small_town.store
    await small_town.dana.says("/efficiency")
    await small_town.dana.sees("(0 ÷ 20)")
    with structlog.testing.capture_logs() as logs:
        store.write_now(run, "ALTER TABLE push RENAME TO away")
        await until(lambda: any("trying again" in entry["event"] for entry in logs))
        store.write_now(run, "ALTER TABLE away RENAME TO push")
    store.write_now(run, "UPDATE department SET figures = figures + 1")
    store.write_now(run, "UPDATE daily_count SET scheduled = scheduled + 1 WHERE scheduled > 0")
    await small_town.dana.sees(lambda m: "(0 ÷ 20)" not in body(m) and "÷" in body(m), within=3)


async def test_while_the_database_is_away_people_are_told_once_and_nothing_else_happens(
    small_town: Town,  # noqa: F811
) -> None:
    dana, store = small_town.dana, small_town.store
    await dana.says("/risk")
    message = await dana.sees("High-risk")
    store.write_now(run, "ALTER TABLE member RENAME TO away")
    since, before = dana.now(), len(dana.messages)
    with structlog.testing.capture_logs():
        await dana.says("/risk")
        await dana.sees("The database cannot be reached right now", since=since)
        toast = await dana.toast(await dana.presses(message, "Refresh"))
        assert (toast.text or "").startswith("The database cannot be reached")
    store.write_now(run, "ALTER TABLE away RENAME TO member")
    await dana.presses(message, "Age")
    await dana.sees("Choose an age group")
    assert len(dana.messages) == before + 2


def run(session: Session, statement: str) -> None:
    session.execute(text(statement))


async def until(condition: Callable[[], bool], within: float = 5) -> None:
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
