"""The predictor: the model in charge at work, for the job that scores and for whoever asks why."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import structlog
from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.prediction import model_files
from domain.clock import Clock
from domain.criteria import House
from domain.days import Span
from domain.prediction.features import features
from domain.prediction.model import ModelRefused, NoShowModel
from domain.prediction.reasons import reasons
from domain.prediction.recent import LEVEL_DAYS, Recent
from domain.prediction.visits import Ints
from storage import models, watching
from storage.history import outcomes_by_day, visits_of
from storage.models import Version
from storage.store import Store
from storage.tables import Appointment, Department

RENEWED_EVERY: Final = 300.0
"""Seconds for which what is known of the last weeks is good enough, also when outcomes come in."""

log = structlog.get_logger()


@dataclass(frozen=True)
class ModelAtWork:
    """A model with what it has to know of the last weeks; see `storage.rescoring.Scorer`."""

    model_id: int
    model: NoShowModel
    recent: Recent
    zone: ZoneInfo

    def thousandths(
        self, targets: pd.DataFrame, now: datetime, known: pd.DataFrame
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The chance of each target as seen now, 1–999, from all visits of its patients."""
        chances = self.model.chances(self.features(targets, now, known))
        return np.clip(np.round(chances * 1000), 1, 999).astype(np.int64)

    def features(self, targets: pd.DataFrame, now: datetime, known: pd.DataFrame) -> pd.DataFrame:
        """What is known of each target now."""
        on_the_wall = now.astimezone(self.zone).replace(tzinfo=UTC)
        moments: Ints = np.full(len(targets), int(on_the_wall.timestamp()))
        return features(targets, moments, known, self.recent)


@dataclass(frozen=True)
class _Outcomes:
    """The HMO's recent outcomes as of a day, and when they were read (monotonic seconds)."""

    day: date
    version: int
    recent: Recent
    read_at: float


class Predictor:
    """Knows the model in charge, and keeps it and the recent outcomes at hand.

    Args:
        store: Where the schedule and the register of models are.
        house: The HMO's calendar.
        data_dir: Where the files of models are.
        clock: Tells the present.
    """

    def __init__(self, store: Store, house: House, data_dir: Path, clock: Clock) -> None:
        self._store = store
        self._calendar = house.calendar
        self._data_dir = data_dir
        self._clock = clock
        self._loaded: tuple[int, NoShowModel] | None = None
        self._outcomes: _Outcomes | None = None
        self._turn = asyncio.Lock()

    async def at_work(self) -> ModelAtWork | None:
        """The model in charge, `None` while the rule is.

        A model whose file cannot be used is taken out of charge, and admins are told.
        """
        async with self._turn:
            key = await self._store.read(models.key_in_charge)
            model = await self._model(key) if key else None
            if key is None or model is None:
                return None
            recent = await self._recent()
            return ModelAtWork(key, model, recent, self._calendar.zone)

    async def reasons(self, appointment_id: int) -> list[str]:
        """Why an appointment has its chance, strongest first; none while no model can say."""
        at_work = await self.at_work()
        if at_work is None:
            return []
        return await self._store.read(_reasons, at_work, appointment_id, self._clock.now())

    async def _model(self, key: int) -> NoShowModel | None:
        if self._loaded and self._loaded[0] == key:
            return self._loaded[1]
        version = await self._store.read(models.with_key, key)
        if version is None:
            return None
        try:
            model = await asyncio.to_thread(_load, self._data_dir, version)
        except ModelRefused as refusal:
            log.error("a model cannot be used", model=version.name, reason=str(refusal))
            await self._store.write(_give_up, key, self._clock.now())
            return None
        self._loaded = key, model
        return model

    async def _recent(self) -> Recent:
        today = self._calendar.day_of(self._clock.now())
        version = await self._store.read(_version)
        known = self._outcomes
        fresh = known and (
            known.version == version or time.monotonic() - known.read_at < RENEWED_EVERY
        )
        if known and known.day == today and fresh:
            return known.recent
        span = Span(today - timedelta(days=LEVEL_DAYS), today - timedelta(days=1))
        recent = Recent(await self._store.read(outcomes_by_day, span, self._calendar))
        self._outcomes = _Outcomes(today, version, recent, time.monotonic())
        return recent


def _load(data_dir: Path, version: Version) -> NoShowModel:
    model = model_files.load(data_dir, version)
    model.ready()
    return model


def _give_up(session: Session, key: int, now: datetime) -> None:
    if models.take_out_of_charge(session, key, now):
        watching.tell_admins(session, key, "refused", now)


def _version(session: Session) -> int:
    """Grows whenever any outcome may have changed."""
    return session.scalar(select(func.coalesce(func.sum(col(Department.outcomes)), 0))) or 0


def _reasons(
    session: Session, at_work: ModelAtWork, appointment_id: int, now: datetime
) -> list[str]:
    found = session.execute(
        select(col(Appointment.patient_id), col(Department.name))
        .join(Department, col(Department.id) == col(Appointment.department_id))
        .where(
            col(Appointment.id) == appointment_id,
            col(Appointment.chance_by) == at_work.model_id,
            col(Appointment.start) > now,
        )
    ).first()
    if found is None:
        return []
    patient, department = found
    known = visits_of(session, [patient], at_work.zone)
    target = known[known["appointment"] == appointment_id].reset_index(drop=True)
    if target.empty:
        return []
    seen = at_work.features(target, now, known)
    return reasons(seen.iloc[0], at_work.model.contributions(seen).iloc[0], department)
