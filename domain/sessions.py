"""Sessions: the time that clinicians have for patients, how full it is, and what is still open.

The figures are those of the field. A session's *template slots* are its minutes ÷ its slot length,
whole ones; blocked sessions have none. Fill rate = scheduled ÷ template slots; utilisation =
attended time ÷ available time; TNAA, the third next available appointment, is the days until the
third open slot: the first and the second may be there by chance, from a cancellation.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SLOT_MINUTES: Final = 20
"""How long a visit takes where a session does not say."""

LONGEST: Final = timedelta(hours=24)
"""No session is longer."""

THIRD: Final = 3
"""The open slot that TNAA asks for."""


@dataclass(frozen=True)
class Time:
    """Some of a clinician's time.

    Attributes:
        start: Its first moment (aware).
        until: The first moment after it (aware).
    """

    clinician_id: int
    start: datetime
    until: datetime


@dataclass(frozen=True)
class Opening(Time):
    """A session that takes patients.

    Attributes:
        slot: How long a visit takes.
    """

    slot: timedelta

    def slots(self) -> Iterator[Time]:
        """Its template slots, one after the other."""
        start = self.start
        while start + self.slot <= self.until:
            yield Time(self.clinician_id, start, start + self.slot)
            start += self.slot


@dataclass(frozen=True)
class Fill:
    """How full some time is.

    Attributes:
        scheduled: Appointments that were not cancelled and not entered in error.
        slots: Template slots.
        minutes: The time of these slots.
    """

    scheduled: int
    slots: int
    minutes: int

    @property
    def rate(self) -> float | None:
        """Scheduled ÷ template slots, in per cent; above 100 where it is overbooked.

        `None` without any session.
        """
        return 100 * self.scheduled / self.slots if self.slots else None

    @property
    def free(self) -> int:
        """Template slots that nobody has."""
        return max(self.slots - self.scheduled, 0)

    @property
    def free_hours(self) -> float:
        """The time of the free slots, each as long as they are on average."""
        return self.free * self.minutes / self.slots / 60 if self.slots else 0.0

    def __add__(self, other: "Fill") -> "Fill":
        """Both together."""
        return Fill(
            self.scheduled + other.scheduled,
            self.slots + other.slots,
            self.minutes + other.minutes,
        )


@dataclass(frozen=True)
class Use:
    """How much of some past time was used.

    Attributes:
        attended: Minutes of visits whose patients came.
        available: Minutes of sessions that were not blocked.
    """

    attended: int
    available: int

    @property
    def rate(self) -> float | None:
        """Attended ÷ available time, in per cent; `None` where none was available."""
        return 100 * self.attended / self.available if self.available else None

    def __add__(self, other: "Use") -> "Use":
        """Both together."""
        return Use(self.attended + other.attended, self.available + other.available)


def open_slots(openings: Iterable[Opening], taken: Iterable[Time], now: datetime) -> list[datetime]:
    """When the slots start that are to come and that no visit of the same clinician touches.

    Args:
        openings: Sessions that take patients.
        taken: Scheduled visits, whatever department they are in.
        now: The present (aware).

    Returns:
        Starts, the earliest first; one that several clinicians have is there several times.
    """
    busy: dict[int, list[Time]] = {}
    for visit in taken:
        busy.setdefault(visit.clinician_id, []).append(visit)
    return sorted(
        slot.start
        for opening in openings
        for slot in opening.slots()
        if slot.start > now and not any(_touch(slot, it) for it in busy.get(slot.clinician_id, ()))
    )


def _touch(one: Time, other: Time) -> bool:
    return one.start < other.until and other.start < one.until
