"""The shift: while it lasts people work, bots die, files come in and the weather changes."""

import asyncio
from contextlib import suppress


class Shift:
    """Lasts until it is ended; who works in it looks at it between two things to do."""

    def __init__(self) -> None:
        self._over = asyncio.Event()

    def ends(self) -> None:
        """Nobody begins anything more."""
        self._over.set()

    async def goes_on(self, seconds: float) -> bool:
        """Rest for so long; whether the shift still goes on then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()
        return not self._over.is_set()
