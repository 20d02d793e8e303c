"""Presses of inline buttons and the answers they get."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from telegram.constants import CallbackQueryLimit

from bot.demo.server.chats import Chat
from bot.demo.server.errors import bad_request
from bot.demo.server.feed import Bell
from bot.demo.server.utf16 import units

_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


@dataclass(frozen=True)
class Toast:
    """What a press was answered with; no text only stops the spinner."""

    text: str | None
    show_alert: bool


@dataclass
class Press:
    """A button pressed and not necessarily answered."""

    query_id: str
    chat: Chat
    at: datetime
    toast: Toast | None = None


class Callbacks:
    """All presses of this run.

    Args:
        lifetime: How long a press may wait for its answer.
    """

    def __init__(self, lifetime: timedelta) -> None:
        self.lifetime = lifetime
        self.bell = Bell()
        self._presses: dict[str, Press] = {}
        self._numbers = itertools.count(4_000_001)

    def open(self, chat: Chat, now: datetime) -> Press:
        """Notes a press."""
        press = Press(str(next(self._numbers)), chat, now)
        self._presses[press.query_id] = press
        return press

    def get(self, query_id: str) -> Press | None:
        """A press by the id of its callback query."""
        return self._presses.get(query_id)

    def answer(self, query_id: str, toast: Toast, now: datetime) -> None:
        """Answers a press.

        Raises:
            ApiError: If there is none, if it was answered before or if it is too old.
        """
        press = self._presses.get(query_id)
        if press is None or press.toast is not None or now - press.at > self.lifetime:
            raise bad_request(_TOO_OLD)
        if units(toast.text or "") > CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH:
            raise bad_request("MESSAGE_TOO_LONG")
        press.toast = toast
        press.chat.feed.add(
            "toast",
            {
                "callback_query_id": query_id,
                "text": toast.text,
                "show_alert": toast.show_alert,
                "url": None,
            },
        )
        self.bell.ring()
