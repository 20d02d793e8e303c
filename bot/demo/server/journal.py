"""A log of every call that the bot made, for tests to count."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

KEPT_CALLS = 50_000


@dataclass(frozen=True)
class Call:
    """One call of the bot.

    Attributes:
        method: The Bot API method.
        chat_id: The chat it was for, if any.
        params: What was sent, files as name and size.
        at: When it was finished, on the server's clock.
        outcome: `ok`, the description of the refusal, `dropped` by a fault with nothing done,
            `done, dropped` if only the answer was, or `gone` if the bot itself hung up.
        code: The HTTP status that it was answered with, 0 for none.
        message_id: The message that it sent or edited, whether or not that was answered.
    """

    method: str
    chat_id: int | None
    params: dict[str, Any]
    at: datetime
    outcome: str
    code: int
    message_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The call as a JSON object."""
        return asdict(self) | {"at": self.at.isoformat()}


class Journal:
    """The last calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=KEPT_CALLS)

    def add(self, call: Call) -> None:
        """Notes a call."""
        self._calls.append(call)

    def calls(self, method: str = "", chat_id: int | None = None) -> list[Call]:
        """The calls of one method, for one chat, or all."""
        return [
            call
            for call in self._calls
            if method in ("", call.method) and chat_id in (None, call.chat_id)
        ]

    def clear(self) -> None:
        """Starts counting anew."""
        self._calls.clear()
