"""Evaluating: how a model would have done on days that it had not seen, split by time only."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bot.prediction import model_files
from bot.prediction.learning import Lesson, judged_by
from bot.prediction.records import Records, Tell, date_of, number_of, read_records
from bot.prediction.reports import Judged
from domain.prediction.model import ModelRefused, NoShowModel
from domain.prediction.training import TooLittle, train
from storage import models
from storage.copying import copy_schedule
from storage.feeds.importing import import_file
from storage.feeds.mapping import read_mapping
from storage.migrate import upgrade
from storage.store import Store


@dataclass(frozen=True)
class Question:
    """What is to be judged.

    Attributes:
        since: The first day that is judged; `None` for the days after those that the model has
            learned from, or for the last quarter of the days.
        model: `None` for one that is trained on the days before, and then forgotten.
        learned_until: The first day from which the model has not learned.
    """

    since: date | None = None
    model: NoShowModel | None = None
    learned_until: date | None = None


def about(store: Store, data_dir: Path, name: str | None, since: date | None) -> Question:
    """The question about a model of the register, or about none.

    Raises:
        domain.prediction.model.ModelRefused: It cannot be used, or has seen days on which it is
            to be judged.
        storage.models.NoSuchModel: There is none of that name.
    """
    if name is None:
        return Question(since)
    version = store.read_now(models.version, name)
    until = date.fromisoformat(version.report["last_day"]) + timedelta(days=1)
    if since and since < until:
        raise ModelRefused(
            f"{name} has learned from days before {until}: it can be judged only from then on"
        )
    return Question(since, model_files.load(data_dir, version), until)


def evaluate(
    store: Store, lesson: Lesson, asked: Question, now: datetime, tell: Tell = lambda _: None
) -> Judged:
    """Judge chances on later days, each appointment as it was known on the evening before.

    Raises:
        domain.prediction.training.TooLittle: There is too little before, or since, that day.
    """
    calendar = lesson.house.calendar
    tomorrow = calendar.day_of(now) + timedelta(days=1)
    records = store.read_now(read_records, calendar, tomorrow, lesson.most, tell)
    early, late = _split(records, asked.since or asked.learned_until or _last_quarter(records))
    model = asked.model or _trained(early, lesson, tell)
    tell("judging")
    return judged_by(early, late, model.chances(late.features), lesson.house.threshold)


@contextlib.contextmanager
def with_file(
    store: Store, lesson: Lesson, file: Path, maps: Sequence[str], now: datetime
) -> Iterator[Store]:
    """A throw-away copy of the store's schedule into which a file has been imported.

    Raises:
        ImportRefused: The file, or the mapping, cannot be used.
    """
    mapping = read_mapping(maps)
    with TemporaryDirectory(prefix="slotwise-evaluate-") as folder:
        copy = Store(f"sqlite:///{Path(folder, 'copy.db')}")
        try:
            upgrade(copy)
            copy_schedule(store, copy)
            import_file(
                copy,
                file,
                name=file.name,
                mapping=mapping,
                calendar=lesson.house.calendar,
                now=now,
                chance=np.random.default_rng(),
                rejects=Path(folder, "rejects.csv"),
            )
            yield copy
        finally:
            copy.close()


def _last_quarter(records: Records) -> date:
    days = np.unique(records.days)
    return date_of(int(days[-max(len(days) // 4, 1)]))


def _split(records: Records, since: date) -> tuple[Records, Records]:
    first = number_of(since)
    early, late = records.of(records.days < first), records.of(records.days >= first)
    if not len(early.outcomes):
        raise TooLittle(f"no outcome before {since} is known, to learn from")
    if len(np.unique(late.outcomes)) < 2:
        raise TooLittle(f"from {since} on there are no-shows only, or none at all")
    return early, late


def _trained(early: Records, lesson: Lesson, tell: Tell) -> NoShowModel:
    return train(
        early.features, early.outcomes, early.days, threads=lesson.threads, tell=tell
    ).model
