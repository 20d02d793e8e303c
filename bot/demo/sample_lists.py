"""The sample HMO's other two files, drawn to fit its schedule: clinicians' sessions, a waitlist.

Sessions cover every scheduled visit and leave some slots free, about one in ten, the way short gaps
between visits do; what remains of a shift is blocked. Who waits is a patient of the department,
and about half of them have a visit of their own far ahead, which they would like to be earlier.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.random import Generator

from domain.statuses import NOT_SCHEDULED, Status
from domain.waiting import TARGET_DAYS, URGENCIES, WaitState

SESSION_COLUMNS: Final = (
    "clinician",
    "department",
    "start",
    "end",
    "slot_minutes",
    "visit_types",
    "blocked",
)
WAITLIST_COLUMNS: Final = (
    "waiting_id",
    "patient_id",
    "department",
    "urgency",
    "since",
    "earliest",
    "latest",
    "notice_hours",
    "visit_type",
    "status",
)
WAITING: Final = 150
"""Patients on the list of the demo."""

_SEED: Final = 20261129
_DAYS: Final = 30
"""Sessions are known for so many days back and ahead."""
_FILL: Final = 0.9
_MORNING, _AFTERNOON, _EVENING = 8 * 60, 13 * 60, 18 * 60
_FRIDAY: Final = 4
_FRIDAY_NOON: Final = 12 * 60
_FAR_AHEAD: Final = timedelta(days=10)

_TYPES: Final = ("", "first visit;follow-up", "follow-up", "first visit;procedure")
_TYPE_SHARES: Final = (0.7, 0.15, 0.1, 0.05)
_WANTED: Final = ("", "first visit", "follow-up", "procedure")
_WANTED_SHARES: Final = (0.7, 0.12, 0.13, 0.05)
_URGENCY_SHARES: Final = (0.25, 0.3, 0.25, 0.13, 0.07)
_NOTICES: Final = (2, 4, 24, 48)
_NOTICE_SHARES: Final = (0.25, 0.25, 0.35, 0.15)
_STATES: Final = tuple(WaitState)
_STATE_SHARES: Final = (0.94, 0.03, 0.03)


@dataclass(frozen=True)
class Visit:
    """A row of the schedule, within the days that matter here."""

    patient: str
    department: str
    clinician: str
    start: datetime
    minutes: int
    scheduled: bool


def write_lists(
    folder: Path, schedule: Path, now: datetime, zone: ZoneInfo, waiting: int = WAITING
) -> tuple[Path, Path]:
    """Write `sessions.csv` and `waitlist.csv` for a sample schedule.

    Args:
        folder: Where they go.
        schedule: What `bot.demo.sample.write_sample` wrote.
        now: The present moment (aware, UTC).
        zone: Where the HMO is.
        waiting: How many are on the list, as far as there are patients.

    Returns:
        The two files; the same ones for the same schedule and moment.
    """
    rng = np.random.default_rng(_SEED)
    visits = list(_visits(schedule, now))
    sessions, waitlist = folder / "sessions.csv", folder / "waitlist.csv"
    _write(sessions, SESSION_COLUMNS, session_rows(rng, visits, zone))
    _write(waitlist, WAITLIST_COLUMNS, _waiting_rows(rng, visits, now.astimezone(zone), waiting))
    return sessions, waitlist


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _visits(schedule: Path, now: datetime) -> Iterator[Visit]:
    # The schedule's moments begin with the local day, so texts tell which rows are near.
    first = (now - timedelta(days=_DAYS)).date().isoformat()
    last = (now + timedelta(days=_DAYS + 1)).date().isoformat()
    with schedule.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if first <= row["start"] < last:
                yield Visit(
                    row["patient_id"],
                    row["department"],
                    row["clinician"],
                    datetime.fromisoformat(row["start"]),
                    int(row["duration"]),
                    Status(row["status"]) not in NOT_SCHEDULED,
                )


def session_rows(
    rng: Generator, visits: Sequence[Visit], zone: ZoneInfo
) -> Iterator[tuple[object, ...]]:
    """Sessions that cover all visits: what `SESSION_COLUMNS` names."""
    shifts: dict[tuple[str, str, datetime], list[Visit]] = defaultdict(list)
    for visit in visits:
        if visit.scheduled:
            shifts[visit.clinician, visit.department, _shift_of(visit)].append(visit)
    for (clinician, department, begin), taken in shifts.items():
        length = taken[0].minutes
        slots = _shift_minutes(begin) // length
        booked = {int((it.start - begin) / timedelta(minutes=length)) for it in taken}
        kept = _kept_slots(rng, slots, booked)
        types = rng.choice(_TYPES, p=_TYPE_SHARES)
        for first, last, has_patients in _runs(kept, slots):
            start, end = (
                (begin + timedelta(minutes=length * place)).astimezone(zone).isoformat()
                for place in (first, last + 1)
            )
            if has_patients:
                yield clinician, department, start, end, length, types, "no"
            elif last > first:
                yield clinician, department, start, end, length, "", "yes"


def _shift_of(visit: Visit) -> datetime:
    """When the shift of a visit begins."""
    minute = visit.start.hour * 60 + visit.start.minute
    begin = _MORNING if minute < _AFTERNOON else _AFTERNOON
    return visit.start - timedelta(minutes=minute - begin)


def _shift_minutes(begin: datetime) -> int:
    minute = begin.hour * 60
    if minute == _AFTERNOON:
        return _EVENING - minute
    return (_FRIDAY_NOON if begin.weekday() == _FRIDAY else _AFTERNOON) - minute


def _kept_slots(rng: Generator, slots: int, booked: set[int]) -> set[int]:
    """The slots of a shift that are for patients: all that are booked, and few free ones.

    Those in the shortest gaps are left free first.
    """
    wanted = int(len(booked) * (1 / _FILL - 1) + rng.random())
    gaps = {
        place: (last - first, rng.random())
        for first, last, has_patients in _runs(booked, slots)
        if not has_patients
        for place in range(first, last + 1)
    }
    return booked | set(sorted(gaps, key=lambda place: gaps[place])[:wanted])


def _runs(chosen: set[int], slots: int) -> Iterator[tuple[int, int, bool]]:
    """Runs of slots that are all chosen, or all not: first, last, whether they are."""
    first = 0
    for place in range(1, slots + 1):
        if place == slots or (place in chosen) != (first in chosen):
            yield first, place - 1, first in chosen
            first = place


def _waiting_rows(
    rng: Generator, visits: Sequence[Visit], now: datetime, waiting: int
) -> Iterator[tuple[object, ...]]:
    for number, visit in enumerate(_who_waits(rng, visits, now, waiting), 1):
        yield waiting_row(rng, number, visit.patient, visit.department, now)


def waiting_row(
    rng: Generator, number: int, patient: str, department: str, now: datetime
) -> tuple[object, ...]:
    """A place on the waitlist: what `WAITLIST_COLUMNS` names.

    Args:
        rng: What it is drawn by.
        number: From 1 on.
        patient: As the feed has them.
        department: Its name.
        now: The present, in the HMO's zone.
    """
    urgency = int(rng.choice(URGENCIES, p=_URGENCY_SHARES))
    # Most are still within their target; about one in six waits for longer.
    waited = timedelta(days=TARGET_DAYS[urgency] * rng.gamma(2.2, 0.26))
    earliest = now.date() + timedelta(days=int(rng.integers(1, 15)))
    latest = earliest + timedelta(days=int(rng.integers(7, 60)))
    return (
        f"WL-{number:06}",
        patient,
        department,
        urgency,
        (now - waited).replace(microsecond=0).isoformat(),
        earliest.isoformat() if rng.random() < 0.2 else "",
        latest.isoformat() if rng.random() < 0.25 else "",
        rng.choice(_NOTICES, p=_NOTICE_SHARES),
        rng.choice(_WANTED, p=_WANTED_SHARES),
        rng.choice(_STATES, p=_STATE_SHARES),
    )


def _who_waits(rng: Generator, visits: Sequence[Visit], now: datetime, waiting: int) -> list[Visit]:
    """Patients, each once, by one of their visits: half of them by one that is far ahead."""
    far = [it for it in visits if it.scheduled and it.start > now + _FAR_AHEAD]
    past = [it for it in visits if it.start < now]
    chosen: dict[str, Visit] = {}
    for among, at_most in ((far, waiting // 2), (past, waiting)):
        for place in rng.permutation(len(among)).tolist():
            if len(chosen) >= at_most:
                break
            chosen.setdefault(among[place].patient, among[place])
    return list(chosen.values())
