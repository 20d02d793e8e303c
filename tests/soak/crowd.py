"""People at work: each types and presses at random, and notes what the bot answered."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from bot.demo.server import Phone

COMMANDS: Final = (
    *("/risk", "/risk 1", "/risk 30", "/pending", "/pending"),
    *("/efficiency", "/today", "/today", "/help"),
)
"""Not `/summary`: so that a summary on a phone is one that was pushed."""
LIKED: Final = ("act:", "confirm:", "why:", "undobatch:", "called:", "giveback:", "excuse:")
"""What decides is pressed more often than what only shows."""
DRAFT: Final = "draft:"
"""A batch takes everything at once: now and then is enough."""
LOOKS_AT: Final = 6
"""Messages that a person still has on the screen."""
WAITS: Final = 2.0
"""Seconds that a person waits for an answer before going on."""


@dataclass(frozen=True)
class Answer:
    """What somebody was told about a press.

    Attributes:
        telegram_id: Who pressed.
        data: What the button carried.
        words: What the bot said over the screen; empty if it only stopped the spinner.
    """

    telegram_id: int
    data: str
    words: str


@dataclass
class Worker:
    """One person at work.

    Attributes:
        answers: What was answered, in order.
        unanswered: Presses that nobody answered in time: the bot was dead or busy.
    """

    phone: Phone
    chance: random.Random
    answers: list[Answer] = field(default_factory=list)
    unanswered: int = 0

    async def works(self, ends_at: float) -> None:
        """Press and type until a moment of the monotonic clock."""
        while time.monotonic() < ends_at:
            await self._presses_something()
            await asyncio.sleep(self.chance.uniform(0.2, 1.2))

    async def _presses_something(self) -> None:
        buttons = self._buttons()
        if not buttons or self.chance.random() < 0.15:
            await self.phone.says(self.chance.choice(COMMANDS))
            return
        message, data = self.chance.choices(buttons, [_liking(data) for _, data in buttons])[0]
        try:
            query = await self.phone.presses(message, data)
            toast = await self.phone.toast(query, WAITS)
        except LookupError:  # it was edited away in this moment
            return
        except AssertionError:
            self.unanswered += 1
            return
        self.answers.append(Answer(self.phone.person.user_id, data, toast.text or ""))

    def _buttons(self) -> list[tuple[dict[str, Any], str]]:
        """The buttons in sight, each with its message."""
        shown = [message for message in self.phone.messages if not message["outgoing"]]
        return [
            (message, button["callback_data"])
            for message in shown[-LOOKS_AT:]
            for row in message.get("reply_markup", {}).get("inline_keyboard", [])
            for button in row
            if "callback_data" in button
        ]


def _liking(data: str) -> float:
    if data.startswith(DRAFT):
        return 0.05
    return 5 if data.startswith(LIKED) else 1


async def all_work(workers: Sequence[Worker], seconds: float) -> None:
    """Let everybody work side by side for so long."""
    ends_at = time.monotonic() + seconds
    async with asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(worker.works(ends_at))
