"""Mornings: when a person's daily summary is due.

It belongs to a local day and is due at a local time of it. Whatever happens to clocks and
programs, a day has at most one, never before its time, and none is sent on a later day.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from domain.days import Calendar

EVERY_DAY: Final = 0b111_1111
MINUTES: Final = 24 * 60
"""Minutes of a day."""

_DAY: Final = timedelta(days=1)
_LOOK_AHEAD: Final = 10
"""Days that hold each weekday at least once, with one to spare at either end."""


@dataclass(frozen=True)
class Rhythm:
    """When somebody wants their summary.

    Attributes:
        minute: In minutes after the local midnight.
        days: The weekdays: the sum of `1 << weekday`, Monday being 0; at least one.
    """

    minute: int
    days: int = EVERY_DAY

    def __post_init__(self) -> None:
        if not 0 <= self.minute < MINUTES:
            raise ValueError(f"a day has no minute {self.minute}")
        if not 1 <= self.days <= EVERY_DAY:
            raise ValueError(f"{self.days} names no weekdays")

    def includes(self, day: date) -> bool:
        """Whether one is wanted on that day."""
        return bool(self.days >> day.weekday() & 1)


def due_on(day: date, minute: int, calendar: Calendar) -> datetime:
    """The moment (aware, UTC) at which the summary of a local day is due.

    A local time that clocks skip is moved forward by as much as they are; of one that comes
    twice the first is meant.
    """
    return datetime.combine(day, time(*divmod(minute, 60)), calendar.zone).astimezone(UTC)


def day_due(rhythm: Rhythm, calendar: Calendar, last: date | None, now: datetime) -> date | None:
    """The day whose summary is to be sent now, or `None`.

    Args:
        rhythm: When one is wanted.
        calendar: The HMO's.
        last: The last day whose summary was sent.
        now: The present (aware).
    """
    today = calendar.day_of(now)
    # The day before only if clocks have moved its summary past midnight.
    for day in (today, today - _DAY):
        if rhythm.includes(day) and (last is None or day > last):
            due = due_on(day, rhythm.minute, calendar)
            if due <= now and calendar.day_of(due) == today:
                return day
    return None


def next_due(rhythm: Rhythm, calendar: Calendar, last: date | None, after: datetime) -> datetime:
    """The first moment after `after` (both aware) at which a summary is due.

    Args:
        rhythm: When one is wanted.
        calendar: The HMO's.
        last: The last day whose summary was sent; it gets no other.
        after: Usually the present.
    """
    first = calendar.day_of(after) - _DAY
    if last is not None and last >= first:
        first = last + _DAY
    days = (first + _DAY * number for number in range(_LOOK_AHEAD))
    moments = (due_on(day, rhythm.minute, calendar) for day in days if rhythm.includes(day))
    return next(moment for moment in moments if moment > after)
