"""Polling goes on through what a proxy may answer, and ends when the token is withdrawn."""

from pathlib import Path

from bot.demo.server import Fault
from bot.receiving import UNKNOWN_TOKEN
from domain.clock import HandClock
from tests.e2e.town import Town, a_small_hmo, town


async def test_one_404_does_not_leave_the_bot_deaf(small_town: Town) -> None:
    small_town.server.faults.add(Fault(method="getUpdates", code=404, description="Not Found"))
    await small_town.dana.says("/help")
    await small_town.dana.sees("Slotwise for staff", within=15)


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
