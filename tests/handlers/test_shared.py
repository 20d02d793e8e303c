"""What is shared: made once for all who ask at once, and anew after a failure."""

import asyncio

import pytest

from handlers.shared import Shared


class Kitchen:
    """Makes dishes, counts them, and lets them be finished when the test says so."""

    def __init__(self) -> None:
        self.made = 0
        self.go_on = asyncio.Event()
        self.broken = False

    async def make(self) -> int:
        self.made += 1
        number = self.made
        await self.go_on.wait()
        if self.broken:
            raise LookupError
        return number


async def test_all_who_ask_at_once_or_later_get_the_same() -> None:
    shared, kitchen = Shared(), Kitchen()
    asking = [asyncio.create_task(shared.get("key", kitchen.make)) for _ in range(9)]
    await asyncio.sleep(0)
    kitchen.go_on.set()
    assert await asyncio.gather(*asking) == [1] * 9
    assert await shared.get("key", kitchen.make) == 1
    assert await shared.get("other", kitchen.make) == 2


async def test_a_failure_reaches_all_and_the_next_tries_anew() -> None:
    shared, kitchen = Shared(), Kitchen()
    kitchen.broken = True
    asking = [asyncio.create_task(shared.get("key", kitchen.make)) for _ in range(2)]
    await asyncio.sleep(0)
    kitchen.go_on.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(answer) for answer in answers] == [LookupError, LookupError]
    kitchen.broken = False
    assert await shared.get("key", kitchen.make) == 2


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    shared, kitchen = Shared(), Kitchen()
    first, second = (asyncio.create_task(shared.get("key", kitchen.make)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    kitchen.go_on.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_only_the_latest_are_kept() -> None:
    shared, kitchen = Shared(keep=2), Kitchen()
    kitchen.go_on.set()
    for key in ("a", "b", "a", "c"):
        await shared.get(key, kitchen.make)
    assert kitchen.made == 3
    assert await shared.get("a", kitchen.make) == 1, "a was asked for more lately than b"
    assert await shared.get("b", kitchen.make) == 4
