"""The outage: whether Telegram, or a provider, fails for everybody, and how little is sent then."""

from typing import Final

import structlog

from bot.pace import Pace

CHATS: Final = 3
"""Chats in a row that are not answered for: one may fail by itself, so many do not."""

_FIRST_WAIT: Final = 1.0
_LONGEST_WAIT: Final = 60.0

log = structlog.get_logger()


class Outage:
    """Told what becomes of each message, it says which one may go.

    While an outage lasts that is one at a time, the *probe*, each after a longer wait than the one
    before. So what waits does not use its tries up, and Telegram is left in peace. The first answer
    to anybody, a refusal too, ends it.

    Args:
        pace: Held for everybody between two probes.
        of: Who fails, as log lines call them. Whoever is not Telegram has messages for chats.
    """

    def __init__(self, pace: Pace, of: str = "telegram") -> None:
        self._pace = pace
        self._begins = f"{of} fails for everybody; trying with one message at a time"
        self._ends = f"{of} works again"
        self._unanswered: set[int] = set()
        self._probe: int | None = None
        self._wait = _FIRST_WAIT

    @property
    def lasts(self) -> bool:
        """Whether Telegram fails for everybody, as far as is known."""
        return len(self._unanswered) >= CHATS

    def begin(self, chat_id: int) -> None:
        """A message to the chat is taken in hand: in an outage it is the probe."""
        if self.lasts:
            self._probe = chat_id

    def lets_pass(self, chat_id: int) -> bool:
        """Whether the message in hand for the chat may go now."""
        return not self.lasts or chat_id == self._probe

    def lost(self, chat_id: int) -> None:
        """Nobody knows what became of a message to the chat."""
        known = self.lasts
        if not known:
            self._unanswered.add(chat_id)
            if len(self._unanswered) < CHATS:
                return
            log.warning(self._begins)
        if not known or chat_id == self._probe:  # others were on their way when it began
            self._hold()

    def fails(self, chat_id: int) -> None:
        """A message for the chat met what every other one would meet: that is an outage at once."""
        known = self.lasts
        if not known:
            self._unanswered |= {chat_id, *range(-CHATS, 0)}
            log.warning(self._begins)
        if not known or chat_id == self._probe:
            self._hold()

    def answered(self) -> None:
        """Telegram has answered for a chat: it works."""
        if self.lasts:
            log.info(self._ends)
        self._unanswered.clear()
        self._probe, self._wait = None, _FIRST_WAIT

    def _hold(self) -> None:
        self._pace.hold_all(self._wait)
        self._wait = min(2 * self._wait, _LONGEST_WAIT)
