"""Deliveries: how far a push has come, and what a try that failed means for it.

| from    | event     | to      | when                                                          |
|---------|-----------|---------|---------------------------------------------------------------|
| waiting | begin     | sending | about to be sent; kept before the call is made                |
| waiting | not yet   | waiting | it could not be made ready                                    |
| waiting | drop      | dropped | something newer takes its place                               |
| waiting | hopeless  | failed  | what it shows is gone, or the person cannot be reached        |
| sending | arrived   | sent    | Telegram confirmed it                                         |
| sending | not yet   | waiting | it certainly did not arrive: it is tried later                |
| sending | lost      | waiting | nobody knows whether it arrived: it is tried later, in doubt  |
| sending | hopeless  | failed  | it can never arrive                                           |
| failed  | resend    | waiting | an admin asks for it                                          |
| failed  | drop      | dropped | an admin lets it go                                           |

A try that Telegram confirms late, after others have given the push up, still makes it `sent`. A
waiting push is *unknown* while an earlier try may have arrived: it is then repeated with a first
line that says so, or, where its message is known by then, not repeated at all.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.pushes import PushKind

TRIES: Final = 40
"""Tries that were answered with an error or not at all, after which a push has failed: by
`back_off` five to nine hours, so that an outage of a morning costs nothing."""

_FIRST_WAIT: Final = timedelta(seconds=10)
_LONGEST_WAIT: Final = timedelta(minutes=15)

ORDER: Final = (
    PushKind.PROPOSAL,
    PushKind.DECISION,
    PushKind.FILLED,
    PushKind.PEOPLE,
    PushKind.ALERT,
    PushKind.SUMMARY,
)
"""Which kind goes first when several are due: what somebody waits for before what all get."""


class State(StrEnum):
    """How far a push has come."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Event(StrEnum):
    """What happens to a push."""

    BEGIN = "begin"
    ARRIVED = "arrived"
    NOT_YET = "not yet"
    LOST = "lost"
    HOPELESS = "hopeless"
    RESEND = "resend"
    DROP = "drop"


class Reason(StrEnum):
    """Why a push has failed."""

    UNREACHABLE = "cannot be reached"
    REFUSED = "refused by Telegram"
    TRIES = f"no success in {TRIES} tries"
    NOT_ALLOWED = "may no longer see it"
    GONE = "what it shows is gone"


EXPECTED: Final = frozenset({Reason.NOT_ALLOWED})
"""Failures that are as they should be: nobody is alerted."""

MOVES: Final = MappingProxyType(
    {
        (State.WAITING, Event.BEGIN): State.SENDING,
        (State.WAITING, Event.NOT_YET): State.WAITING,
        (State.WAITING, Event.DROP): State.DROPPED,
        (State.WAITING, Event.HOPELESS): State.FAILED,
        (State.SENDING, Event.ARRIVED): State.SENT,
        (State.SENDING, Event.NOT_YET): State.WAITING,
        (State.SENDING, Event.LOST): State.WAITING,
        (State.SENDING, Event.HOPELESS): State.FAILED,
        (State.FAILED, Event.RESEND): State.WAITING,
        (State.FAILED, Event.DROP): State.DROPPED,
        (State.WAITING, Event.ARRIVED): State.SENT,
        (State.FAILED, Event.ARRIVED): State.SENT,
        (State.DROPPED, Event.ARRIVED): State.SENT,
    }
)


@dataclass(frozen=True)
class Ending:
    """How a try ended that did not succeed.

    Attributes:
        event: `NOT_YET`, `LOST` or `HOPELESS`.
        problem: In a few words, for the log and for admins.
        reason: Why it is hopeless.
        wait: How long to wait as Telegram or the network ask for; then the try does not count.
            `None` to back off.
    """

    event: Event
    problem: str
    reason: Reason = Reason.REFUSED
    wait: timedelta | None = None

    @property
    def counts(self) -> bool:
        """Whether it is one of the `TRIES`."""
        return self.wait is None


def next_state(state: State, event: Event) -> State | None:
    """The state that `event` leads to, or `None` when the table has no such move."""
    return MOVES.get((state, event))


def back_off(tries: int, chance: float) -> timedelta:
    """How long to wait after so many tries: twice as long each time, within limits.

    Args:
        tries: How many there were, from 1 on.
        chance: From 0 to 1; spreads those that failed together over half of the time.
    """
    doublings = min(max(tries, 1) - 1, 10)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT) * (0.5 + chance / 2)
