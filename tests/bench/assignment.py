"""Balancing: how long the best plan takes, and what it is worth beside simpler ways.

The instance is made up, the same each time, and like a fortnight of an HMO:

- 40 departments, the largest about ten times the smallest; slots and patients in proportion;
- slots of 15–45 minutes between 8:00 and 17:00, given back late: half start within two days, all
  within two weeks; a third takes one of four kinds of visit only, a third two, a third any;
- three patients for each slot, one in eight waiting in a second department too; urgencies 1–5
  as 25, 40, 22, 10 and 3 %, waits around the target of each, some much longer;
- half of them cannot come before some day of the fortnight, or after one; notice of 0, 24, 48 or
  96 hours; six in ten have something booked, on average three weeks ahead;
- an offer is accepted, and kept, with a chance of 0.05–0.6 at the patient's best time of the day;
  patients came 0–20 times before, each with a preference of their own among morning, midday and
  afternoon: Dirichlet around the mix of the slots, which weighs as much as four visits.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from domain.ages import AGE_GROUPS
from domain.balance.assignment import assign
from domain.balance.baselines import best_pair_first, greedy, longest_wait_first
from domain.balance.fitting import fit
from domain.balance.plan import Candidate, FreeSlot
from domain.balance.times import Times, times_of
from domain.waiting import TARGET_DAYS
from tests.bench.measuring import medians
from tests.bench.results import Result, at_least, at_most, short
from tests.hmo import HOUSE

NOW: Final = datetime(2026, 11, 29, 6, tzinfo=UTC)
DEPARTMENTS: Final = 40
USUAL: Final = (4 / 9, 3 / 9, 2 / 9)
"""The slots of 8:00 to 17:00 by part of the day."""
KINDS: Final = ("first visit", "follow-up", "procedure", "by video")


def assignment(rounds: int, slots: int) -> Iterator[Result]:
    """The best plan: its time, from the rows to the proposals, and its worth."""
    patients = 3 * slots
    free, waiting = instance(slots, patients)
    size = f"{short(slots)} slots × {short(patients)} patients"
    taken, fitted = medians(
        lambda: assign(fit(free, waiting, HOUSE.calendar, NOW)),
        lambda: fit(free, waiting, HOUSE.calendar, NOW),
        rounds=rounds,
    )
    yield Result(f"balanced, {size}", "one core", taken, "ms", at_most(500))
    yield Result(f"balanced, {size}: who suits what", "one core", fitted, "ms")
    crowd = fit(*crowded(free, waiting), HOUSE.calendar, NOW)
    (taken,) = medians(lambda: assign(crowd), rounds=min(rounds, 3))
    yield Result(f"balanced, {size}: all suits all", "one core", taken, "ms")
    fitting = fit(free, waiting, HOUSE.calendar, NOW)
    best = assign(fitting).worth
    for name, way, target in (
        ("slot by slot", greedy, at_least(1.05)),
        ("the longest wait first", longest_wait_first, at_least(1.3)),
        ("the best pair first", best_pair_first, None),
    ):
        yield Result(f"balanced: worth ÷ {name}", size, best / way(fitting).worth, "×", target)


def instance(slots: int, patients: int, seed: int = 11) -> tuple[list[FreeSlot], list[Candidate]]:
    """Free slots and the rows of waiting patients, at `NOW`."""
    random = np.random.default_rng(seed)
    size = np.linspace(10, 1, DEPARTMENTS)
    share = size / size.sum()
    free = [_slot(number, share, random) for number in range(slots)]
    waiting: list[Candidate] = []
    for patient in range(patients):
        rows = 1 + int(random.random() < 1 / 8)
        times = _times(random)
        for department in random.choice(DEPARTMENTS, rows, replace=False, p=share):
            waiting.append(_candidate(len(waiting), patient, int(department), times, random))
    return free, waiting


def crowded(
    free: list[FreeSlot], waiting: list[Candidate]
) -> tuple[list[FreeSlot], list[Candidate]]:
    """The same in one department, where every slot suits every patient: the hardest case."""
    patients = {one.patient_id: one for one in waiting}.values()
    return [replace(slot, department_id=0, visit_types=frozenset()) for slot in free], [
        replace(
            one, department_id=0, earliest=None, latest=None, notice_hours=0, has_booking_on=None
        )
        for one in patients
    ]


def _slot(number: int, share: np.ndarray, random: np.random.Generator) -> FreeSlot:
    day = HOUSE.calendar.day_of(NOW) + timedelta(days=int(min(random.exponential(3), 13)) + 1)
    minutes = int(random.choice((15, 20, 30, 45)))
    return FreeSlot(
        number,
        int(random.choice(DEPARTMENTS, p=share)),
        int(random.integers(200)),
        _at(day, 8 * 60 + 5 * int(random.integers(9 * 12))),
        minutes,
        frozenset(random.choice(KINDS, int(random.integers(3)), replace=False).tolist()),
    )


def _times(random: np.random.Generator) -> Times:
    preferred = random.dirichlet([4 * share for share in USUAL])
    morning, midday, afternoon = random.multinomial(random.integers(21), preferred).tolist()
    return times_of((morning, midday, afternoon), USUAL)


def _candidate(
    number: int, patient: int, department: int, times: Times, random: np.random.Generator
) -> Candidate:
    urgency = int(random.choice(5, p=(0.25, 0.4, 0.22, 0.1, 0.03))) + 1
    today = HOUSE.calendar.day_of(NOW)
    window = random.random()
    bound = today + timedelta(days=int(random.integers(1, 14)))
    return Candidate(
        number,
        patient,
        department,
        urgency,
        NOW - timedelta(days=random.exponential(TARGET_DAYS[urgency])),
        earliest=bound if window < 0.25 else None,
        latest=bound if window > 0.75 else None,
        notice_hours=int(random.choice((0, 24, 48, 96))),
        visit_type=str(random.choice(KINDS)),
        p_accept_and_come=float(random.uniform(0.05, 0.6)),
        times=times,
        group=str(random.choice(AGE_GROUPS[:-1])),
        has_booking_on=_at(today + timedelta(days=1 + int(random.exponential(21))), 600)
        if random.random() < 0.6
        else None,
    )


def _at(day: date, minute: int) -> datetime:
    return HOUSE.calendar.start_of(day) + timedelta(minutes=minute)
