"""Learning: from the store to a model that is trained, judged, written to a file and registered."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd
from sqlmodel import Session

from bot.prediction import model_files
from bot.prediction.cards import card
from bot.prediction.records import Bools, Records, Tell, read_records
from bot.prediction.reports import Judged, report
from domain.criteria import House
from domain.prediction.baselines import Baselines
from domain.prediction.training import MOST_ROWS, Trained, train
from domain.prediction.visits import Floats
from storage import learning, models
from storage.models import Version
from storage.store import Store

MOST_EXPLAINED: Final = 20_000
"""Appointments on which is measured what counts: more would only take longer."""


@dataclass(frozen=True)
class Lesson:
    """What is learned from, and how much of it.

    Attributes:
        house: The HMO's calendar, and the rule that models are compared with.
        data_dir: Where models are kept.
        audit_groups: Columns of the feed by which fairness is audited.
        threads: How many to use, 0 for as many as there are. More than one is quicker only on
            a machine with nothing else to do.
        most: Appointments at most, the latest.
    """

    house: House
    data_dir: Path
    audit_groups: tuple[str, ...] = ()
    threads: int = 1
    most: int = MOST_ROWS


def learn(
    store: Store, lesson: Lesson, until: date, now: datetime, tell: Tell = lambda _: None
) -> Version:
    """Train a model on the appointments before a day, judge it and keep it; not yet in charge.

    Its report's `verdict` says why it should not be put in charge, if so.

    Args:
        store: A migrated store.
        lesson: What is learned from, and where the model goes.
        until: The first day that is not learned from.
        now: The present (aware).
        tell: Told in a few words what is being done.

    Raises:
        domain.prediction.training.TooLittle: There is too little to learn from.
        OSError: The files cannot be written.
    """
    records = store.read_now(read_records, lesson.house.calendar, until, lesson.most, tell)
    trained = train(
        records.features, records.outcomes, records.days, threads=lesson.threads, tell=tell
    )
    tell("judging it beside the rule, lead time and prior rate")
    chosen = choosing_days(records, trained)
    judged = judge_choosing(records, trained, lesson.house.threshold)
    groups = store.read_now(learning.groups, chosen.span, lesson.audit_groups)
    found = report(records, trained, judged, sample_of(chosen))
    name = store.read_now(free_name, until)
    text = card(name, now, found, judged, groups.loc[judged.records.appointments])
    sha256 = model_files.save(lesson.data_dir, name, trained.model, text)
    return store.write_now(_register, name, trained, sha256, found, now)


def choosing_days(records: Records, trained: Trained) -> Records:
    """The days on which the two kinds of trees were compared, and which the report judges."""
    return records.of(_choosing(records, trained))


def judge_choosing(records: Records, trained: Trained, threshold: int) -> Judged:
    """What the chosen kind, grown on the days before only, and the baselines said of them."""
    late = choosing_days(records, trained)
    early = records.of(records.days < trained.slices.choosing_from)
    return judged_by(early, late, trained.chances, threshold)


def judged_by(early: Records, late: Records, chances: Floats, threshold: int) -> Judged:
    """Chances of later appointments beside what the baselines, learned earlier, say of them."""
    known = Baselines.learned(early.features, early.outcomes, threshold)
    said = {"model": chances, **known.chances(late.features)}
    return Judged(late, said, float(early.outcomes.mean()), late.flagged(threshold))


def sample_of(records: Records) -> pd.DataFrame:
    """The features of some of them, spread evenly."""
    step = -(-len(records.features) // MOST_EXPLAINED)
    return records.features.iloc[::step].reset_index(drop=True)


def free_name(session: Session, until: date) -> str:
    """`2016-05-29-1`: the day up to which was learned, and the how-manieth of it."""
    taken = {version.name for version in models.versions(session)}
    number = 1
    while f"{until}-{number}" in taken:
        number += 1
    return f"{until}-{number}"


def _register(
    session: Session,
    name: str,
    trained: Trained,
    sha256: str,
    found: dict[str, Any],
    now: datetime,
) -> Version:
    kind = trained.model.kind.value
    models.add(session, name=name, kind=kind, sha256=sha256, report=found, now=now)
    return models.version(session, name)


def _choosing(records: Records, trained: Trained) -> Bools:
    slices = trained.slices
    return (records.days >= slices.choosing_from) & (records.days < slices.calibrating_from)
