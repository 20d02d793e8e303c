"""A large made-up history as a CSV feed: 18 months, and the 30 days to come.

It is drawn and written day by day, so a history of any size takes little memory. Patients come
about eight times each, and some miss far more visits than others: about one coming appointment in
nine is of a patient with two or more earlier no-shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.hmo import ZONE

NOW: Final = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
"""The present of every history, so that one that was kept stays good."""

COLUMNS: Final = (
    "appointment_id", "patient_id", "department", "start", "status", "booked_at", "birth_date",
    "sex", "clinician", "duration", "reminder_sent",
)  # fmt: skip

_SEED: Final = 20261123
DAYS_BACK: Final = 540
_DAYS_AHEAD: Final = 30
_DEPARTMENTS: Final = 40
_CLINICIANS: Final = 25
_VISITS: Final = 8
_NO_SHOW: Final = 0.0625
_CANCELLED: Final = 0.12
_UNRECORDED: Final = 0.003
OUTCOMES: Final = (1 - _CANCELLED - _UNRECORDED) / (DAYS_BACK + _DAYS_AHEAD)
"""Share of all appointments that lie on one past day and have an outcome."""
_OLDEST: Final = 95 * 365

_CLOCK: Final = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]
_DURATIONS: Final = (10, 15, 20, 30)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Patients:
    """One entry per patient.

    Attributes:
        upto: Running share of the visits, for drawing who comes.
        propensity: How readily they miss a visit, relative to others.
        born: Days of age at present.
    """

    upto: Floats
    propensity: Floats
    home: Ints
    born: Ints


def write_history(path: Path, rows: int) -> None:
    """Write a history of so many appointments, the same one each time, by start."""
    chance = np.random.default_rng(_SEED)
    patients = _patients(chance, max(rows // _VISITS, 1))
    days = range(-DAYS_BACK, _DAYS_AHEAD)
    bounds = np.linspace(0, rows, len(days) + 1).astype(np.int64).tolist()
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        for day, first, last in zip(days, bounds, bounds[1:], strict=False):
            file.writelines(_day(chance, patients, day, range(first, last)))


def _patients(chance: Generator, number: int) -> _Patients:
    visits = np.cumsum(chance.gamma(3, size=number))
    return _Patients(
        upto=visits / visits[-1],
        propensity=chance.gamma(0.7, 1 / 0.7, number),
        home=chance.integers(0, _DEPARTMENTS, number),
        born=chance.integers(0, _OLDEST, number),
    )


def _day(chance: Generator, patients: _Patients, day: int, numbers: range) -> Iterator[str]:
    """The lines of one day; `day` counts from today."""
    size = len(numbers)
    today = NOW.astimezone(ZONE).toordinal()
    patient = np.searchsorted(patients.upto, chance.random(size))
    elsewhere = chance.random(size) < 0.2
    department = np.where(elsewhere, chance.integers(0, _DEPARTMENTS, size), patients.home[patient])
    minute = np.sort(8 * 60 + 15 * chance.integers(0, 40, size))
    wait = np.minimum(1 + chance.exponential(25, size).astype(np.int64), 180)
    booked = np.minimum(day - wait, -1) + today  # in advance, and before the present
    columns = zip(
        numbers,
        patient.tolist(),
        department.tolist(),
        minute.tolist(),
        _statuses(chance, patients.propensity[patient], past=day < 0),
        booked.tolist(),
        chance.integers(8 * 60, 18 * 60, size).tolist(),
        (today - DAYS_BACK - patients.born[patient]).tolist(),
        chance.integers(0, _CLINICIANS, size).tolist(),
        strict=True,
    )
    text = _Texts()
    start_day = text[today + day]
    for number, who, where, start, status, booked_day, booked_minute, born, clinician in columns:
        yield (
            f"A{number:08},P{who:07},Department {where:02},{start_day}T{_CLOCK[start]},{status},"
            f"{text[booked_day]}T{_CLOCK[booked_minute]},{text[born]},{'mf'[who & 1]},"
            f"Dr. {where:02}-{clinician:02},{_DURATIONS[where & 3]},{number & 1}\n"
        )


def _statuses(chance: Generator, propensity: Floats, *, past: bool) -> list[str]:
    fate, missed = chance.random((2, len(propensity)))
    if not past:
        return [str(word) for word in np.where(fate < _CANCELLED, "cancelled", "booked")]
    chosen = np.select(
        (fate < _CANCELLED, fate > 1 - _UNRECORDED, missed < _NO_SHOW * propensity),
        ("cancelled", "booked", "noshow"),
        default="fulfilled",
    )
    return [str(word) for word in chosen]


class _Texts(dict[int, str]):
    """ISO dates by ordinal, each made once."""

    def __missing__(self, ordinal: int) -> str:
        text = self[ordinal] = date.fromordinal(ordinal).isoformat()
        return text
