"""Scoring after a status change: the chances of one patient, and who is singled out that day."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bot.demo.sample_store import SAMPLE_HOUSE
from bot.prediction.predictor import ModelAtWork
from bot.prediction.records import read_records
from domain.prediction.model import NoShowModel
from domain.prediction.recent import LEVEL_DAYS, Recent
from domain.prediction.training import MOST_ROWS, train
from domain.statuses import Status
from storage import counters
from storage import rescoring as queue
from storage.history import outcomes_by_day
from storage.store import Store
from storage.tables import Appointment, ModelRow, ModelUse, Repick, Rescore, key_of
from tests.bench.databases import POSTGRESQL, SQLITE, Databases
from tests.bench.history import NOW
from tests.bench.results import Result, at_most, short
from tests.bench.sample import sample_store
from tests.hmo import HOUSE

_WARM_UP: Final = 3


def rescoring(databases: Databases, folder: Path, rounds: int) -> Iterator[Result]:
    """After the commit of a status, each step with its own commit, on the large history."""
    model = _model(folder)
    size = short(databases.large)
    for where in (SQLITE, POSTGRESQL):
        scored, singled_out = _timed(databases.store(where, databases.large), model, rounds)
        yield Result(f"scored after a status change, {size}", where, scored, "ms", at_most(20))
        yield Result(f"singled out anew on its days, {size}", where, singled_out, "ms")


def _model(folder: Path) -> NoShowModel:
    """A model of the sample HMO, which is large enough at any size of the histories."""
    with sample_store(folder, "model.db") as store:
        calendar = SAMPLE_HOUSE.calendar
        today = calendar.day_of(NOW)
        known = store.read_now(read_records, calendar, today, MOST_ROWS)
    return train(known.features, known.outcomes, known.days, threads=1).model


def _timed(store: Store, model: NoShowModel, rounds: int) -> tuple[float, float]:
    """Median milliseconds of scoring and of singling out; the history stays what it was."""
    key = store.write_now(_put_in_charge)
    calendar = HOUSE.calendar
    outcomes = store.read_now(outcomes_by_day, calendar.back(NOW, LEVEL_DAYS), calendar)
    scorer = ModelAtWork(key, model, Recent(outcomes), calendar.zone)
    chosen = store.read_now(_attended, rounds + _WARM_UP)
    scored: list[float] = []
    singled_out: list[float] = []
    try:
        for appointment in chosen.values():
            store.write_now(counters.apply_status_change, appointment, Status.NOSHOW, NOW)
            began = perf_counter()
            store.write_now(queue.score, scorer, calendar, NOW, 1)
            between = perf_counter()
            store.write_now(queue.pick, queue.SCORED_AHEAD)
            scored.append((between - began) * 1000)
            singled_out.append((perf_counter() - between) * 1000)
    finally:
        store.write_now(_put_back, chosen)
    return median(scored[_WARM_UP:]), median(singled_out[_WARM_UP:])


def _put_in_charge(session: Session) -> int:
    """Let a model be in charge without having everybody scored; its key."""
    row = ModelRow(name="bench", kind="boosted", made_at=NOW, sha256="", report="{}")
    session.add(row)
    session.flush()
    session.add(ModelUse(model_id=key_of(row), since=NOW))
    return key_of(row)


def _attended(session: Session, number: int) -> dict[int, int]:
    """One earlier visit of so many patients who are to come again soon."""
    coming, before = aliased(Appointment), aliased(Appointment)
    last = HOUSE.calendar.ahead(NOW, queue.SCORED_AHEAD).last
    rows = session.execute(
        select(col(before.patient_id), func.max(col(before.id)))
        .join(coming, col(coming.patient_id) == col(before.patient_id))
        .where(
            *(col(coming.status) == Status.BOOKED, col(coming.start) > NOW),
            *(col(coming.day) <= last, col(coming.id) % 7 == 0),
            *(col(before.status) == Status.FULFILLED, col(before.start) < NOW),
        )
        .group_by(col(before.patient_id))
        .limit(number)
    )
    return dict(tuple(row) for row in rows)


def _put_back(session: Session, chosen: dict[int, int]) -> None:
    for appointment in chosen.values():
        counters.apply_status_change(session, appointment, Status.FULFILLED, NOW)
    session.execute(
        update(Appointment)
        .where(col(Appointment.patient_id).in_(chosen))
        .values(chance=0, chance_by=None, picked=False)
    )
    for table in (Rescore, Repick, ModelUse, ModelRow):
        session.execute(delete(table))
