"""Later: when to try again what has failed, for what is not worth a row in the database."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from domain.deliveries import back_off

Message = tuple[int, int]
"""A chat's id and the message's."""

_KEPT: Final = 1_000


class Later:
    """Messages that could not be brought up to date, each put off for longer at each failure.

    Args:
        chance: A number from 0 to 1 at each call; spreads what failed together.
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._messages: dict[Message, tuple[int, datetime]] = {}

    def put_off(self, message: Message, now: datetime) -> None:
        """It has failed (again)."""
        failures = self._messages.get(message, (0, now))[0] + 1
        self._messages[message] = failures, now + back_off(failures, self._chance())
        if len(self._messages) > _KEPT:
            waiting = self.waiting(now)
            self._messages = {key: self._messages[key] for key in waiting}

    def done(self, message: Message) -> None:
        """It has succeeded, or is given up."""
        self._messages.pop(message, None)

    def waiting(self, now: datetime) -> set[Message]:
        """Those whose time has not yet come."""
        return {message for message, (_, until) in self._messages.items() if now < until}
