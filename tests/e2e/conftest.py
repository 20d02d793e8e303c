"""Fixtures of the end-to-end tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.clock import HandClock
from tests.e2e.town import Town, a_small_hmo, town


@pytest.fixture
async def small_town(tmp_path: Path, clock: HandClock) -> AsyncIterator[Town]:
    """A town where everybody has joined and the bot is at work."""
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found, found.bot_at_work():
        await found.everybody_joins()
        yield found


@pytest.fixture
async def place(
    tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """The same without Chromium, which not every test has to wait for."""
    monkeypatch.setenv("BROWSER_PATH", "/nowhere/chromium")
    async with town(tmp_path, clock, a_small_hmo(clock.now())) as found, found.bot_at_work():
        await found.everybody_joins()
        yield found
