"""Copying a schedule: all of it arrives, from either database, and nothing else does."""

from pathlib import Path

from sqlalchemy import func, select
from sqlmodel import Session, SQLModel

from domain.clock import HandClock
from domain.people import Role
from storage import counters
from storage.copying import copy_schedule
from storage.store import Store
from tests.databases import with_tables
from tests.e2e.town import a_small_hmo
from tests.hmo import join


def test_a_copy_holds_the_schedule_and_neither_people_nor_decisions(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    hmo = a_small_hmo(clock.now())
    hmo.load(store)
    join(store, Role.MANAGER, 7, "Noa", clock.now())
    copy = with_tables(f"sqlite:///{tmp_path / 'copy.db'}")
    copy_schedule(store, copy)
    for name in ("patient", "department", "clinician", "appointment", "daily_count"):
        assert copy.read_now(kept, name) == store.read_now(kept, name) != []
    assert copy.read_now(kept, "member") == []
    assert copy.read_now(counters.verify) == []
    assert hmo.load(copy).unchanged == len(hmo.rows)
    assert store.read_now(count, "appointment") == len(hmo.rows)
    copy.close()


def kept(session: Session, name: str) -> list[str]:
    """Every row of a table as text."""
    table = SQLModel.metadata.tables[name]
    return sorted(repr(tuple(row)) for row in session.execute(select(table)))


def count(session: Session, name: str) -> int | None:
    table = SQLModel.metadata.tables[name]
    return session.scalar(select(func.count()).select_from(table))
