"""Trains on one history in a process of its own, so that its peak memory is its own.

`python -m tests.bench.training URL ROWS` prints what it took as one line of JSON.
"""

import json
import math
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from time import perf_counter
from typing import Final

from domain.days import Span
from domain.prediction.training import MOST_ROWS, TooLittle, train
from storage.store import Store
from tests.bench.history import DAYS_BACK, NOW, OUTCOMES
from tests.bench.loading import peak_mb
from tests.hmo import HOUSE
from tests.learned import record

_SCORED: Final = 100_000


@dataclass(frozen=True)
class Lesson:
    """What training took.

    Attributes:
        rows: Appointments that were learned from.
        reading: Seconds for reading their patients' records and making features of them.
        training: Seconds for both kinds of trees; 0 if there was too little to learn from.
        scored: Appointments that the model gives a chance in a second.
        peak_mb: The process's greatest resident memory.
    """

    rows: int
    reading: float
    training: float
    scored: float
    peak_mb: float


def lesson(url: str, rows: int) -> Lesson:
    """Learn from the latest million outcomes of a history of so many appointments."""
    store = Store(url)
    began = perf_counter()
    known = record(store, HOUSE.calendar, _latest(rows))
    store.close()
    read = perf_counter()
    try:
        model = train(known.features, known.outcomes, known.days, threads=1).model
    except TooLittle:
        return Lesson(len(known.features), read - began, 0, 0, peak_mb())
    trained = perf_counter()
    some = known.features[:_SCORED]
    model.chances(some)
    scored = len(some) / (perf_counter() - trained)
    return Lesson(len(known.features), read - began, trained - read, scored, peak_mb())


def _latest(rows: int) -> Span:
    """The latest days that hold a million outcomes, or all there are."""
    days = min(math.ceil(MOST_ROWS / (rows * OUTCOMES)), DAYS_BACK)
    yesterday = HOUSE.calendar.day_of(NOW) - timedelta(days=1)
    return Span(yesterday - timedelta(days=days - 1), yesterday)


if __name__ == "__main__":
    print(json.dumps(asdict(lesson(sys.argv[1], int(sys.argv[2])))))
