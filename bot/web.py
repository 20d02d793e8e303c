"""The pages for whoever watches the program, and the doors for Telegram's calls and for patients.

They are served on a port of this machine. Only the doors' paths are for a proxy to pass on.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.connection import Connection
from bot.health import DATABASE_WITHIN, STUCK_AFTER, Health
from bot.logs import redact
from bot.metrics import Metrics
from bot.pictures.chromium import ChromiumRenderer
from bot.serving import listen, serving
from bot.settings import PREFIX, Settings, WrongSetting
from domain.clock import Clock
from storage import health as stored
from storage.health import Figures

log = structlog.get_logger()


@dataclass
class Web:
    """The pages.

    Attributes:
        connections: To Telegram.
        doors: For whoever comes from outside: Telegram, patients and their SMS provider.
    """

    health: Health
    metrics: Metrics
    renderer: ChromiumRenderer
    connections: tuple[Connection, ...]
    clock: Clock
    doors: list[BaseRoute]

    @property
    def app(self) -> Starlette:
        """The application."""
        own = [
            Route("/healthz", self._alive),
            Route("/readyz", self._ready),
            Route("/metrics", self._measured),
        ]
        return Starlette(routes=[*own, *self.doors])

    async def _alive(self, _: Request) -> Response:
        """Whether the event loop turns: if it hangs, nothing is answered at all."""
        lag = self.health.lags[-1]
        return _page([f"event loop {lag:.3f} s late"], is_well=lag < STUCK_AFTER)

    async def _ready(self, _: Request) -> Response:
        parts = await self.health.parts()
        lines = [
            f"NO  {name}: {redact(problem)}" if problem else f"ok  {name}"
            for name, problem in parts.items()
        ]
        providers = await self.health.providers()
        lines += [
            f"--  {name}: {problem}" if problem else f"ok  {name}"
            for name, problem in providers.items()
        ]
        return _page(lines, is_well=not any(parts.values()))

    async def _measured(self, _: Request) -> Response:
        metrics = self.metrics
        metrics.waiting(await self._figures(), self.clock.now())
        metrics.loop_lag.set(max(self.health.lags))
        metrics.renderer_running.set(self.renderer.is_running)
        metrics.renderer_restarts.set(self.renderer.restarts)
        answered = [c.answered_at for c in self.connections if c.answered_at is not None]
        if answered:
            metrics.telegram_silence.set(time.monotonic() - max(answered))
        return Response(metrics.page(), media_type=CONTENT_TYPE_LATEST)

    async def _figures(self) -> Figures | None:
        with contextlib.suppress(Exception):  # whatever it is, `/readyz` names it
            async with asyncio.timeout(DATABASE_WITHIN):
                return await self.health.store.read(stored.figures, self.clock.now())
        return None


@contextlib.asynccontextmanager
async def web_at_work(web: Web, settings: Settings) -> AsyncIterator[None]:
    """Serve the pages until the block is left, if a port is set.

    Raises:
        WrongSetting: The port is taken, and Telegram's calls or patients were to arrive there.
    """
    listener = None
    if settings.web_port:
        try:
            listener = listen(settings.web_port, settings.web_host)
        except OSError as error:
            where = f"{settings.web_host} port {settings.web_port}"
            problem = f"{PREFIX}WEB_PORT: {where} cannot be opened: {error.strerror}"
            if web.doors:
                raise WrongSetting(problem) from None
            log.error("there are no pages to watch the program by", reason=problem)
    if listener is None:
        yield
        return
    async with serving(web.app, listener), web.health.watching():
        yield


def _page(lines: list[str], *, is_well: bool) -> Response:
    return PlainTextResponse("".join(f"{line}\n" for line in lines), 200 if is_well else 503)
