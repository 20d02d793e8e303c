"""Authorising a large batch: one transaction."""

from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Final

from sqlalchemy import delete, select
from sqlmodel import Session, col

from domain.people import Member, Role
from storage.batches import confirm, draft_from_list, undo
from storage.tables import Batch, BatchItem
from tests.bench.databases import POSTGRESQL, SQLITE, Databases
from tests.bench.history import NOW
from tests.bench.questions import MONTH
from tests.bench.results import Result, at_most, short
from tests.hmo import join

_SIZE: Final = 10_000


def batch(databases: Databases, rounds: int) -> Iterator[Result]:
    """A batch of 10,000 (or all there are), authorised; undone again for the next round."""
    for where in (SQLITE, POSTGRESQL):
        store = databases.store(where, databases.large)
        manager = join(store, Role.MANAGER, 1, "Noa", NOW)
        times = []
        for number in range(rounds):
            moment = NOW + timedelta(seconds=number)
            batch_id = store.write_now(_draft, manager)
            began = perf_counter()
            store.write_now(confirm, manager, batch_id, moment, MONTH.threshold)
            times.append((perf_counter() - began) * 1000)
            size = store.read_now(_authorized, batch_id)
            store.write_now(undo, manager, batch_id, moment)
        name = f"batch of {size:,} authorised, {short(databases.large)}"
        yield Result(name, where, median(times), "ms", at_most(1000))


def _draft(session: Session, member: Member) -> int:
    """A draft of the month's list, cut to the size wanted."""
    batch_id = draft_from_list(session, member, "bench", MONTH, NOW)
    items = select(col(BatchItem.appointment_id)).where(col(BatchItem.batch_id) == batch_id)
    kept = items.order_by(col(BatchItem.appointment_id)).limit(_SIZE)
    session.execute(
        delete(BatchItem).where(
            col(BatchItem.batch_id) == batch_id, col(BatchItem.appointment_id).not_in(kept)
        )
    )
    return batch_id


def _authorized(session: Session, batch_id: int) -> int:
    return session.get_one(Batch, batch_id).done
