"""The fault switch: makes chosen calls fail, wait or lose their connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from pydantic import TypeAdapter

from bot.demo.server.errors import ApiError

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


@dataclass
class Fault:
    """What goes wrong, with which calls, and how often.

    Attributes:
        method: The method that it strikes, `*` for every one but `getUpdates`.
        chat_id: Strikes only calls for this chat.
        code: The HTTP status to answer; nothing is done then.
        description: The answer's description; by default the status's own phrase.
        retry_after: Seconds, for a 429.
        migrate_to: The chat's new id, for a 400.
        times: How many calls it strikes; `None` for all until cleared.
        delay: Seconds to wait first.
        drop: `before` drops the connection with nothing done, `after` does it and drops the answer.
    """

    method: str = "*"
    chat_id: int | None = None
    code: int | None = None
    description: str = ""
    retry_after: int | None = None
    migrate_to: int | None = None
    times: int | None = 1
    delay: float = 0.0
    drop: Literal["before", "after"] | None = None

    def __post_init__(self) -> None:
        if self.drop not in (None, "before", "after"):
            raise ValueError("drop is 'before' or 'after'")
        if self.retry_after and self.code is None:
            self.code = 429
        if self.migrate_to and self.code is None:
            self.code = 400

    def strikes(self, method: str, chat_id: int | None) -> bool:
        """Whether a call is one that this fault is meant for."""
        meant = method != "getUpdates" if self.method == "*" else method == self.method
        return meant and self.chat_id in (None, chat_id)

    def error(self) -> ApiError | None:
        """The refusal to answer with, `None` if the call is to go on."""
        if self.code is None:
            return None
        description = self.description or _PHRASES.get(self.code, "Internal Server Error")
        if self.migrate_to:
            return ApiError(self.code, description, migrate_to_chat_id=self.migrate_to)
        if not self.retry_after:
            return ApiError(self.code, description)
        described = self.description or f"{description}: retry after {self.retry_after}"
        return ApiError(self.code, described, retry_after=self.retry_after)


_READER = TypeAdapter(Fault)


class Faults:
    """The faults that wait for calls, first come first served."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Switches a fault on."""
        self._waiting.append(fault)
        return fault

    def add_json(self, body: Mapping[str, Any]) -> Fault:
        """Switches on a fault described by a JSON object with a fault's attributes as keys.

        Raises:
            ValueError: For an unknown key or a value that makes no sense.
        """
        unknown = set(body) - {field.name for field in fields(Fault)}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return self.add(_READER.validate_python(dict(body)))

    def clear(self) -> None:
        """Switches every fault off."""
        self._waiting.clear()

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The fault that strikes a call, counted down."""
        for fault in self._waiting:
            if fault.strikes(method, chat_id):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """What still waits."""
        return [asdict(fault) for fault in self._waiting]
