"""The gallery: pictures that were made already, so that asking again costs nothing."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from plotly.graph_objects import Figure

Value = TypeVar("Value")


class Renderer(Protocol):
    """Whatever turns a figure into a picture."""

    async def png(self, figure: Figure) -> bytes:
        """The figure as a PNG."""


class Gallery:
    """Pictures by key. A key names all that a picture depends on: data version, criteria, measure.

    It lives in memory: what is lost in a restart only costs a render.

    Args:
        renderer: Makes the pictures.
        keep: Pictures whose bytes are kept, the least recently asked for go first.
        remember: Pictures whose Telegram file ids are kept.

    Attributes:
        hits: Askers who were served without a render of their own.
    """

    def __init__(self, renderer: Renderer, *, keep: int = 32, remember: int = 4096) -> None:
        self._renderer = renderer
        self._pictures: _Recent[bytes] = _Recent(keep)
        self._file_ids: _Recent[str] = _Recent(remember)
        self._rendering: dict[Hashable, asyncio.Task[bytes]] = {}
        self.hits = 0

    async def photo(self, key: Hashable, draw: Callable[[], Figure]) -> str | bytes:
        """What to send: the file id that Telegram knows the picture by, otherwise the PNG.

        Args:
            key: All that the picture depends on.
            draw: Makes the figure; called only if it has to be rendered.

        Raises:
            PictureUnavailable: If it cannot be rendered; the next asker tries anew.
        """
        file_id = self._file_ids.get(key)
        if file_id is not None:
            self.hits += 1
            return file_id
        return await self.png(key, draw)

    async def png(self, key: Hashable, draw: Callable[[], Figure]) -> bytes:
        """The PNG of `key`. All who ask for it at the same time share one render.

        Raises:
            PictureUnavailable: If it cannot be rendered.
        """
        picture = self._pictures.get(key)
        if picture is not None:
            self.hits += 1
            return picture
        task = self._rendering.get(key)
        if task is None:
            task = asyncio.create_task(self._render(key, draw))
            self._rendering[key] = task
        else:
            self.hits += 1
        return await asyncio.shield(task)  # one who gives up takes nothing from the others

    def remember(self, key: Hashable, file_id: str) -> None:
        """Keep the file id that Telegram gave the picture when it was sent."""
        self._file_ids.put(key, file_id)

    def forget(self, key: Hashable) -> None:
        """Drop a file id that Telegram no longer takes."""
        self._file_ids.drop(key)

    async def _render(self, key: Hashable, draw: Callable[[], Figure]) -> bytes:
        try:
            picture = await self._renderer.png(draw())
            self._pictures.put(key, picture)
            return picture
        finally:
            del self._rendering[key]


class _Recent(Generic[Value]):
    """The `size` most recently used values."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def get(self, key: Hashable) -> Value | None:
        if key in self._values:
            self._values.move_to_end(key)
        return self._values.get(key)

    def put(self, key: Hashable, value: Value) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._size:
            self._values.popitem(last=False)

    def drop(self, key: Hashable) -> None:
        self._values.pop(key, None)
