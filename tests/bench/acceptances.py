"""Everybody accepts at once: a slot offered to a thousand waiting patients, of whom one has it."""

import asyncio
from collections.abc import Iterator
from time import perf_counter
from typing import Final

from sqlmodel import Session

from domain.clock import HandClock
from domain.offers import OfferBarrier
from domain.waiting import WaitState
from storage import counters, offers
from storage.offers import Accepted
from storage.tables import Patient, Waiting, key_of
from tests.bench.databases import POSTGRESQL, SQLITE, Databases
from tests.bench.history import NOW
from tests.bench.results import Result, at_most
from tests.storage.offering import Clinic, a_small_clinic

MANY: Final = 1_000


def acceptances(databases: Databases, many: int = MANY) -> Iterator[Result]:
    """The time until all of them are answered, by the threads that the program has for it."""
    for where in (SQLITE, POSTGRESQL):
        clinic = a_small_clinic(databases.empty(where, "acceptances"), HandClock(NOW))
        backfill = clinic.given_back("p1")
        made = clinic.send(backfill, clinic.store.write_now(_wait, many))
        clinic.reached()
        began = perf_counter()
        answers = asyncio.run(_accept(clinic, made))
        seconds = perf_counter() - began
        _must_be_one(clinic, answers)
        name = f"{many:,} accept a slot at once, one has it"
        yield Result(name, where, seconds * 1000, "ms", at_most(2000))


async def _accept(clinic: Clinic, made: list[int]) -> list[Accepted]:
    store, now = clinic.store, clinic.clock.now()
    return await asyncio.gather(
        *(store.write(offers.accept, offer, clinic.house, now) for offer in made)
    )


def _wait(session: Session, many: int) -> list[int]:
    """So many patients who wait for Cardiology; their places."""
    places = []
    for number in range(many):
        patient = Patient(
            external_id=f"w{number}", reference=f"P-W{number}", consent=True, phone=f"+9725{number}"
        )
        session.add(patient)
        session.flush()
        place = Waiting(
            external_id=f"W{number}",
            patient_id=key_of(patient),
            department_id=1,
            urgency=3,
            since=NOW,
            notice_hours=0,
            state=WaitState.WAITING,
        )
        places.append(place)
    session.add_all(places)
    session.flush()
    return [key_of(place) for place in places]


def _must_be_one(clinic: Clinic, answers: list[Accepted]) -> None:
    barriers = [answer.barrier for answer in answers]
    if barriers.count(None) != 1 or set(barriers) > {None, OfferBarrier.GONE}:
        raise AssertionError(f"{barriers.count(None)} patients have one slot")
    if clinic.store.read_now(counters.verify):
        raise AssertionError("the counts are not those of the appointments")
