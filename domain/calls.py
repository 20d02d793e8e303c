"""Calls to patients: how one may end, when it may be noted, and what that means for the slot.

| outcome      | about a booked appointment  | about a slot that was given back      |
|--------------|-----------------------------|---------------------------------------|
| confirmed    | noted                       | if nobody has it, it is booked again  |
| cancels      | the slot is given back      | –                                     |
| no-answer    | noted                       | –                                     |
| wrong-number | noted                       | –                                     |

A slot is *given back* while it is cancelled because of a call that is in force, or of the
patient's own message. A call is *in force* until it is undone or, if it was a "cancels", until the
patient says otherwise or the HMO's feed does. All calls are kept. A list shows the last one in
force that reached the patient, or else the last try; who was only tried stays to be called, after
all who were not, the longest ago first. About a slot that a waiting patient has by now, no call is
noted any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.statuses import Status
from domain.transfers import UNDO_WITHIN

TWICE_WITHIN: Final = timedelta(minutes=1)
"""The same outcome by the same person within this time is one call: a double press."""

NOTED_FOR: Final = timedelta(hours=12)
"""So long after its start a call about an appointment may still be noted."""

COUNTS_FOR: Final = timedelta(hours=24)
"""A call that was made longer before the visit does not count on the day's list."""


class CallOutcome(StrEnum):
    """The four outcomes of a call."""

    CONFIRMED = "confirmed"
    CANCELS = "cancels"
    NO_ANSWER = "no-answer"
    WRONG_NUMBER = "wrong-number"


REACHED: Final = frozenset({CallOutcome.CONFIRMED, CallOutcome.CANCELS})
"""Outcomes of a call in which the patient was spoken to; after the others one tries again."""


class CallBarrier(StrEnum):
    """Why a call cannot be noted, or not be undone."""

    NOT_BOOKED = "the appointment is no longer booked"
    STARTED = "the appointment has started"
    LONG_PAST = "the appointment is long past"
    GIVEN_BACK = "the slot was given back before"
    FILLED = "another patient has the slot"
    NOT_YOURS = "only the person who noted the call can undo it"
    TOO_LATE = "undo is possible for ten minutes"
    DECIDED = "its transfer has been decided"
    UNDONE = "it is not in force any more"


@dataclass(frozen=True)
class Slot:
    """The appointment that a call is about.

    Attributes:
        status: Its status.
        start: When it starts (aware).
        given_back: Whether the patient has given it back.
        filled: Whether a waiting patient has it now.
    """

    status: Status
    start: datetime
    given_back: bool = False
    filled: bool = False


@dataclass(frozen=True)
class Made:
    """A call that was noted.

    Attributes:
        by_id: Who noted it.
        at: When (aware).
        in_force: Whether it still holds.
        decided: Whether a manager has decided since on the transfer that followed from it.
    """

    by_id: int
    at: datetime
    in_force: bool = True
    decided: bool = False


def barrier_of_call(outcome: CallOutcome, slot: Slot, now: datetime) -> CallBarrier | None:
    """Why this outcome cannot be noted now, or `None` if it can."""
    if slot.filled:
        return CallBarrier.FILLED
    if slot.status is not Status.BOOKED and not slot.given_back:
        return CallBarrier.NOT_BOOKED
    if now - slot.start > NOTED_FOR:
        return CallBarrier.LONG_PAST
    if slot.start <= now and (slot.given_back or outcome is CallOutcome.CANCELS):
        return CallBarrier.STARTED
    if slot.given_back and outcome is not CallOutcome.CONFIRMED:
        return CallBarrier.GIVEN_BACK
    return None


def barrier_of_undo(made: Made, *, by_id: int, now: datetime) -> CallBarrier | None:
    """Why a call cannot be undone by this person now, or `None` if it can."""
    if not made.in_force:
        return CallBarrier.UNDONE
    if made.by_id != by_id:
        return CallBarrier.NOT_YOURS
    if now - made.at > UNDO_WITHIN:
        return CallBarrier.TOO_LATE
    return CallBarrier.DECIDED if made.decided else None


def status_after(outcome: CallOutcome, slot: Slot) -> Status | None:
    """What an outcome that may be noted makes of the appointment; `None`: nothing new."""
    if slot.given_back:
        return Status.BOOKED
    return Status.CANCELLED if outcome is CallOutcome.CANCELS else None
