"""Waiting patients: who wants a slot, how urgent it is, and how long they should wait at most."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

URGENCIES: Final = (1, 2, 3, 4, 5)
"""From 1, least, to 5, most urgent."""

TARGET_DAYS: Final = MappingProxyType({1: 60, 2: 30, 3: 14, 4: 7, 5: 2})
"""Days within which a patient of each urgency should be seen: our own choice, for the HMO to
set."""

NOTICE_HOURS: Final = 24
"""The notice that a waiting patient needs, unless the list says otherwise."""


class WaitState(StrEnum):
    """Where a place on the waitlist stands."""

    WAITING = "waiting"
    BOOKED = "booked"
    WITHDRAWN = "withdrawn"


_USUAL_MISSES: Final = 0.2
_AS_MANY_AS: Final = 5


def chance_to_miss(missed: int, visits: int) -> float:
    """The chance that a patient with this history misses a visit, where no model says so.

    The share that they missed, smoothed towards one in five, weighing as much as five visits of
    their own: about what is seen of appointments of which nothing else is known.

    Args:
        missed: Visits that they missed, excused ones left out.
        visits: Those of which it is known whether they came, the missed ones included.
    """
    return (missed + _USUAL_MISSES * _AS_MANY_AS) / (visits + _AS_MANY_AS)
