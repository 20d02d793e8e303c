"""Moments and days: UTC inside, the HMO's own calendar outside, daylight saving included."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WINDOWS: Final = (1, 3, 7, 14, 30)
"""The lengths of a risk list's window in days, the present day included."""

PERIODS: Final = (30, 90, 180, 365)
"""The lengths of a look back in days, ending with yesterday."""


@dataclass(frozen=True)
class Span:
    """Whole days of the HMO's calendar, `first` to `last` inclusive."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days the span holds."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Calendar:
    """The HMO's calendar: which day a moment falls on, and when a day begins."""

    zone: ZoneInfo

    def day_of(self, moment: datetime) -> date:
        """The local day on which an aware `moment` falls."""
        return moment.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """The first moment of a local day (aware, UTC)."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def ahead(self, now: datetime, days: int) -> Span:
        """The window of `days` days that begins with today."""
        today = self.day_of(now)
        return Span(today, today + timedelta(days=days - 1))

    def back(self, now: datetime, days: int) -> Span:
        """The period of `days` whole days that ended with yesterday."""
        today = self.day_of(now)
        return Span(today - timedelta(days=days), today - timedelta(days=1))

    def end_of(self, span: Span) -> datetime:
        """The first moment after the span (aware, UTC)."""
        return self.start_of(span.last + timedelta(days=1))


def day_finder(zone: ZoneInfo) -> Callable[[datetime], date]:
    """A quick `Calendar.day_of` for streams of rows: remembers each quarter hour once.

    Zones change their offset on quarter hours at the finest, so the key is the quarter hour.
    """
    known: dict[int, date] = {}

    def day_of(moment: datetime) -> date:
        key = int(moment.timestamp()) // 900
        found = known.get(key)
        if found is None:
            found = known[key] = moment.astimezone(zone).date()
        return found

    return day_of
