"""Inboxes: what each patient was sent by SMS or mail, and what they have written back."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.demo.server.feed import Feed
from domain.clock import Clock
from domain.links import TOKEN_LENGTH, Purpose
from domain.notices import Channel

KEPT_INBOXES = 60
KEPT_MESSAGES = 50

_OFFER = re.compile(rf"/{Purpose.OFFER}/[\w-]{{{TOKEN_LENGTH}}}", re.ASCII)

Named = Callable[[Channel, str], Awaitable[str]]
"""What the page calls the patient at an address."""


class Side(StrEnum):
    """On which of the patients' phones an inbox is shown."""

    ASKED = "asked"
    OFFERED = "offered"


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        subject: Of a mail; empty otherwise.
        at: Seconds since 1970 (UTC).
        outgoing: Whether the patient wrote it.
    """

    message_id: int
    text: str
    subject: str
    at: int
    outgoing: bool


@dataclass
class Inbox:
    """All that went to and came from one address.

    Attributes:
        side: Who was ever offered a slot is somebody who waits.
    """

    inbox_id: int
    channel: Channel
    address: str = field(repr=False)
    name: str
    side: Side = Side.ASKED
    messages: list[Message] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What the page is told: no address."""
        return {
            "inbox_id": self.inbox_id,
            "channel": self.channel,
            "name": self.name,
            "side": self.side,
            "messages": [vars(message) for message in self.messages],
        }


class Inboxes:
    """The inboxes of those who were written to last.

    Args:
        clock: The time of day.
        named: Tells whose an address is.
    """

    def __init__(self, clock: Clock, named: Named) -> None:
        self.feed = Feed()
        self._clock, self._named = clock, named
        self._by_id: dict[int, Inbox] = {}
        self._ids: dict[tuple[Channel, str], int] = {}
        self._opened = self._messages = 0

    def get(self, inbox_id: int) -> Inbox | None:
        """The inbox of that number, if it is still kept."""
        return self._by_id.get(inbox_id)

    def as_json(self) -> list[dict[str, Any]]:
        """All of them; who was written to last comes last."""
        return [inbox.as_json() for inbox in self._by_id.values()]

    async def take(self, channel: Channel, address: str, subject: str, text: str) -> None:
        """A message has arrived at an address."""
        inbox = await self._inbox(channel, address)
        self._by_id[inbox.inbox_id] = self._by_id.pop(inbox.inbox_id)  # now the last one
        if _OFFER.search(text):
            inbox.side = Side.OFFERED
        self._add(inbox, text, subject)

    def wrote(self, inbox: Inbox, text: str) -> None:
        """The patient has written back."""
        self._add(inbox, text, "", outgoing=True)

    async def _inbox(self, channel: Channel, address: str) -> Inbox:
        key = (channel, address)
        if key not in self._ids:
            name = await self._named(channel, address)
            if key not in self._ids:  # another message may have come meanwhile
                self._opened += 1
                self._ids[key] = self._opened
                self._by_id[self._opened] = Inbox(self._opened, channel, address, name)
                self._forget()
        return self._by_id[self._ids[key]]

    def _forget(self) -> None:
        while len(self._by_id) > KEPT_INBOXES:
            oldest = self._by_id.pop(next(iter(self._by_id)))
            del self._ids[oldest.channel, oldest.address]

    def _add(self, inbox: Inbox, text: str, subject: str, *, outgoing: bool = False) -> None:
        self._messages += 1
        at = int(self._clock.now().timestamp())
        inbox.messages.append(Message(self._messages, text, subject, at, outgoing))
        del inbox.messages[:-KEPT_MESSAGES]
        self.feed.add("inbox", inbox.as_json())
