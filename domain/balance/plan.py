"""Plans: which waiting patient is to be offered which free slot.

A plan changes nothing by itself. It is shown, confirmed by its digest, and then offered.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from domain.balance.times import ANY_TIME, Times
from domain.waiting import URGENCIES

_DIGITS: Final = 12


@dataclass(frozen=True)
class FreeSlot:
    """A slot that may be offered.

    Attributes:
        backfill_id: The backfill that it is the slot of.
        clinician_id: Who sees patients in it; `None` if that is unknown.
        start: Aware.
        minutes: How long it is.
        visit_types: What it can be used for; empty: for any visit.
    """

    backfill_id: int
    department_id: int
    clinician_id: int | None
    start: datetime
    minutes: int
    visit_types: frozenset[str] = frozenset()

    @property
    def hours(self) -> float:
        """How long it is, in hours."""
        return self.minutes / 60


@dataclass(frozen=True)
class Candidate:
    """A patient who waits in one department; one may wait in several, each time as one of these.

    Attributes:
        urgency: 1–5, 5 the most urgent.
        since: Since when they have waited (aware).
        earliest: The first local day that suits them; `None`: any.
        latest: The last one; `None`: any.
        notice_hours: Hours ahead of the start that they need to know.
        visit_type: What they wait for; `None`: any visit of the department.
        p_accept_and_come: How likely they accept an offer at their best time of the day, and then
            come, 0–1.
        times: How likely that is at each part of the day, relative to the best
            (`domain.balance.times`).
        group: Their age group's label, by which waits are compared.
        has_booking_on: The start (aware) of what they have booked, which stays theirs until they
            accept something sooner; `None` if nothing is.
        barred: Backfills whose slot may not be offered to them again.

    Raises:
        ValueError: The urgency is not one, or a chance not within 0–1.
    """

    waiting_id: int
    patient_id: int
    department_id: int
    urgency: int
    since: datetime
    earliest: date | None = None
    latest: date | None = None
    notice_hours: int = 0
    visit_type: str | None = None
    p_accept_and_come: float = 1.0
    times: Times = ANY_TIME
    group: str = ""
    has_booking_on: datetime | None = None
    barred: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.urgency not in URGENCIES:
            raise ValueError(f"an urgency is 1 to 5, not {self.urgency}")
        for chance in (self.p_accept_and_come, *self.times):
            if not 0 <= chance <= 1:
                raise ValueError(f"a chance is 0 to 1, not {chance}")


@dataclass(frozen=True)
class Proposal:
    """A slot, and whom to offer it to first.

    Attributes:
        chance: How likely they accept it, and come, 0–1.
        worth: What that is worth (`domain/balance/worth.py`).
    """

    slot: FreeSlot
    candidate: Candidate
    chance: float
    worth: float


@dataclass(frozen=True)
class Plan:
    """What to do with some free slots.

    Attributes:
        proposals: By start, then backfill.
        unfilled: Slots that suit nobody who is not offered another one, in the same order.
        left: Who is offered nothing, the longest wait first.
    """

    proposals: tuple[Proposal, ...]
    unfilled: tuple[FreeSlot, ...]
    left: tuple[Candidate, ...]

    @property
    def worth(self) -> float:
        """What all proposals are worth together."""
        return sum(proposal.worth for proposal in self.proposals)


def in_order(slots: Iterable[FreeSlot]) -> tuple[FreeSlot, ...]:
    """Slots by start, then backfill."""
    return tuple(sorted(slots, key=lambda slot: (slot.start, slot.backfill_id)))


def longest_first(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Candidates by how long they have waited, then by id."""
    return tuple(sorted(candidates, key=lambda one: (one.since, one.waiting_id)))


def plan_of(
    slots: Sequence[FreeSlot], candidates: Sequence[Candidate], proposals: Iterable[Proposal]
) -> Plan:
    """The plan with these proposals out of all slots and candidates there are."""
    of_slot = {proposal.slot.backfill_id: proposal for proposal in proposals}
    chosen = {proposal.candidate.waiting_id for proposal in of_slot.values()}
    ordered = in_order(slots)
    return Plan(
        tuple(of_slot[slot.backfill_id] for slot in ordered if slot.backfill_id in of_slot),
        tuple(slot for slot in ordered if slot.backfill_id not in of_slot),
        tuple(one for one in longest_first(candidates) if one.waiting_id not in chosen),
    )


def digest(plan: Plan) -> str:
    """Twelve hex digits that tell whether a plan is still the one that was shown.

    They change with who is offered which slot, with a slot's start, and with the slots that
    stay empty; neither with the order nor with what the proposals are worth by now.
    """
    lines = [
        *(_line(proposal.slot, str(proposal.candidate.waiting_id)) for proposal in plan.proposals),
        *(_line(slot, "nobody") for slot in plan.unfilled),
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:_DIGITS]


def _line(slot: FreeSlot, who: str) -> str:
    return f"{slot.backfill_id} {slot.start.astimezone(UTC).isoformat()} {who}"
