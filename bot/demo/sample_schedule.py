"""Draws the sample HMO's people and its schedule: who takes which slot, and when it was booked."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bot.demo.sample_rates import AGE_BANDS, LANGUAGES, OLDEST, SPECIALTIES, Specialty

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DAYS_PER_YEAR: Final = 365.2425
LONGEST_WAIT: Final = 180
"""Days."""

_PATIENTS: Final = 8_300
_VISITS: Final = 63_000  # drawn; about 60,000 of them make sense and are booked by the present
_FILLED: Final = 0.8  # share of the clinicians' slots that patients take
_SUNDAY_TO_THURSDAY: Final = (6, 0, 1, 2, 3)
_SHIFTS: Final = (  # weekday, first and last minute of the day
    *((weekday, 8 * 60, 13 * 60) for weekday in _SUNDAY_TO_THURSDAY),
    *((weekday, 13 * 60, 18 * 60) for weekday in _SUNDAY_TO_THURSDAY),
    (4, 8 * 60, 12 * 60),  # a short Friday
)
_PROPENSITY_SHAPE: Final = 0.7  # of a gamma with mean 1: below 1, a minority misses often


@dataclass(frozen=True)
class Patients:
    """One entry per patient.

    Attributes:
        born: Ordinal of the day.
        homes: Two columns of positions in `SPECIALTIES`; -1 where there is no second one.
        visits: How often they come, relative to others.
        propensity: How readily they miss a visit, relative to others (mean 1).
    """

    born: Ints
    female: Flags
    homes: Ints
    language: list[str]
    has_phone: Flags
    has_email: Flags
    visits: Floats
    propensity: Floats


@dataclass(frozen=True)
class Visits:
    """One entry per appointment; days are ordinals, minutes count from local midnight.

    Departments are positions in `SPECIALTIES`; clinicians are numbered across all departments.
    """

    department: Ints
    clinician: Ints
    patient: Ints
    day: Ints
    minute: Ints
    booked_day: Ints
    booked_minute: Ints

    def __len__(self) -> int:
        return len(self.day)

    def where(self, kept: Flags | Ints) -> "Visits":
        """The chosen ones, by flag or by position."""
        return Visits(**{name: values[kept] for name, values in vars(self).items()})


class Calendar:
    """The days of one zone. Its offset is taken to change at night: a clinic's day has one."""

    def __init__(self, zone: ZoneInfo, first: int, last: int) -> None:
        midnights = (datetime.fromordinal(day) for day in range(first, last + 1))
        noons = [midnight.replace(hour=12, tzinfo=zone) for midnight in midnights]
        self._first = first
        self._texts = [(noon.date().isoformat(), noon.isoformat()[19:]) for noon in noons]
        self._noons = np.array([noon.timestamp() // 60 for noon in noons], dtype=np.int64)

    def moments(self, days: Ints, minutes: Ints) -> Ints:
        """Minutes since 1970 in UTC."""
        moments: Ints = self._noons[days - self._first] + minutes - 12 * 60
        return moments

    def texts(self, days: Ints, minutes: Ints) -> Iterator[str]:
        """ISO 8601 with the offset of the day."""
        for day, minute in zip((days - self._first).tolist(), minutes.tolist(), strict=True):
            date, offset = self._texts[day]
            yield f"{date}T{minute // 60:02}:{minute % 60:02}:00{offset}"


def draw_patients(rng: Generator, last_day: int) -> Patients:
    """Invent the patients. Their ages suit their departments up to `last_day`."""
    shares = np.array([specialty.share for specialty in SPECIALTIES])
    home = rng.choice(len(SPECIALTIES), _PATIENTS, p=shares)
    female = rng.random(_PATIENTS) < 0.5
    age = np.zeros(_PATIENTS, dtype=np.int64)
    for position, specialty in enumerate(SPECIALTIES):
        here = home == position
        age[here] = rng.choice(OLDEST + 1, here.sum(), p=_ages(specialty))
        female |= here & specialty.women_only
    second = rng.choice(len(SPECIALTIES), _PATIENTS, p=shares)
    has_second = (rng.random(_PATIENTS) < 0.4) & (second != home) & _suits(second, age, female)
    days_lived = age * DAYS_PER_YEAR + rng.integers(1, 365, _PATIENTS)
    return Patients(
        born=last_day - days_lived.astype(np.int64),
        female=female,
        homes=np.column_stack((home, np.where(has_second, second, -1))),
        language=rng.choice(list(LANGUAGES), _PATIENTS, p=list(LANGUAGES.values())).tolist(),
        has_phone=rng.random(_PATIENTS) < 0.94,
        has_email=rng.random(_PATIENTS) < 0.62,
        visits=rng.gamma(2.2, size=_PATIENTS),
        propensity=rng.gamma(_PROPENSITY_SHAPE, 1 / _PROPENSITY_SHAPE, _PATIENTS),
    )


def draw_visits(rng: Generator, patients: Patients, days: Ints) -> Visits:
    """Fill the clinicians' slots on `days` with patients, and say when each was booked.

    Nobody comes twice on a day, or books before being born.
    """
    department, clinician, day, minute = _draw_slots(rng, days)
    patient = np.empty_like(day)
    for position in range(len(SPECIALTIES)):
        here = department == position
        wish = ((patients.homes == position) * (1.0, 0.5)).sum(axis=1) * patients.visits
        patient[here] = rng.choice(_PATIENTS, here.sum(), p=wish / wish.sum())
    lead = _draw_leads(rng, department)
    share = rng.random(len(day))
    opens, closes = 7 * 60, np.where(lead == 0, minute - 10, 20 * 60)
    booked_minute = (opens + share * (closes - opens)).astype(np.int64)
    visits = Visits(department, clinician, patient, day, minute, day - lead, booked_minute)
    one_a_day = np.sort(np.unique(patient * 1_000_000 + day, return_index=True)[1])
    visits = visits.where(one_a_day)
    return visits.where(visits.booked_day >= patients.born[visits.patient])


def _ages(specialty: Specialty) -> Floats:
    """The chances of each age from 0 to `OLDEST` among a department's patients."""
    bounds = np.array([*(band.youngest for band in AGE_BANDS), OLDEST + 1])
    widths = np.diff(bounds)
    mix = np.repeat([band.share for band in AGE_BANDS] / widths, widths)
    ages = np.arange(OLDEST + 1)
    youngest, oldest = specialty.ages
    chances = mix * np.exp(-(((ages - specialty.typical_age) / 20) ** 2) / 2)
    chances *= (ages >= youngest) & (ages <= oldest)
    normed: Floats = chances / chances.sum()
    return normed


def _suits(department: Ints, age: Ints, female: Flags) -> Flags:
    """Whether a department sees a person of that age and sex."""
    youngest, oldest = np.array([specialty.ages for specialty in SPECIALTIES])[department].T
    women_only = np.array([specialty.women_only for specialty in SPECIALTIES])[department]
    suits: Flags = (age >= youngest) & (age <= oldest) & (female | ~women_only)
    return suits


def _draw_slots(rng: Generator, days: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Department, clinician, day and minute of the slots that will be taken, by time."""
    taken = []
    clinicians = 0
    for position, specialty in enumerate(SPECIALTIES):
        offered = _offered_slots(rng, specialty, days)
        visits = min(len(offered), round(_VISITS * specialty.share))
        chosen = offered[rng.choice(len(offered), visits, replace=False)]
        names = clinicians + chosen[:, :1]
        taken.append(np.hstack((np.full_like(names, position), names, chosen[:, 1:])))
        clinicians += specialty.clinicians
    department, clinician, day, minute = np.concatenate(taken).T
    order = np.lexsort((clinician, minute, day))
    return department[order], clinician[order], day[order], minute[order]


def _offered_slots(rng: Generator, specialty: Specialty, days: Ints) -> Ints:
    """All slots of a department's clinicians on their weekly shifts: clinician, day, minute."""
    per_shift = 5 * 60 // specialty.minutes
    per_week = _VISITS * specialty.share / (len(days) / 7) / _FILLED
    turns = max(specialty.clinicians, math.ceil(per_week / per_shift))
    shifts = rng.permutation(_SHIFTS)
    weekdays = (days - 1) % 7  # day 1 was a Monday
    blocks = []
    for turn in range(turns):
        weekday, begin, end = shifts[turn % len(shifts)]
        clinician = turn % specialty.clinicians
        minutes = np.arange(begin, end - specialty.minutes + 1, specialty.minutes)
        grid = np.meshgrid(clinician, days[weekdays == weekday], minutes)
        blocks.append(np.stack(grid, axis=-1).reshape(-1, 3))
    return np.concatenate(blocks)


def _draw_leads(rng: Generator, department: Ints) -> Ints:
    """Days from booking to visit."""
    wait = np.array([specialty.wait for specialty in SPECIALTIES])[department]
    same_day = np.array([specialty.same_day for specialty in SPECIALTIES])[department]
    ahead = 1 + np.minimum(rng.gamma(1.6, wait / 1.6), LONGEST_WAIT - 1).astype(np.int64)
    leads: Ints = np.where(rng.random(len(department)) < same_day, 0, ahead)
    return leads
