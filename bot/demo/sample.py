"""A made-up HMO to try the product on: the same rows for the same moment, and no real person.

A whole schedule is drawn first (`sample_schedule`), then seen from the present: what was not booked
yet is left out, and only the past has an outcome. Each patient misses visits by a propensity of
their own, more readily after a long wait, without a reminder, or at an awkward hour; the whole is
balanced so that departments and ages come out as in `sample_rates.SOURCE`.
"""

import csv
from collections.abc import Iterator
from datetime import date, datetime
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
    rng = np.random.default_rng(seed)
    today = now.astimezone(zone).toordinal()
    first, last = today - _DAYS_BACK, today + _DAYS_AHEAD
    calendar = Calendar(zone, first - LONGEST_WAIT, last)
    present = int(now.timestamp() // 60)
    patients = draw_patients(rng, last)
    visits = draw_visits(rng, patients, np.arange(first, last + 1))
    booked = calendar.moments(visits.booked_day, visits.booked_minute)
    visits = visits.where(booked <= present)
    reminded = _draw_reminders(rng, patients, visits, today)
    risk = _no_show_chances(patients, visits, reminded)
    seen = int(later.timestamp() // 60) if later else present
    statuses = _draw_statuses(rng, calendar, visits, risk, seen)
    consents = _draw_consents(seed, len(patients.born))
    yield from _rows(patients, visits, calendar, reminded, statuses, consents)


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


def _draw_statuses(
    rng: Generator, calendar: Calendar, visits: Visits, risk: Floats, present: int
) -> list[Status]:
    """What the feed says of each visit at the present moment (minutes since 1970)."""
    start = calendar.moments(visits.day, visits.minute)
    booked = calendar.moments(visits.booked_day, visits.booked_minute)
    missed, cancels, fate = rng.random((3, len(visits)))
    cancelled_at = booked + rng.random(len(visits)) * (start - booked)
    past = start <= present
    chosen = np.select(
        (
            (cancels < _CANCELLED) & (cancelled_at <= present),
            ~past | (fate < _UNRECORDED),
            fate > 1 - _IN_ERROR,
            missed < risk,
        ),
        (0, 1, 2, 3),
        default=4,
    )
    words = (
        Status.CANCELLED,
        Status.BOOKED,
        Status.ENTERED_IN_ERROR,
        Status.NOSHOW,
        Status.FULFILLED,
    )
    return [words[choice] for choice in chosen.tolist()]


def _draw_consents(seed: int, patients: int) -> list[str]:
    """Whether each agreed to be written to; of some nobody has noted it.

    By a generator of its own: the schedule is the same with or without it.
    """
    rng = np.random.default_rng((seed, 1))
    words, shares = zip(*_CONSENTS.items(), strict=True)
    return [str(word) for word in rng.choice(words, patients, p=shares)]


def _rows(
    patients: Patients,
    visits: Visits,
    calendar: Calendar,
    reminded: Flags,
    statuses: list[Status],
    consents: list[str],
) -> Iterator[dict[str, str]]:
    people = [
        _person(patients, patient) | {"consent": consent}
        for patient, consent in enumerate(consents)
    ]
    columns = zip(
        (people[patient] for patient in visits.patient.tolist()),
        (SPECIALTIES[department] for department in visits.department.tolist()),
        (f"Dr. {SURNAMES[clinician]}" for clinician in visits.clinician.tolist()),
        calendar.texts(visits.day, visits.minute),
        calendar.texts(visits.booked_day, visits.booked_minute),
        reminded.tolist(),
        statuses,
        strict=True,
    )
    for number, row in enumerate(columns, start=1):
        person, specialty, clinician, start, booked_at, was_reminded, status = row
        yield {
            "appointment_id": f"APT-{number:06}",
            "department": specialty.name,
            "start": start,
            "status": status.value,
            "booked_at": booked_at,
            "clinician": clinician,
            "duration": str(specialty.minutes),
            "reminder_sent": str(was_reminded).lower(),
            **person,
        }


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
