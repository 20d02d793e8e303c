"""Waiting patients: who wants a slot, how urgent it is, and how long they should wait at most."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

URGENCIES: Final = (1, 2, 3, 4, 5)
"""From 1, least, to 5, most urgent."""

TARGET_DAYS: Final = MappingProxyType({1: 90, 2: 60, 3: 30, 4: 14, 5: 3})
"""Days within which a patient of each urgency should be seen: our own choice, near to what public
systems promise for routine, semi-urgent and urgent referrals."""

NOTICE_HOURS: Final = 24
"""The notice that a waiting patient needs, unless the list says otherwise."""


class WaitState(StrEnum):
    """Where a place on the waitlist stands."""

    WAITING = "waiting"
    BOOKED = "booked"
    WITHDRAWN = "withdrawn"
