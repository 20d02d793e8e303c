"""A clinic with a record that can be learned from, and a model that has learned from it."""

import json
from datetime import date, datetime
from functools import cache
from pathlib import Path

from bot.prediction import model_files
from bot.prediction.learning import Lesson, learn
from bot.prediction.predictor import Predictor
from domain.clock import HandClock
from domain.prediction.features import features
from domain.prediction.model import NoShowModel
from domain.prediction.recent import Recent
from domain.prediction.training import train
from domain.prediction.visits import day_of, evening_before
from storage import models
from storage.models import Version
from storage.store import Store
from tests.clinic_record import record, rows_of
from tests.hmo import HOUSE, Hmo

REPORT = {"last_day": "2026-11-22", "rows": 4_000, "verdict": None}


@cache
def _rows() -> str:
    return json.dumps(rows_of(record(1_500, 60, 1, coming=25)))


def clinic(now: datetime) -> Hmo:
    """Some 6,000 visits of 60 days, and what is booked for the coming 25."""
    return Hmo(now, json.loads(_rows()))


@cache
def a_model() -> NoShowModel:
    """One that has learned from such a clinic; made once, since that takes a second."""
    known = record(1_500, 60, 1)
    done = known[known["outcome"].notna()].reset_index(drop=True)
    seen = features(done, evening_before(done), known, Recent.of(known))
    days = day_of(done["start"].to_numpy())
    return train(seen, done["outcome"].to_numpy(), days, threads=1).model


def lesson(folder: Path) -> Lesson:
    """How the tests learn."""
    return Lesson(HOUSE, folder)


def trained(store: Store, folder: Path, now: datetime, until: date | None = None) -> Version:
    """A model of what is in the store."""
    return learn(store, lesson(folder), until or HOUSE.calendar.day_of(now), now)


def in_charge(store: Store, folder: Path, now: datetime, name: str = "2026-11-23-1") -> Version:
    """Keep a model under a name and put it in charge."""
    sha256 = model_files.save(folder, name, a_model(), "its card")
    kind = a_model().kind.value
    store.write_now(models.add, name=name, kind=kind, sha256=sha256, report=REPORT, now=now)
    found = store.write_now(models.activate, name, now)
    assert found
    return found


def predictor(store: Store, folder: Path, clock: HandClock) -> Predictor:
    """A new one, as after a start of the program."""
    return Predictor(store, HOUSE, folder, clock)
