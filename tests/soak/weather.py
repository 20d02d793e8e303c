"""Bad weather: the server's faults, switched on for a while and off again."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from bot.demo.server import BotApiServer, Fault
from tests.soak.shift import Shift

SPELL: Final = (0.5, 2.5)
"""Seconds that a fault is on."""
CALM: Final = (1.0, 4.0)
"""Seconds between two faults."""
PATIENCE_OF_THE_BOT: Final = 5.0
"""Seconds after which the bot takes a call for lost."""
SLOWEST: Final = 7.0

Kind = Callable[[random.Random], Fault]

FAULTS: Final[dict[str, Kind]] = {
    "told to wait": lambda chance: Fault(code=429, retry_after=chance.choice([1, 2]), times=None),
    "500": lambda _: Fault(code=500, times=None),
    "502": lambda _: Fault("sendMessage", code=502, times=None),
    "connection lost": lambda _: Fault(drop="before", times=None),
    "answer lost": lambda _: Fault("sendMessage", drop="after", times=None),
    "slow": lambda chance: Fault(delay=chance.uniform(0.5, SLOWEST), times=6),
    "no updates": lambda _: Fault("getUpdates", code=502, times=2),
}


@dataclass
class Weather:
    """Switches one fault after another on, for a while each.

    Attributes:
        slow: From when to when answers came too late for the bot.
        spells: How many faults there were.
    """

    server: BotApiServer
    chance: random.Random
    slow: list[tuple[datetime, datetime]] = field(default_factory=list)
    spells: int = 0

    async def changes(self, shift: Shift) -> None:
        """Go on until the shift is over; then the sky is clear."""
        kinds = list(FAULTS.values())
        while await shift.goes_on(self.chance.uniform(*CALM)):
            # Each in its turn before any comes again: a short run sees most of them.
            if not self.spells % len(kinds):
                self.chance.shuffle(kinds)
            await self._spell(kinds[self.spells % len(kinds)](self.chance), shift)

    async def _spell(self, fault: Fault, shift: Shift) -> None:
        began, self.spells = datetime.now(UTC), self.spells + 1
        self.server.faults.add(fault)
        await shift.goes_on(self.chance.uniform(*SPELL))
        self.server.faults.clear()
        if fault.delay >= PATIENCE_OF_THE_BOT - 1:
            self.slow.append((began, datetime.now(UTC)))
