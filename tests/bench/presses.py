"""From a press to the edited message, over real HTTP, while 32 people press at once.

The bot is `python -m bot run` in a process and on a core of its own; the strict Bot API server that
it polls, and the phones, share another.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from bot.demo.server import BotApiServer, Person, Phone
from domain.people import Role
from storage import invitations
from storage.store import Store
from tests.bench.history import NOW
from tests.bench.measuring import on_core
from tests.bench.program import TOKEN, program
from tests.bench.results import Result, at_most
from tests.bench.sample import sample_store

_PEOPLE: Final = 32
_WARM_UP: Final = 3


async def presses(folder: Path, rounds: int) -> list[Result]:
    """Everybody turns the page at once, and again when all have seen it."""
    crowd = [Person(1001 + number, f"Person {number}") for number in range(_PEOPLE)]
    server = BotApiServer(TOKEN, crowd, limits=None)
    with on_core(0), sample_store(folder, "presses.db") as store:
        async with server.running(), program(server, folder, "presses.db"):
            phones = [server.person(person.user_id) for person in crowd]
            lists = await asyncio.gather(*(_open_list(phone, store) for phone in phones))
            taken = [await _turn_all(phones, lists, number) for number in range(rounds + _WARM_UP)]
    times = np.concatenate(taken[_WARM_UP:]) * 1000
    where = f"loopback HTTP, {_PEOPLE} people"
    return [
        Result("press → edited message, median", where, float(np.median(times)), "ms"),
        Result(
            "press → edited message, p99",
            where,
            float(np.percentile(times, 99)),
            "ms",
            at_most(150),
        ),
    ]


async def _open_list(phone: Phone, store: Store) -> dict[str, Any]:
    code = await store.write(invitations.invite, Role.STAFF, [], NOW)
    await phone.says(f"/start {code}")
    await phone.sees("Welcome")
    await phone.says("/risk")
    return await phone.sees("High-risk")


async def _turn_all(
    phones: Sequence[Phone], lists: list[dict[str, Any]], number: int
) -> list[float]:
    """All press in the same moment, Next and Back by turns; the seconds until each saw its edit."""
    button = "‹ Back" if number % 2 else "Next ›"
    turned = await asyncio.gather(
        *(_turn(phone, shown, button) for phone, shown in zip(phones, lists, strict=True))
    )
    lists[:] = [shown for shown, _ in turned]
    return [seconds for _, seconds in turned]


async def _turn(phone: Phone, shown: dict[str, Any], button: str) -> tuple[dict[str, Any], float]:
    since, began = phone.now(), perf_counter()
    query = await phone.presses(shown, button)
    edited = await phone.sees("High-risk", since=since)
    seconds = perf_counter() - began
    await phone.toast(query)
    return edited, seconds
