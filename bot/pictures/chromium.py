"""The renderer of pictures: one supervised Chromium, replaced when it dies, hangs or grows."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from plotly.graph_objects import Figure

from bot.pictures.browser import (
    PACKAGES,
    Browser,
    BrowserTrouble,
    browser_path,
    font_available,
)

__all__ = ["ChromiumRenderer", "PictureUnavailable", "browser_path", "font_available"]

NO_BROWSER: Final = f"there is no Chromium; install it: {PACKAGES}"
WRONG_BROWSER: Final = "BROWSER_PATH names no program that can be run"
NO_FONT: Final = "there is no font, and text would be missing; install one: fonts-dejavu-core"

CLOSED: Final = "pictures are closed down"

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class PictureUnavailable(Exception):  # noqa: N818 - a state of things rather than a mistake
    """No picture can be had now.

    Attributes:
        reason: Why, and what to do, in one line for a person.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChromiumRenderer:
    """Renders figures, one after the other, each for the one who asked for it.

    Args:
        limit: Seconds for one picture; a browser that takes longer is replaced, and the
            picture tried once more.
        start_limit: Seconds for a browser to start.
        patience: Seconds that a picture waits for its turn.
        queue: Pictures that may wait or be in work at a time.
        recycle_after: Renders after which a fresh browser takes over, as memory grows.

    Attributes:
        renders: Pictures made.
        restarts: Browsers given up because they died, hung or did not start.
    """

    def __init__(
        self,
        *,
        limit: float = 10,
        start_limit: float = 20,
        patience: float = 30,
        queue: int = 64,
        recycle_after: int = 100,
    ) -> None:
        self._limit, self._start_limit = limit, start_limit
        self._patience, self._queue, self._recycle_after = patience, queue, recycle_after
        self._turn = asyncio.Lock()
        self._jobs: set[asyncio.Task[Any]] = set()
        self._browser: Browser | None = None
        self._sandbox = os.geteuid() != 0  # Chromium refuses to be sandboxed by root
        self._closed = False
        self.renders = 0
        self.restarts = 0

    @property
    def is_running(self) -> bool:
        """Whether there is a living browser; the first picture starts one."""
        return self._browser is not None and self._browser.is_alive

    async def start(self) -> None:
        """Start the browser now, so that the first picture is quick.

        Raises:
            PictureUnavailable: If it cannot be started.
        """
        await self._job(self._warm_up())

    async def png(self, figure: Figure) -> bytes:
        """The figure as a PNG of its layout's width and height in pixels.

        Raises:
            PictureUnavailable: If there is no browser or font, too many wait, or two browsers
                in turn failed at it.
        """
        if len(self._jobs) >= self._queue:
            raise PictureUnavailable("too many pictures are waiting; ask again in a minute")
        return await self._job(self._render(figure))

    async def close(self) -> None:
        """End all work and the browser. Whoever still waits gets `PictureUnavailable`."""
        self._closed = True
        jobs = list(self._jobs)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await self._drop()

    async def _job(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do `work` to its end even if the one who asked gives up.

        A render broken off would leave the page unfit for the next one.
        """
        if self._closed:
            work.close()
            raise PictureUnavailable(CLOSED)
        job = self._begin(work)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            asker = asyncio.current_task()
            if asker is not None and asker.cancelling():
                raise
            raise PictureUnavailable(CLOSED) from None

    def _begin(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        job = asyncio.create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return job

    async def _warm_up(self) -> None:
        async with self._in_turn():
            await self._with_browser(_nothing)

    async def _render(self, figure: Figure) -> bytes:
        async with self._in_turn():
            picture = await self._with_browser(lambda browser: browser.png(figure, self._limit))
        self.renders += 1
        if self._browser and self._browser.renders >= self._recycle_after:
            self._begin(self._recycle())
        return picture

    async def _recycle(self) -> None:
        with suppress(PictureUnavailable):  # the next one to ask is told
            async with self._in_turn():
                await self._drop()
                await self._with_browser(_nothing)

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError:
            raise PictureUnavailable("pictures take too long now; ask again in a minute") from None
        try:
            yield
        finally:
            self._turn.release()

    async def _with_browser(self, use: Callable[[Browser], Awaitable[Result]]) -> Result:
        """Use the browser; if it fails, a fresh one, once."""
        reason = ""
        for _ in range(2):
            try:
                return await use(await self._living_browser())
            except BrowserTrouble as trouble:
                reason = str(trouble)
                _log.warning("the browser is replaced: %s (%r)", reason, trouble.__cause__)
                self.restarts += 1
                await self._drop()
            except asyncio.CancelledError:
                if self._browser:
                    self._browser.kill()
                raise
        raise PictureUnavailable(f"{reason}; ask again in a minute")

    async def _living_browser(self) -> Browser:
        if self._browser and not self._browser.is_alive:
            raise BrowserTrouble("Chromium died between two pictures")
        if not self._browser:
            path = _usable_browser()
            try:
                self._browser = await Browser.start(
                    path, sandbox=self._sandbox, limit=self._start_limit
                )
            except BrowserTrouble:
                self._sandbox = False  # many containers permit none
                raise
        return self._browser

    async def _drop(self) -> None:
        browser, self._browser = self._browser, None
        if browser:
            await browser.close()


async def _nothing(_browser: Browser) -> None:
    """What a browser is asked for when it only has to be there."""


def _usable_browser() -> Path:
    path = browser_path()
    if path is None:
        raise PictureUnavailable(WRONG_BROWSER if os.environ.get("BROWSER_PATH") else NO_BROWSER)
    if not font_available():
        raise PictureUnavailable(NO_FONT)
    return path
