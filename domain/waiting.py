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
