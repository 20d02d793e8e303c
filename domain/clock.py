"""The program's clock. Everything that asks for the time is given one of these."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present moment, always in UTC."""

    def now(self) -> datetime:
        """The present moment (aware, UTC)."""


class SystemClock:
    """The machine's own clock, optionally started at another moment.

    Args:
        starts_at: An aware moment that counts as the present; the clock runs on from
            there at normal speed. `None` is the real time.
    """

    def __init__(self, starts_at: datetime | None = None) -> None:
        real = datetime.now(UTC)
        self._shift = timedelta() if starts_at is None else starts_at.astimezone(UTC) - real

    def now(self) -> datetime:
        """The present moment (aware, UTC), shifted if the clock was started elsewhere."""
        return datetime.now(UTC) + self._shift


class MovableClock:
    """Another clock that can be put on, and runs on from there: for the demo's time travel.

    Args:
        clock: The one that it is ahead of.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._ahead = clock, timedelta()

    def now(self) -> datetime:
        """The other clock's moment (aware, UTC) and all that was skipped."""
        return self._clock.now() + self._ahead

    def move_to(self, moment: datetime) -> None:
        """Make a moment (aware) the present."""
        self._ahead += moment - self.now()


class HandClock:
    """A clock that stands still until it is moved: for tests."""

    def __init__(self, at: datetime) -> None:
        self.at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was last set to (aware, UTC)."""
        return self.at

    def move(self, by: timedelta) -> None:
        """Let `by` pass at once."""
        self.at += by
