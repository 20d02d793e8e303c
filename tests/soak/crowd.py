"""People at work: each types and presses at random, and keeps what the bot answered."""

import asyncio
import random
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from bot.demo.server import Phone
from tests.soak.clinic import Clinic
from tests.soak.shift import Shift

AT_THE_DESK: Final = (
    *("/risk", "/risk 1", "/risk 30", "/pending", "/pending"),
    *("/efficiency", "/today", "/today", "/help"),
)
"""Not `/summary`: so that a summary on a phone is one that was pushed."""
RUNNING_IT: Final = (
    *("/people", "/people", "/people Person 1", "/people Person 2"),
    *("/deliveries", "/audit", "/audit today", "/risk"),
)
LIKED: Final = {
    **dict.fromkeys(("act:", "confirm:", "why:", "undobatch:"), 5.0),
    **dict.fromkeys(("called:", "giveback:", "excuse:"), 5.0),
    **dict.fromkeys(("invite", "newinvite:", "makelink:", "resend:", "drop:"), 5.0),
    **dict.fromkeys(("member:", "role:", "suspendnow:", "setrole:"), 3.0),
    "reinstate:": 20.0,
    "revoke:": 0.5,
    "setinvite:": 0.2,
    "setplaces:": 0.2,
    "draft:": 0.05,
}
"""How readily buttons are pressed, by how their data begins: decisions before looking around, and a
batch, which takes everything at once, rarely. 1 for all others."""
UNLIKELY: Final = re.compile(r"setrole:\d+:admin|newinvite:admin")
"""Or in the end nobody would be left who decides about patients."""
LOOKS_AT: Final = 6
"""Messages that a person still has on the screen."""
WAITS: Final = 3.0
"""Seconds that a person waits for an answer before going on."""
RESTS: Final = (0.2, 1.2)
"""Seconds between two things that a person does."""
CODE: Final = re.compile(r"/start ([\w-]{20,})")
STARTED: Final = "/start"
"""In place of a button's data: a code was sent."""


@dataclass(frozen=True)
class Answer:
    """What somebody was told about a press.

    Attributes:
        telegram_id: Who pressed.
        data: What the button carried, or `STARTED`.
        words: What the bot said over the screen; empty if it only stopped the spinner.
    """

    telegram_id: int
    data: str
    words: str


@dataclass
class Worker:
    """One person at work.

    Attributes:
        place: Where.
        commands: What they type.
        blocks: Whether they block the bot now and then, and let it in again.
        has_blocked: Whether they ever did.
        presses: The query and the data of each press.
        claims: What was answered to what they typed.
    """

    place: Clinic
    phone: Phone
    chance: random.Random
    commands: Sequence[str] = AT_THE_DESK
    blocks: bool = False
    has_blocked: bool = False
    presses: list[tuple[str, str]] = field(default_factory=list)
    claims: list[Answer] = field(default_factory=list)

    async def works(self, shift: Shift) -> None:
        """Press and type until the shift is over."""
        while await shift.goes_on(self.chance.uniform(*RESTS)):
            if self.blocks and self.chance.random() < 0.05:
                await self._blocks_for_a_while()
            await self._does_something()

    async def answers(self) -> list[Answer]:
        """What they were answered until now, late answers included."""
        found = list(self.claims)
        for query, data in self.presses:
            with suppress(AssertionError):
                toast = await self.phone.toast(query, 0)
                found.append(Answer(self.phone.person.user_id, data, toast.text or ""))
        return found

    async def _does_something(self) -> None:
        buttons = self._buttons()
        if not buttons or self.chance.random() < 0.15:
            await self._types()
            return
        message, data = self.chance.choices(buttons, [liking(data) for _, data in buttons])[0]
        with suppress(LookupError, AssertionError):  # edited away in this moment; not answered
            query = await self.phone.presses(message, data)
            self.presses.append((query, data))
            await self.phone.toast(query, WAITS)

    async def _types(self) -> None:
        codes = invitations_in_sight(self.place)
        if codes and self.chance.random() < 0.05:
            await self.phone.says(f"/start {self.chance.choice(codes)}")
        else:
            await self.phone.says(self.chance.choice(self.commands))

    async def _blocks_for_a_while(self) -> None:
        self.has_blocked = True
        self.phone.blocks()
        try:
            await asyncio.sleep(self.chance.uniform(0.5, 2))
        finally:
            self.phone.unblocks()

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


@dataclass
class Newcomer(Worker):
    """Somebody who becomes a member by the first invitation that works, then works like others."""

    async def works(self, shift: Shift) -> None:
        """Wait for an invitation, then press and type until the shift is over."""
        while not self.claims and await shift.goes_on(self.chance.uniform(*RESTS)):
            codes = invitations_in_sight(self.place)
            if codes:
                await self._tries(codes[-1])
        await super().works(shift)

    async def _tries(self, code: str) -> None:
        since = self.phone.now()
        await self.phone.says(f"/start {code}")
        with suppress(AssertionError):
            welcome = await self.phone.sees("Welcome", WAITS, since)
            self.claims.append(Answer(self.phone.person.user_id, STARTED, welcome["text"]))


def liking(data: str) -> float:
    """How readily a button is pressed."""
    if UNLIKELY.match(data):
        return 0.02
    found = (weight for beginning, weight in LIKED.items() if data.startswith(beginning))
    return next(found, 1.0)


def invitations_in_sight(place: Clinic) -> list[str]:
    """The codes that admins have been given and could hand to anybody, oldest first."""
    return [
        code
        for phone in place.phones(place.crowd)
        for message in phone.messages
        if not message["outgoing"]
        for code in CODE.findall(str(message.get("text", "")))
    ]


def everybody(place: Clinic, chance: random.Random) -> list[Worker]:
    """The people of a clinic, each with a chance of their own; the last of the crowd blocks."""

    def luck() -> random.Random:
        return random.Random(chance.random())  # noqa: S311 - the same each time

    crowd = [
        Worker(place, phone, luck(), RUNNING_IT if at < place.admins else AT_THE_DESK)
        for at, phone in enumerate(place.phones(place.crowd))
    ]
    crowd[-1].blocks = True
    return [*crowd, *(Newcomer(place, phone, luck()) for phone in place.phones(place.newcomers))]
