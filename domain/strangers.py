"""Strangers: how often somebody who is no member is answered.

The first five tries within an hour are answered, and a wrong code counts as two. From then on each
answered try is followed by a quiet time in which nothing is answered and no code is looked at: one
minute, twice as long after each further try, an hour at most. An hour after the last quiet time
all is forgotten.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ANSWERED: Final = 5
"""Tries before the first quiet time."""

WRONG_CODE: Final = 2
"""As how many tries a wrong code counts."""

FORGOTTEN_AFTER: Final = timedelta(hours=1)
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=1)

TOLD_EVERY: Final = timedelta(days=1)
"""How often admins are told of the same stranger."""


@dataclass(frozen=True)
class Tries:
    """The tries of one stranger.

    Attributes:
        since: When they began (aware).
        number: How many, wrong codes counted double.
        quiet_until: Before that nothing is answered.
    """

    since: datetime
    number: int = 0
    quiet_until: datetime | None = None

    def is_quiet(self, now: datetime) -> bool:
        """Whether the stranger is ignored now."""
        return self.quiet_until is not None and now < self.quiet_until

    def is_forgotten(self, now: datetime) -> bool:
        """Whether it is so long ago that it no longer counts."""
        return now >= (self.quiet_until or self.since) + FORGOTTEN_AFTER

    def and_one(self, now: datetime, counts_as: int = 1) -> "Tries":
        """After one more answered try."""
        before = Tries(now) if self.is_forgotten(now) else self
        number = before.number + counts_as
        quiet = quiet_after(number)
        return Tries(before.since, number, now + quiet if quiet else None)


def quiet_after(number: int) -> timedelta:
    """How long nothing is answered after so many tries."""
    if number < ANSWERED:
        return timedelta()
    doublings = min(number - ANSWERED, 10)
    return min(SHORTEST * (1 << doublings), LONGEST)
