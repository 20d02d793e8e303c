"""Notices: messages to patients, how far each has come, and the manners they are sent with.

| from     | event    | to       | when                                                     |
|----------|----------|----------|----------------------------------------------------------|
| waiting  | begin    | sending  | about to be sent; kept before the provider is called     |
| waiting  | drop     | dropped  | what it would say is no longer true                      |
| waiting  | hopeless | failed   | it can no longer be sent                                 |
| sending  | arrived  | sent     | the provider took it                                     |
| sending  | not yet  | waiting  | it certainly was not taken: it is tried later            |
| sending  | lost     | doubtful | nobody knows whether it was taken                        |
| sending  | hopeless | failed   | the provider refuses it for good                         |
| doubtful | arrived  | sent     | who sent it could tell only late                         |

A notice goes out at most once. Unlike a push to a colleague, a doubtful one is never repeated: a
patient who is asked twice, or offered the same slot twice, stops trusting what they are sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.days import Calendar

TRIES: Final = 12
"""Tries that were surely not taken, after which a notice has failed: by `back_off` about a day, so
that a provider may be away for a night."""

_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=4)
WEEK: Final = timedelta(days=7)


class Channel(StrEnum):
    """Ways to reach a patient, in the order in which they are tried."""

    SMS = "sms"
    EMAIL = "email"


class NoticeKind(StrEnum):
    """What a notice is about."""

    CONFIRM = "confirm"
    REMINDER = "reminder"
    OFFER = "offer"
    GONE = "gone"
    BOOKED = "booked"
    RELEASED = "released"


ANSWERS: Final = frozenset({NoticeKind.BOOKED, NoticeKind.GONE, NoticeKind.RELEASED})
"""What a patient is owed: it tells how something ended that they were asked about, so it is not
counted against `Manners.a_week`. One who has just pressed a button is awake: `BOOKED` comes at
once, at any hour."""


class NoticeState(StrEnum):
    """How far a notice has come."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DOUBTFUL = "doubtful"
    FAILED = "failed"
    DROPPED = "dropped"


class NoticeEvent(StrEnum):
    """What happens to a notice."""

    BEGIN = "begin"
    ARRIVED = "arrived"
    NOT_YET = "not yet"
    LOST = "lost"
    HOPELESS = "hopeless"
    DROP = "drop"


MOVES: Final[Mapping[tuple[NoticeState, NoticeEvent], NoticeState]] = MappingProxyType(
    {
        (NoticeState.WAITING, NoticeEvent.BEGIN): NoticeState.SENDING,
        (NoticeState.WAITING, NoticeEvent.DROP): NoticeState.DROPPED,
        (NoticeState.WAITING, NoticeEvent.HOPELESS): NoticeState.FAILED,
        (NoticeState.SENDING, NoticeEvent.ARRIVED): NoticeState.SENT,
        (NoticeState.SENDING, NoticeEvent.NOT_YET): NoticeState.WAITING,
        (NoticeState.SENDING, NoticeEvent.LOST): NoticeState.DOUBTFUL,
        (NoticeState.SENDING, NoticeEvent.HOPELESS): NoticeState.FAILED,
        (NoticeState.DOUBTFUL, NoticeEvent.ARRIVED): NoticeState.SENT,
    }
)

REACHED: Final = frozenset({NoticeState.SENT})
"""States in which the patient surely has the notice."""


class Unsaid(StrEnum):
    """Why a notice is not written at all."""

    NO_CONSENT = "no consent"
    NO_CHANNEL = "no channel"
    OPTED_OUT = "opted out"
    ENOUGH = "enough this week"
    SAID = "was written before"


@dataclass(frozen=True)
class Letter:
    """A notice in words.

    Attributes:
        subject: One line; an SMS has none of it.
        text: What the patient reads, lines separated by a newline.
    """

    subject: str
    text: str


@dataclass(frozen=True)
class Manners:
    """How patients are written to.

    Attributes:
        channels: The channels that a provider is set for.
        quiet_from: Minutes after the local midnight from which nobody is written to.
        quiet_until: … and until when. Equal to `quiet_from`: there is no quiet time.
        a_week: Notices that a patient gets in seven days at most, answers to them apart.
    """

    channels: frozenset[Channel] = field(default_factory=frozenset)
    quiet_from: int = 21 * 60
    quiet_until: int = 8 * 60
    a_week: int = 3

    def free_at(self, now: datetime, calendar: Calendar) -> datetime:
        """The first moment from `now` on that is not within quiet hours (aware, UTC)."""
        local = now.astimezone(calendar.zone)
        minute = local.hour * 60 + local.minute
        if not self._is_quiet(minute):
            return now
        day = local.date()
        if minute >= self.quiet_until:
            day += timedelta(days=1)
        hour, rest = divmod(self.quiet_until, 60)
        until = datetime.combine(day, time(hour, rest), calendar.zone)
        return until.astimezone(now.tzinfo)

    def _is_quiet(self, minute: int) -> bool:
        if self.quiet_from <= self.quiet_until:
            return self.quiet_from <= minute < self.quiet_until
        return minute >= self.quiet_from or minute < self.quiet_until


def next_state(state: NoticeState, event: NoticeEvent) -> NoticeState | None:
    """The state that `event` leads to, or `None` when the table has no such move."""
    return MOVES.get((state, event))


def back_off(tries: int) -> timedelta:
    """How long to wait after so many tries (from 1 on) that were surely not taken."""
    doublings = min(max(tries, 1) - 1, 10)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)


def same_number(number: str) -> str:
    """What two ways to write a phone number have in common: its last nine digits."""
    return "".join(sign for sign in number if sign.isdecimal())[-9:]
