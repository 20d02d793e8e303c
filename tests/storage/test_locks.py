"""Two who decide at once about the same take their locks in one order: on a real PostgreSQL."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.clock import HandClock
from domain.corrections import Excuse
from domain.criteria import Criteria
from domain.criteria import select as select_criteria
from domain.people import Member, Role
from domain.transfers import Kind
from storage import actions, batches, corrections, counters, retention
from storage.efficiency import efficiency
from storage.locks import lock_appointments
from storage.proposals import actions_about
from storage.store import Store
from storage.tables import Appointment, key_of
from tests.hmo import HOUSE, Hmo, join
from tests.waiting import until

WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


@dataclass
class Gate:
    """Holds an appointment until all who come after it stand in the queue."""

    store: Store
    tries: list[str] = field(default_factory=list)

    async def let_through(self, appointment_id: int, *works: Callable[[Session], Any]) -> None:
        """Start the works one after another behind the gate, then open it."""
        with Session(self.store.engine) as gate:
            lock_appointments(gate, col(Appointment.id) == appointment_id)
            queue = []
            for number, work in enumerate(works, 1):
                queue.append(asyncio.create_task(self.store.write(self.counted, work)))
                await until(lambda number=number: self.ask(WAITING) == number)  # type: ignore[misc]
            gate.rollback()
        await asyncio.gather(*queue)
        assert len(self.tries) == len(works), "one was undone and run again"
        assert await self.deadlocks() == 0
        assert self.store.read_now(counters.verify) == []

    def counted(self, session: Session, work: Callable[[Session], Any]) -> None:
        self.tries.append(repr(work))
        work(session)

    def ask(self, question: Any) -> int:
        return int(self.store.read_now(lambda session: session.scalar(question)) or 0)

    async def deadlocks(self) -> int:
        """As PostgreSQL has counted them: it writes that down when a connection ends."""
        self.store.engine.dispose()
        await until(lambda: self.ask(OTHERS) == 0)
        return self.ask(DEADLOCKS)


@pytest.fixture
def gate(postgres_store: Store) -> Gate:
    return Gate(postgres_store)


@pytest.fixture
def noa(postgres_store: Store, clock: HandClock) -> Member:
    """A manager of a department with one patient, whose coming visits came in latest first."""
    hmo = Hmo(clock.now())
    hmo.visit("p", 2, key="second")
    hmo.visit("p", 1, key="first")
    for days in (-20, -30):
        hmo.visit("p", days, "noshow", key="missed" if days == -20 else None)
    hmo.load(postgres_store)
    return join(postgres_store, Role.MANAGER, 1, "Noa", clock.now())


async def test_undoing_a_batch_and_undoing_one_of_its_transfers(
    gate: Gate, clock: HandClock, noa: Member
) -> None:
    confirm(gate.store, noa, clock)
    first, now = key(gate.store, "first"), clock.now()
    (action,) = gate.store.read_now(about, first)
    await gate.let_through(
        first,
        lambda session: actions.undo(session, noa, action, now),
        lambda session: batches.undo(session, noa, 1, now),
    )
    assert gate.store.read_now(figure, noa, clock) == 0


async def test_a_note_on_a_proposal_and_its_decision(
    gate: Gate, clock: HandClock, noa: Member
) -> None:
    first, now = key(gate.store, "first"), clock.now()
    dana = join(gate.store, Role.STAFF, 2, "Dana", now)
    gate.store.write_now(actions.propose, dana, first, Kind.TRANSFER, now, HOUSE.threshold)
    (action,) = gate.store.read_now(about, first)
    await gate.let_through(
        first,
        lambda session: actions.decline(session, noa, action, now),
        lambda session: actions.add_note(session, dana, first, "no answer twice", now),
    )


async def test_excusing_a_no_show_and_a_batch_about_the_visits_that_come_after_it(
    gate: Gate, clock: HandClock, noa: Member
) -> None:
    draft(gate.store, noa, clock)
    second, missed, now = key(gate.store, "second"), key(gate.store, "missed"), clock.now()
    await gate.let_through(
        second,
        lambda session: batches.confirm(session, noa, 1, now, 1),
        lambda session: corrections.excuse(session, noa, missed, Excuse.OTHER, now),
    )
    assert gate.store.read_now(figure, noa, clock) == 2


async def test_making_a_patient_anonymous_and_decisions_about_their_visits(
    gate: Gate, clock: HandClock, noa: Member
) -> None:
    missed, first = key(gate.store, "missed"), key(gate.store, "first")
    gate.store.write_now(actions.propose, noa, first, Kind.TRANSFER, clock.now(), 1)
    (action,) = gate.store.read_now(about, first)
    clock.move(timedelta(days=900))
    before, now = clock.now() - timedelta(days=730), clock.now()
    due = gate.store.read_now(retention.past_patients, before)
    assert len(due) == 1
    await gate.let_through(
        first,
        lambda session: actions.decline(session, noa, action, now),
        lambda session: corrections.excuse(session, noa, missed, Excuse.OTHER, now),
        lambda session: retention.anonymise(session, due, before, now),
    )


def about(session: Session, appointment_id: int) -> list[int]:
    return [action.id for action in actions_about(session, appointment_id)]


def draft(store: Store, member: Member, clock: HandClock) -> None:
    chosen = select_criteria(Criteria(), member, HOUSE, clock.now())
    store.write_now(batches.draft_from_list, member, "risk:7.-.-:0", chosen, clock.now())


def confirm(store: Store, member: Member, clock: HandClock) -> None:
    draft(store, member, clock)
    assert store.write_now(batches.confirm, member, 1, clock.now(), HOUSE.threshold)
    assert store.read_now(figure, member, clock) == 2


def figure(session: Session, member: Member, clock: HandClock) -> int:
    return efficiency(session, select_criteria(Criteria(), member, HOUSE, clock.now())).actioned


def key(store: Store, external_id: str) -> int:
    wanted = select(Appointment).where(Appointment.external_id == external_id)
    return key_of(store.read_now(lambda session: session.exec(wanted).one()))
