"""Polling goes on through what a proxy may answer, and ends when somebody else has the token."""

import asyncio
import contextlib
from pathlib import Path

import pytest
import structlog

from bot import connection, receiving
from bot.demo.server import PATIENCE, Fault
from bot.receiving import SECOND_POLLER, UNKNOWN_TOKEN, Conflicts
from domain.clock import HandClock
from tests.bot.test_pace import Seconds
from tests.e2e.town import Town, a_small_hmo, town
from tests.waiting import until

HELP = "Slotwise for staff"


async def test_one_404_does_not_leave_the_bot_deaf(small_town: Town) -> None:
    small_town.server.faults.add(Fault(method="getUpdates", code=404, description="Not Found"))
    await small_town.dana.says("/help")
    await small_town.dana.sees(HELP)


async def test_a_withdrawn_token_ends_the_bot_with_one_line(
    tmp_path: Path, clock: HandClock
) -> None:
    async with (
        town(tmp_path, clock, a_small_hmo(clock.now())) as place,
        place.bot_at_work() as bot,
    ):
        unauthorized = Fault(method="getUpdates", code=401, description="Unauthorized", times=None)
        place.server.faults.add(unauthorized)
        assert await bot.stopped == UNKNOWN_TOKEN


async def test_a_bot_that_waits_to_ask_again_ends_at_once(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FIRST_WAIT", 60.0)
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as place:
        place.server.faults.add(Fault("getUpdates", code=502))
        with structlog.testing.capture_logs() as logs:
            async with asyncio.timeout(PATIENCE), place.bot_at_work():
                await until(lambda: "telegram cannot be reached" in str(logs))


async def test_a_bot_that_takes_over_and_the_one_before_it_bear_each_other(
    small_town: Town,
) -> None:
    before, dana = small_town.bot, small_town.dana
    assert before is not None
    with structlog.testing.capture_logs() as logs:
        async with small_town.bot_at_work() as after:
            await until(lambda: conflicts_in(logs) >= 2)
            await dana.says("/help")
            await dana.sees(HELP)
            assert not before.stopped.done()
            assert not after.stopped.done()


async def test_of_two_bots_that_stay_one_ends_and_leaves_the_other_in_peace(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "BEARS_CONFLICTS_FOR", 0.5)
    async with (
        town(tmp_path, clock, a_small_hmo(clock.now())) as place,
        contextlib.AsyncExitStack() as first,
        contextlib.AsyncExitStack() as second,
    ):
        bots = {
            (await stack.enter_async_context(place.bot_at_work())).stopped: stack
            for stack in (first, second)
        }
        first_end = asyncio.FIRST_COMPLETED
        ended, others = await asyncio.wait(bots, timeout=PATIENCE, return_when=first_end)
        (over,), (stays,) = ended, others
        assert over.result() == SECOND_POLLER
        await bots[over].aclose()
        await place.everybody_joins()
        assert not stays.done()


@pytest.mark.parametrize(
    ("at", "go_on"),
    [
        ([0], False),
        ([0, 1, 2.5, 4.8, 8.1], False),
        ([0, 1, 2.5, 4.8, 8.1, 10], True),
        ([0, 31], True),
        ([0, 61], False),
        ([0, 61, 64, 66, 72], True),
    ],
)
def test_conflicts_that_go_on_for_ten_seconds_are_too_many(at: list[float], go_on: bool) -> None:
    clock = Seconds()
    began, conflicts = clock.now, Conflicts(clock)
    assert not conflicts.go_on
    for seconds in at:
        clock.now = began + seconds
        conflicts.note()
    assert conflicts.go_on == go_on


def conflicts_in(logs: list[structlog.typing.EventDict]) -> int:
    return len([entry for entry in logs if "another program is polling" in entry["event"]])
