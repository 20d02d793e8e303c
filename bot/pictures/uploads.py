"""Uploads: of many who send the same picture at once, one carries it and the rest its file id."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final

PATIENCE: Final = 10.0
"""Seconds to wait for somebody else's upload before making one of one's own."""


class Uploads:
    """Who is given a picture's bytes sends them; meanwhile others wait for the file id.

    Args:
        patience: Seconds that they wait. Whoever has the bytes may have died with them.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._under_way: dict[Hashable, asyncio.Event] = {}

    async def take(self, key: Hashable, find: Callable[[], Awaitable[bytes | str]]) -> bytes | str:
        """What to send: a file id as soon as there is one, or the bytes for one at a time.

        Args:
            key: Of the picture.
            find: The file id if it is known by now, otherwise the bytes.
        """
        while True:
            found = await find()
            under_way = self._under_way.get(key)
            if isinstance(found, str):
                return found
            if under_way is None:
                self._under_way[key] = asyncio.Event()
                return found
            try:
                async with asyncio.timeout(self._patience):
                    await under_way.wait()
            except TimeoutError:
                if self._under_way.get(key) is under_way:
                    self.ended(key)

    def ended(self, key: Hashable) -> None:
        """The upload is done, or has failed: who waits goes on."""
        under_way = self._under_way.pop(key, None)
        if under_way:
            under_way.set()
