"""A made-up HMO to try the product on: the same rows for the same moment, and no real person.

A whole schedule is drawn first (`sample_schedule`), then seen from the present: what was not booked
yet is left out, and only the past has an outcome. Each patient misses visits by a propensity of
their own, more readily after a long wait, without a reminder, or at an awkward hour; the whole is
balanced so that departments and ages come out as in `sample_rates.SOURCE`.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator

from bot.demo.sample_rates import AGE_BANDS, SPECIALTIES, SURNAMES
from bot.demo.sample_schedule import (
    DAYS_PER_YEAR,
    LONGEST_WAIT,
    Calendar,
    Flags,
    Floats,
    Ints,
    Patients,
    Visits,
    draw_patients,
    draw_visits,
)
from domain.statuses import Status

SAMPLE_ZONE: Final = ZoneInfo("Asia/Jerusalem")
SAMPLE_DESCRIPTION: Final = (
    "A made-up HMO: 12 departments, about 8,000 patients, 60,000 appointments over 18 months"
)
COLUMNS: Final = (
    "appointment_id",
    "patient_id",
    "department",
    "start",
    "status",
    "booked_at",
    "birth_date",
    "sex",
    "clinician",
    "duration",
    "language",
    "reminder_sent",
    "phone",
    "email",
    "consent",
)

_DAYS_BACK: Final = 518  # with the coming 30 days: 18 months
_DAYS_AHEAD: Final = 30
_CANCELLED: Final = 0.13
_UNRECORDED: Final = 0.0035
_IN_ERROR: Final = 0.002
_REMINDED: Final = 0.8
_CONSENTS: Final = {"yes": 0.88, "no": 0.07, "": 0.05}
_REMINDER_DAYS: Final = 4


def sample_rows(
    now: datetime, zone: ZoneInfo, seed: int = 20261124, later: datetime | None = None
) -> Iterator[dict[str, str]]:
    """The sample HMO's appointments as its feed would give them at `now`, by start.

    Args:
        now: The present moment (aware, UTC).
        zone: Where the HMO is; clinic hours are local.
        seed: Another one makes another HMO.
        later: A moment after `now` (aware): what has become of the same appointments by then.

    Yields:
        Rows with the `COLUMNS` of the CSV feed.
    """
    town = draw_town(now, zone, seed)
    yield from town.rows(range(len(town.visits)), town.statuses(later or now), now)


@dataclass(frozen=True)
class Town:
    """All that is true of the sample HMO, whether or not anybody knows it yet.

    Attributes:
        visits: By start; what is not booked by the moment it was drawn for is left out.
        reminded: Who is reminded once the day for it has come.
        risk: The chance of each visit to be missed if it is not cancelled.
        cancelled_at: Minutes since 1970; infinite for a visit that is not cancelled.
        outcomes: What the feed says of each once it has started, if it was not cancelled.
        people: The columns that are a patient's own.
        zone: Where the HMO is.
    """

    visits: Visits
    calendar: Calendar
    reminded: Flags
    risk: Floats
    cancelled_at: Floats
    outcomes: list[Status]
    people: list[dict[str, str]]
    zone: ZoneInfo

    @cached_property
    def starts(self) -> Ints:
        """Minutes since 1970."""
        return self.calendar.moments(self.visits.day, self.visits.minute)

    @cached_property
    def booked(self) -> Ints:
        """Minutes since 1970."""
        return self.calendar.moments(self.visits.booked_day, self.visits.booked_minute)

    def within(self, departments: Collection[int]) -> "Town":
        """The same HMO with some departments alone, by their positions in `SPECIALTIES`."""
        kept = np.flatnonzero(np.isin(self.visits.department, list(departments)))
        return replace(
            self,
            visits=self.visits.where(kept),
            reminded=self.reminded[kept],
            risk=self.risk[kept],
            cancelled_at=self.cancelled_at[kept],
            outcomes=[self.outcomes[number] for number in kept.tolist()],
        )

    def statuses(self, now: datetime) -> list[Status]:
        """What the feed says of each visit at a moment (aware), should it be booked by then."""
        present = int(now.timestamp() // 60)
        known = zip(
            (self.cancelled_at <= present).tolist(),
            (self.starts <= present).tolist(),
            self.outcomes,
            strict=True,
        )
        return [
            Status.CANCELLED if cancelled else outcome if past else Status.BOOKED
            for cancelled, past, outcome in known
        ]

    def rows(
        self, numbers: Iterable[int], statuses: Sequence[Status], now: datetime
    ) -> Iterator[dict[str, str]]:
        """Some visits as the feed gives them at a moment (aware), by their numbers from 0."""
        today = now.astimezone(self.zone).toordinal()
        which = np.fromiter(numbers, np.int64)
        visits = self.visits.where(which)
        reminded = self.reminded[which] & (visits.day - _REMINDER_DAYS <= today)
        columns = zip(
            which.tolist(),
            (self.people[patient] for patient in visits.patient.tolist()),
            (SPECIALTIES[department] for department in visits.department.tolist()),
            (f"Dr. {SURNAMES[clinician]}" for clinician in visits.clinician.tolist()),
            self.calendar.texts(visits.day, visits.minute),
            self.calendar.texts(visits.booked_day, visits.booked_minute),
            reminded.tolist(),
            strict=True,
        )
        for number, person, specialty, clinician, start, booked_at, was_reminded in columns:
            yield {
                "appointment_id": f"APT-{number + 1:06}",
                "department": specialty.name,
                "start": start,
                "status": statuses[number].value,
                "booked_at": booked_at,
                "clinician": clinician,
                "duration": str(specialty.minutes),
                "reminder_sent": str(was_reminded).lower(),
                **person,
            }


def draw_town(now: datetime, zone: ZoneInfo, seed: int) -> Town:
    """Draw the sample HMO: 518 days back and what is booked at `now` (aware) of 30 days ahead."""
    rng = np.random.default_rng(seed)
    today = now.astimezone(zone).toordinal()
    first, last = today - _DAYS_BACK, today + _DAYS_AHEAD
    calendar = Calendar(zone, first - LONGEST_WAIT, last)
    patients = draw_patients(rng, last)
    visits = draw_visits(rng, patients, np.arange(first, last + 1))
    booked = calendar.moments(visits.booked_day, visits.booked_minute)
    visits = visits.where(booked <= int(now.timestamp() // 60))
    reminded = _draw_reminders(rng, patients, visits, today)
    risk = _no_show_chances(patients, visits, reminded)
    cancelled_at, outcomes = _draw_fates(rng, calendar, visits, risk)
    people = [
        _person(patients, patient) | {"consent": consent}
        for patient, consent in enumerate(_draw_consents(seed, len(patients.born)))
    ]
    return Town(visits, calendar, reminded, risk, cancelled_at, outcomes, people, zone)


def write_sample(path: Path, now: datetime, zone: ZoneInfo) -> int:
    """Write the sample HMO as a CSV file (UTF-8, header row).

    Args:
        path: The file, replaced if there is one.
        now: The present moment (aware, UTC).
        zone: Where the HMO is.

    Returns:
        The number of appointments written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        count = 0
        for count, row in enumerate(sample_rows(now, zone), start=1):  # noqa: B007
            writer.writerow(row)
    return count


def _draw_reminders(rng: Generator, patients: Patients, visits: Visits, today: int) -> Flags:
    """Most who can be reached are reminded four days ahead, once that day has come."""
    reachable = (patients.has_phone | patients.has_email)[visits.patient]
    reminder_day = visits.day - _REMINDER_DAYS
    due = (visits.booked_day < reminder_day) & (reminder_day <= today)
    reminded: Flags = reachable & due & (rng.random(len(visits)) < _REMINDED)
    return reminded


def _no_show_chances(patients: Patients, visits: Visits, reminded: Flags) -> Floats:
    """The chance of each visit to be missed if it is not cancelled."""
    lead = visits.day - visits.booked_day
    odds = patients.propensity[visits.patient] * (0.1 + (lead / 40) ** 0.7)
    odds *= np.where(reminded, 0.65, 1.0)
    odds *= np.where(visits.minute < 9 * 60, 1.15, np.where(visits.minute >= 16 * 60, 1.1, 1.0))
    age = ((visits.day - patients.born[visits.patient]) / DAYS_PER_YEAR).astype(np.int64)
    band = np.searchsorted([band.youngest for band in AGE_BANDS], age, side="right") - 1
    margins = (
        (band, np.array([band.no_show_rate for band in AGE_BANDS])),
        (visits.department, np.array([specialty.no_show_rate for specialty in SPECIALTIES])),
    )
    return _balanced(odds, margins)


def _balanced(odds: Floats, margins: tuple[tuple[Ints, Floats], ...]) -> Floats:
    """Chances from odds that are scaled per group until each group's mean is its rate.

    The margins need not agree on the overall rate: the last one has the last word.
    """
    for _ in range(40):
        for group, rates in margins:
            chances = odds / (1 + odds)
            sizes = np.bincount(group, minlength=len(rates))
            means = np.bincount(group, chances, minlength=len(rates)) / np.maximum(sizes, 1)
            odds = odds * (rates / np.where(sizes > 0, means, 1.0))[group]
    return odds / (1 + odds)


def _draw_fates(
    rng: Generator, calendar: Calendar, visits: Visits, risk: Floats
) -> tuple[Floats, list[Status]]:
    """When each visit is cancelled (minutes since 1970), and what else comes of it."""
    start = calendar.moments(visits.day, visits.minute)
    booked = calendar.moments(visits.booked_day, visits.booked_minute)
    missed, cancels, fate = rng.random((3, len(visits)))
    cancelled_at = booked + rng.random(len(visits)) * (start - booked)
    chosen = np.select(
        (fate < _UNRECORDED, fate > 1 - _IN_ERROR, missed < risk), (0, 1, 2), default=3
    )
    words = (Status.BOOKED, Status.ENTERED_IN_ERROR, Status.NOSHOW, Status.FULFILLED)
    outcomes = [words[choice] for choice in chosen.tolist()]
    return np.where(cancels < _CANCELLED, cancelled_at, np.inf), outcomes


def _draw_consents(seed: int, patients: int) -> list[str]:
    """Whether each agreed to be written to; of some nobody has noted it.

    By a generator of its own: the schedule is the same with or without it.
    """
    rng = np.random.default_rng((seed, 1))
    words, shares = zip(*_CONSENTS.items(), strict=True)
    return [str(word) for word in rng.choice(words, patients, p=shares)]


def _person(patients: Patients, patient: int) -> dict[str, str]:
    """A patient's columns. 555-01xx numbers and example.org belong to nobody."""
    phone = f"+1{212 + patient // 100}55501{patient % 100:02}"
    return {
        "patient_id": f"HMO-{patient + 1:06}",
        "birth_date": date.fromordinal(int(patients.born[patient])).isoformat(),
        "sex": "female" if patients.female[patient] else "male",
        "language": patients.language[patient],
        "phone": phone if patients.has_phone[patient] else "",
        "email": f"hmo-{patient + 1:06}@example.org" if patients.has_email[patient] else "",
    }
