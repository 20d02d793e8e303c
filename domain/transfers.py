"""Transfers: the states of an action and who may move it.

| from                | act       | to         | who      | when                              |
|---------------------|-----------|------------|----------|-----------------------------------|
| nothing yet         | propose   | proposed   | propose  | the appointment is open           |
| nothing yet         | authorize | authorized | decide   | the appointment is open           |
| proposed            | authorize | authorized | decide   | the appointment is open           |
| proposed            | decline   | declined   | decide   | any time                          |
| proposed            | withdraw  | revoked    | propose  | by who proposed                   |
| authorized          | undo      | revoked    | decide   | by who decided, within 10 minutes |

`declined` and `revoked` are final for an action; the appointment may be proposed anew. An
appointment is *open* while it is booked, has not started and its patient is high-risk. For a
transfer it is also open when the patient has given the slot back and it has not started. What was
authorized stays so once a waiting patient has the slot.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.people import Right
from domain.statuses import Status

UNDO_WITHIN: Final = timedelta(minutes=10)
REASONS_AT_MOST: Final = 200
"""Characters of a note or a reason that are kept."""


class Kind(StrEnum):
    """What is to be done: give the slot to a waiting patient, or call and remind."""

    TRANSFER = "transfer"
    PROACTIVE = "proactive"


class State(StrEnum):
    """Where an action stands."""

    PROPOSED = "proposed"
    AUTHORIZED = "authorized"
    DECLINED = "declined"
    REVOKED = "revoked"


class Act(StrEnum):
    """What a person can do about an action."""

    PROPOSE = "propose"
    AUTHORIZE = "authorize"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    UNDO = "undo"


class Barrier(StrEnum):
    """Why an act is not possible now."""

    STARTED = "the appointment has started"
    NOT_BOOKED = "the appointment is no longer booked"
    NOT_HIGH_RISK = "the patient is not high-risk"
    ALREADY = "it was decided before"
    NOT_YOURS = "only the person who decided can undo"
    NOT_PROPOSED_BY_YOU = "only the person who proposed can withdraw"
    TOO_LATE = "undo is possible for ten minutes"
    FILLED = "the slot has gone to another patient"


OPEN: Final = frozenset({State.PROPOSED, State.AUTHORIZED})
"""States of which an appointment has at most one per kind."""

MOVES: Final = MappingProxyType(
    {
        (None, Act.PROPOSE): State.PROPOSED,
        (None, Act.AUTHORIZE): State.AUTHORIZED,
        (State.PROPOSED, Act.AUTHORIZE): State.AUTHORIZED,
        (State.PROPOSED, Act.DECLINE): State.DECLINED,
        (State.PROPOSED, Act.WITHDRAW): State.REVOKED,
        (State.AUTHORIZED, Act.UNDO): State.REVOKED,
    }
)

NEEDS: Final = MappingProxyType(
    {
        Act.PROPOSE: Right.PROPOSE,
        Act.AUTHORIZE: Right.DECIDE,
        Act.DECLINE: Right.DECIDE,
        Act.WITHDRAW: Right.PROPOSE,
        Act.UNDO: Right.DECIDE,
    }
)


@dataclass(frozen=True)
class Decided:
    """Who moved an action last, and when."""

    by_id: int
    at: datetime


def barrier_of_appointment(
    status: Status,
    start: datetime,
    *,
    high_risk: bool,
    now: datetime,
    free: bool = False,
) -> Barrier | None:
    """Why an appointment is not open for a new decision, or `None` if it is.

    Args:
        status: Its status.
        start: When it starts (aware).
        high_risk: Whether it is (`domain.risk.is_high_risk`).
        now: The present (aware).
        free: Whether it is about the transfer of a slot that was given back: nobody's any more,
            so neither its status nor how likely it was kept matters.
    """
    if status is not Status.BOOKED and not free:
        return Barrier.NOT_BOOKED
    if start <= now:
        return Barrier.STARTED
    if not high_risk and not free:
        return Barrier.NOT_HIGH_RISK
    return None


def barrier_of_undo(
    decided: Decided, *, by_id: int, now: datetime, filled: bool = False
) -> Barrier | None:
    """Why an authorised action cannot be undone by this person now, or `None`.

    Args:
        decided: Who authorised it, and when.
        by_id: Who would undo it.
        now: The present (aware).
        filled: Whether a waiting patient has the slot.
    """
    if decided.by_id != by_id:
        return Barrier.NOT_YOURS
    if filled:
        return Barrier.FILLED
    return None if now - decided.at <= UNDO_WITHIN else Barrier.TOO_LATE


def next_state(state: State | None, act: Act) -> State | None:
    """The state that `act` leads to, or `None` when the table has no such move."""
    return MOVES.get((state, act))
