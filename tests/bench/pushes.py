"""From a decision to the push, and how much of the allowed rate a flood of pushes uses.

The courier and the strict Bot API server that it calls over HTTP share this process and one core.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
from sqlmodel import Session

from bot.demo.sample_store import SAMPLE_HOUSE
from bot.demo.server import BotApiServer, Limits, Person, Phone
from domain.clock import HandClock
from domain.criteria import Criteria, select
from domain.people import Member, Role
from domain.pushes import PushKind
from domain.transfers import Kind
from storage import actions, outbox, risk
from storage.risk import RiskRow
from storage.store import Store
from tests.bench.history import NOW
from tests.bench.measuring import on_core
from tests.bench.results import Result, at_least, at_most, short
from tests.bench.sample import sample_store
from tests.couriers import courier_at_work
from tests.hmo import join

_TOKEN: Final = "1000001:made-up-token-for-benchmarks"
_MANAGERS: Final = 5
_WARM_UP: Final = 3
_FLOOD: Final = 1_000
_BETWEEN: Final = 0.25
"""Seconds between decisions: what is measured is the way, not the wait for Telegram's limit."""
_ANY_SCREEN: Final = "gain:7.-.-:0"


@dataclass(frozen=True)
class Flood:
    """How a flood of pushes went.

    Attributes:
        share: Pushes a second of those that Telegram allows.
        refused: How many were answered with 429.
    """

    share: float
    refused: int


async def pushes(folder: Path, rounds: int) -> list[Result]:
    """Both, on the sample HMO."""
    with on_core(0):
        times = (await _after_decisions(folder, rounds * 5 + _WARM_UP))[_WARM_UP * _MANAGERS :]
        size = min(_FLOOD, rounds * 50)
        with sample_store(folder, "flood.db") as store:
            found = await flood(store, [_ANY_SCREEN] * size)
    where, many = f"loopback HTTP, {_MANAGERS} managers", f"{short(size)} people, strict server"
    return [
        Result("push after a decision, median", where, float(np.median(times)), "ms"),
        Result(
            "push after a decision, p99",
            where,
            float(np.percentile(times, 99)),
            "ms",
            at_most(250),
        ),
        Result("pushes, share of the allowed rate", many, found.share * 100, "%", at_least(95)),
        Result("pushes turned down (429)", many, found.refused, "calls", at_most(0)),
    ]


async def flood(store: Store, addresses: Sequence[str]) -> Flood:
    """Push each of these screens as a summary to one more person, all due at once."""
    clock = HandClock(NOW)
    people = [
        Person(50_000 + number, f"P{number}", started=True) for number in range(len(addresses))
    ]
    members = [join(store, Role.STAFF, person.user_id, person.first_name, NOW) for person in people]

    def fill(session: Session) -> None:
        for member, address in zip(members, addresses, strict=True):
            key, kind = f"flood:{member.id}", PushKind.SUMMARY
            outbox.enqueue(session, member.id, address, NOW, key=key, kind=kind)

    server = BotApiServer(_TOKEN, people, clock=clock, limits=Limits())
    async with server.running():
        store.write_now(fill)
        began = perf_counter()
        async with courier_at_work(store, server, clock, SAMPLE_HOUSE):
            while len(server.calls("sendMessage")) < len(people):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            seconds = perf_counter() - began
    refused = sum(call.code == 429 for call in server.calls())
    return Flood(len(people) / seconds / Limits().overall, refused)


async def _after_decisions(folder: Path, decisions: int) -> list[float]:
    """Milliseconds from the commit of each proposal to its arrival at each manager."""
    clock = HandClock(NOW)
    with sample_store(folder, "pushes.db") as store:
        dana = join(store, Role.STAFF, 1001, "Dana", NOW)
        rows = _by_department(store, dana, decisions)
        people = {
            name: [Person(2_000 + 100 * place + n, f"M{n}", started=True) for n in range(_MANAGERS)]
            for place, name in enumerate({row.department for row in rows})
        }
        everybody = [person for found in people.values() for person in found]
        for name, found in people.items():
            for person in found:
                join(store, Role.MANAGER, person.user_id, person.first_name, NOW, (name,))
        server = BotApiServer(_TOKEN, everybody, clock=clock, limits=None)
        times: list[float] = []
        async with server.running(), courier_at_work(store, server, clock, SAMPLE_HOUSE) as desk:
            for row in rows:
                phones = [server.person(person.user_id) for person in people[row.department]]
                waits = [_arrives(phone, row.reference, phone.now()) for phone in phones]
                await store.write(actions.propose, dana, row.appointment_id, Kind.TRANSFER, NOW, 2)
                committed = perf_counter()
                desk.changed.set()
                arrivals = await asyncio.gather(*waits)
                times += [(arrival - committed) * 1000 for arrival in arrivals]
                await asyncio.sleep(_BETWEEN)
    return times


async def _arrives(phone: Phone, reference: str, since: int) -> float:
    """When a message about the patient is there."""
    await phone.sees(reference, since=since)
    return perf_counter()


def _by_department(store: Store, member: Member, number: int) -> list[RiskRow]:
    """Appointments at risk, of another department each time, so that no chat is told too often."""
    selection = select(Criteria(30), member, SAMPLE_HOUSE, NOW)
    queues: dict[str, list[RiskRow]] = {}
    for row in store.read_now(risk.risk_rows, selection, 0, 2_000):
        if row.start > NOW:
            queues.setdefault(row.department, []).append(row)
    found: list[RiskRow] = []
    while len(found) < number and any(queues.values()):
        found += [queue.pop() for queue in queues.values() if queue]
    return found[:number]
