"""What many people ask for in the same moment, made once for all of them."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Shared:
    """Values by key. A key names all that a value depends on, so none is ever out of date.

    It lives in memory: what is lost in a restart is only made again.

    Args:
        keep: Values that are kept; the least recently asked for go first.
    """

    def __init__(self, keep: int = 256) -> None:
        self._keep = keep
        self._made: OrderedDict[Hashable, asyncio.Task[Any]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The value of `key`. All who ask for it at the same time share the making.

        Raises:
            Exception: Whatever `make` raises; the next who asks tries anew.
        """
        task = self._made.get(key)
        if task is None:
            task = self._made[key] = asyncio.ensure_future(_awaited(make))
        self._made.move_to_end(key)
        while len(self._made) > self._keep:
            self._made.popitem(last=False)
        try:
            value: T = await asyncio.shield(task)  # one who gives up takes nothing from the others
        except Exception:
            if self._made.get(key) is task:
                del self._made[key]
            raise
        return value


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
