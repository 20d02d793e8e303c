"""What is around a bot besides Telegram: patients with their phones, and time that passes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from bot.demo.server.patients import Patients


class Leap(StrEnum):
    """How far the demo's clock is moved on."""

    HOUR = "hour"
    MORNING = "morning"
    DAY = "day"


Travel = Callable[[Leap], Awaitable[int]]
"""Moves the clock on; how many visits the HMO then tells the outcome of."""


@dataclass(frozen=True)
class Outside:
    """The patients, and the way to move the clock on."""

    patients: Patients
    travel: Travel

    def routes(self, is_closing: Callable[[], bool]) -> list[BaseRoute]:
        """The routes at the server's root.

        Args:
            is_closing: Whether the server stops, so that nobody waits on.
        """
        return [
            Mount("/patients", routes=self.patients.routes(is_closing)),
            Route("/clock", self._move, methods=["POST"]),
        ]

    async def _move(self, request: Request) -> Response:
        """`POST /clock`: `{"leap": "hour" | "morning" | "day"}`."""
        try:
            leap = Leap(json.loads(await request.body())["leap"])
        except (KeyError, TypeError, ValueError, RecursionError):
            return JSONResponse({"error": "leap is hour, morning or day"}, 400)
        return JSONResponse({"told": await self.travel(leap)})
