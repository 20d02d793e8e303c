"""Trains on one history in a process of its own, so that its peak memory is its own.

`python -m tests.bench.training URL` prints what it took as one line of JSON.
"""

import json
import sys
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Final

from bot.prediction.records import read_records
from domain.prediction.training import MOST_ROWS, TooLittle, train
from storage.store import Store
from tests.bench.history import NOW
from tests.bench.loading import peak_mb
from tests.hmo import HOUSE

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


def lesson(url: str) -> Lesson:
    """Learn from the latest million outcomes of a history."""
    store = Store(url)
    began = perf_counter()
    today = HOUSE.calendar.day_of(NOW)
    known = store.read_now(read_records, HOUSE.calendar, today, MOST_ROWS)
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


if __name__ == "__main__":
    print(json.dumps(asdict(lesson(sys.argv[1]))))
