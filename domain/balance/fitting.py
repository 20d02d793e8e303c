"""Fitting: which waiting patient suits which free slot, and what that would be worth.

A patient suits a slot of the department that they wait in if the slot takes their kind of visit,
its day lies within their window, it is as far ahead as they need to know, it comes before what
they have booked, and they were not offered it before. Whoever cannot be expected to come at
that time at all (chance 0) does not suit it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.balance.plan import (
    Candidate,
    FreeSlot,
    Plan,
    Proposal,
    in_order,
    longest_first,
    plan_of,
)
from domain.balance.times import part_of
from domain.balance.worth import chances, priority
from domain.days import Calendar

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_HOUR: Final = 3600.0
_ANY: Final = 0
"""The code of a visit type that is not known, or does not matter."""


@dataclass(frozen=True, eq=False)
class Fitting:
    """Slots, candidates, and all pairs of them that suit each other.

    Attributes:
        slots: By start, then backfill.
        candidates: The longest wait first, then by id.
        slot: The place in `slots` of each pair …
        candidate: … and in `candidates`; pairs are in the order of candidates, then slots.
        chances: How likely the candidate of each pair takes its slot, and comes, 0–1.
        worths: What each pair is worth.
    """

    slots: tuple[FreeSlot, ...]
    candidates: tuple[Candidate, ...]
    slot: Ints
    candidate: Ints
    chances: Floats
    worths: Floats

    @cached_property
    def patients(self) -> Ints:
        """Of each candidate a number from 0 that is the patient's own."""
        ids = np.array([one.patient_id for one in self.candidates], np.int64)
        return np.unique(ids, return_inverse=True)[1].astype(np.int64)

    def plan(self, pairs: Iterable[int]) -> Plan:
        """The plan that consists of these pairs, told by their numbers."""
        return plan_of(
            self.slots,
            self.candidates,
            [
                Proposal(
                    self.slots[self.slot[pair]],
                    self.candidates[self.candidate[pair]],
                    float(self.chances[pair]),
                    float(self.worths[pair]),
                )
                for pair in pairs
            ],
        )


def fit(
    slots: Collection[FreeSlot],
    candidates: Collection[Candidate],
    calendar: Calendar,
    now: datetime,
) -> Fitting:
    """Find all pairs that suit each other.

    Args:
        slots: Each backfill once; those that have started suit nobody.
        candidates: Each waiting id once.
        calendar: The HMO's, by which windows and waits are counted.
        now: The present (aware).
    """
    free, waiting = in_order(slots), longest_first(candidates)
    today = calendar.day_of(now)
    codes = _codes(free, waiting)
    offered, wanted = _Slots(free, codes, calendar), _Candidates(waiting, codes, now)
    found = [
        _pairs(offered, wanted, np.flatnonzero(offered.department == department), department)
        for department in np.unique(offered.department)
    ]
    slot, candidate = _without_barred(free, waiting, found)
    likely = wanted.chances[candidate, offered.part[slot]]
    matters = np.array([priority(one, calendar, today) for one in waiting], np.float64)
    return Fitting(
        free,
        waiting,
        slot,
        candidate,
        likely,
        matters[candidate] * likely,
    )


def _codes(slots: Collection[FreeSlot], candidates: Collection[Candidate]) -> dict[str, int]:
    """A number from 1 for each kind of visit."""
    kinds = {one.visit_type for one in candidates if one.visit_type is not None}
    kinds.update(*(slot.visit_types for slot in slots))
    return {kind: code for code, kind in enumerate(sorted(kinds), start=_ANY + 1)}


class _Slots:
    """Slots as columns; moments are seconds since 1970, days are ordinals."""

    def __init__(
        self, slots: tuple[FreeSlot, ...], codes: dict[str, int], calendar: Calendar
    ) -> None:
        self.department = np.array([slot.department_id for slot in slots], np.int64)
        self.start = np.array([slot.start.timestamp() for slot in slots], np.float64)
        self.day = np.array([calendar.day_of(slot.start).toordinal() for slot in slots], np.int64)
        local = [slot.start.astimezone(calendar.zone) for slot in slots]
        self.part = np.array([part_of(60 * at.hour + at.minute) for at in local], np.int64)
        self.takes = np.zeros((len(slots), len(codes) + 1), np.bool_)
        for row, slot in enumerate(slots):
            wanted = [codes[kind] for kind in slot.visit_types]
            self.takes[row, [_ANY, *wanted] if wanted else slice(None)] = True


class _Candidates:
    """Candidates as columns."""

    def __init__(
        self, candidates: tuple[Candidate, ...], codes: dict[str, int], now: datetime
    ) -> None:
        self.department = np.array([one.department_id for one in candidates], np.int64)
        self.chances = np.array([chances(one) for one in candidates], np.float64).reshape(-1, 3)
        self.kind = np.array(
            [codes.get(one.visit_type or "", _ANY) for one in candidates], np.int64
        )
        self.earliest = np.array(
            [one.earliest.toordinal() if one.earliest else -np.inf for one in candidates]
        )
        self.latest = np.array(
            [one.latest.toordinal() if one.latest else np.inf for one in candidates]
        )
        self.booked = np.array(
            [one.has_booking_on.timestamp() if one.has_booking_on else np.inf for one in candidates]
        )
        notice = np.array([max(one.notice_hours, 0) for one in candidates], np.float64)
        self.ready = now.timestamp() + notice * _HOUR
        self.now = now.timestamp()


def _pairs(slots: _Slots, waiting: _Candidates, rows: Ints, department: int) -> tuple[Ints, Ints]:
    """The pairs of one department, as places of candidates and of slots."""
    columns = np.flatnonzero(waiting.department == department)
    start, day = slots.start[rows], slots.day[rows]
    suits = slots.takes[np.ix_(rows, waiting.kind[columns])].T
    suits &= (waiting.earliest[columns, None] <= day) & (day <= waiting.latest[columns, None])
    suits &= (waiting.ready[columns, None] <= start) & (start < waiting.booked[columns, None])
    suits &= (waiting.chances[np.ix_(columns, slots.part[rows])] > 0) & (start > waiting.now)
    of_candidate, of_slot = np.nonzero(suits)
    return columns[of_candidate].astype(np.int64), rows[of_slot].astype(np.int64)


def _without_barred(
    slots: tuple[FreeSlot, ...],
    candidates: tuple[Candidate, ...],
    found: list[tuple[Ints, Ints]],
) -> tuple[Ints, Ints]:
    """All pairs of all departments as slots and candidates, less those barred."""
    none = np.empty(0, np.int64)
    candidate = np.concatenate([none, *(pair[0] for pair in found)])
    slot = np.concatenate([none, *(pair[1] for pair in found)])
    place = {one.backfill_id: number for number, one in enumerate(slots)}
    barred = [
        row * len(slots) + place[backfill]
        for row, one in enumerate(candidates)
        for backfill in one.barred
        if backfill in place
    ]
    key = candidate * len(slots) + slot
    kept = np.sort(key[~np.isin(key, np.array(barred, np.int64))])
    return kept % max(len(slots), 1), kept // max(len(slots), 1)
