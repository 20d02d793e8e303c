"""Retention: how long what is kept, and when the nightly tidying is due."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from domain.days import Calendar

TIDIES_AT: Final = time(3)
"""The local time from which on the night's tidying is due."""


@dataclass(frozen=True)
class Retention:
    """How long what is kept.

    Attributes:
        patients: A patient who can be recognised, after their last appointment.
        messages: A message about patients in a chat, from when it was sent. Telegram lets a bot
            delete messages for 48 hours.
        outbox: A push that was sent or has failed.
        views: A call list, and what a batch left out.
    """

    patients: timedelta = timedelta(days=730)
    messages: timedelta = timedelta(hours=36)
    outbox: timedelta = timedelta(days=30)
    views: timedelta = timedelta(days=90)


def last_night(calendar: Calendar, now: datetime) -> date:
    """The local day of the last `TIDIES_AT` that has passed."""
    local = now.astimezone(calendar.zone)
    return local.date() if local.time() >= TIDIES_AT else local.date() - timedelta(days=1)
