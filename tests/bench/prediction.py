"""Prediction: what the model is worth on real appointments, and what it costs on large ones."""

import importlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from domain.prediction.judging import Judgement, auc
from tests.bench.databases import SQLITE, Databases
from tests.bench.rescoring import rescoring
from tests.bench.results import Result, Target, at_least, at_most, short
from tests.bench.training import Lesson
from tests.vitoria import FILE, MISSING, TESTED_FROM, judged, take_in

_TARGETS: Final[tuple[tuple[str, str, Target], ...]] = (
    ("auc", "AUC", at_least(0.735)),
    ("auc_ahead", "AUC of those booked ahead", at_least(0.60)),
    ("brier_ratio", "Brier ÷ the constant chance’s", at_most(0.90)),
)


def prediction(databases: Databases, folder: Path, rounds: int) -> Iterator[Result]:
    """All of it; what cannot be measured here is said and left out."""
    if FILE.exists():
        yield from _worth(databases)
    else:
        databases.say(f"no real appointments: {MISSING}")
    yield from _cost(databases)
    yield from rescoring(databases, folder, rounds)


def _worth(databases: Databases) -> Iterator[Result]:
    """The model on days that it has not seen, beside the rule and a usual forest."""
    databases.say("learning from the real appointments of Vitória")
    store = databases.empty(SQLITE, "vitoria")
    take_in(store, databases.folder / "vitoria.rejects.csv")
    found = judged(store)
    for name, words, target in _TARGETS:
        yield _told(words, getattr(found, name), target)
    yield _told("calibration slope", found.slope, at_least(0.9))
    yield _told("calibration slope", found.slope, at_most(1.1))
    yield _told("precision ÷ the rule’s", found.lift, at_least(1.2))
    yield from _beside_a_usual_forest(databases, found)


def _told(words: str, value: float, target: Target | None = None, by: str = "model") -> Result:
    return Result(f"no-shows foretold: {words}", f"Vitória, {by}", value, "", target, digits=3)


def _beside_a_usual_forest(databases: Databases, found: Judgement) -> Iterator[Result]:
    """What scikit-learn's random forest makes of the same days without any preparation."""
    if importlib.util.find_spec("sklearn") is None:
        databases.say("scikit-learn is not here, so its random forest is left out")
        return
    raw = _raw_columns()
    early = raw.pop("day") < TESTED_FROM.toordinal()
    missed = raw.pop("missed")
    forest: Any = importlib.import_module("sklearn.ensemble").RandomForestClassifier
    grown = forest(random_state=1, n_jobs=-1).fit(raw[early], missed[early])
    chances = np.asarray(grown.predict_proba(raw[~early]))[:, 1]
    value = auc(missed[~early].to_numpy(np.float64), chances)
    yield _told("AUC", value, by="scikit-learn’s forest")
    yield _told("AUC, ours − its", found.auc - value, at_least(0), by="ours − its")


def _raw_columns() -> pd.DataFrame:
    """The columns of the file as numbers, with the days from booking to visit."""
    rows = pd.read_csv(FILE)
    booked, start = (pd.to_datetime(rows[name]) for name in ("ScheduledDay", "AppointmentDay"))
    raw = rows[["Age", "Scholarship", "Hipertension", "Diabetes", "Alcoholism", "Handcap"]].assign(
        sex=rows["Gender"] == "M",
        department=rows["Neighbourhood"].astype("category").cat.codes,
        reminder=rows["SMS_received"],
        lead=(start.dt.normalize() - booked.dt.normalize()).dt.days,
        booked=[moment.toordinal() for moment in booked],
        day=[moment.toordinal() for moment in start],
        missed=rows["No-show"] == "Yes",
    )
    return raw[raw["lead"] >= 0]


def _cost(databases: Databases) -> Iterator[Result]:
    """Learning from a history and from one of ten times its size, each in its own process."""
    small, large = (_lesson(databases, rows) for rows in (databases.small, databases.large))
    if not large.training:
        databases.say(f"{large.rows:,} outcomes are too few to learn from")
        return
    less, more = (f"{short(rows)} on record" for rows in (databases.small, databases.large))
    yield Result(f"training: records of {short(large.rows)} read", more, large.reading, "s")
    yield Result(f"training: {short(large.rows)} learned from", more, large.training, "s")
    yield Result("chances given, features at hand", more, large.scored, "rows/s")
    whole = small.rows / (small.reading + small.rows / large.scored)
    yield Result("chances given, out of the store", less, whole, "rows/s")
    yield Result("training, peak", less, small.peak_mb, "MB")
    yield Result("training, peak", more, large.peak_mb, "MB")
    if large.rows < 1.5 * small.rows:  # else what is learned from has grown as well
        sizes = f"{short(databases.large)} ÷ {short(databases.small)}"
        yield Result("training, peak", sizes, large.peak_mb / small.peak_mb, "×", at_most(1.25))


def _lesson(databases: Databases, rows: int) -> Lesson:
    databases.store(SQLITE, rows)
    databases.say(f"learning from {short(rows)} appointments")
    command = [sys.executable, "-m", "tests.bench.training", databases.url(SQLITE, rows)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Lesson(**json.loads(done.stdout))
