"""Patients over HTTP: a gateway that takes messages to them, and what the demo page asks and does.

The gateway stands where a provider of SMS or mail would. What a patient writes back goes to the
product's own door, signed as a provider signs it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.demo.server.feed import streamed
from bot.demo.server.inboxes import Inboxes
from domain.notices import Channel

LONGEST_REPLY = 1_600

Reply = Callable[[str, str], Awaitable[bool]]
"""Brings an SMS from a number to the door for replies; false if it was not taken there."""


class Patients:
    """The patients' phones.

    Args:
        inboxes: What they were sent.
        reply: How what they write back gets out.
        pages: Where their pages are: the page follows no other links.
    """

    def __init__(self, inboxes: Inboxes, reply: Reply, pages: str) -> None:
        self.inboxes, self.pages = inboxes, pages
        self._reply = reply
        self._is_closing: Callable[[], bool] = lambda: False

    def routes(self, is_closing: Callable[[], bool]) -> list[Route]:
        """The routes to be mounted under `/patients`."""
        self._is_closing = is_closing
        return [
            Route("/sent/{channel}", self.gateway, methods=["POST"]),
            Route("/inboxes", self.all),
            Route("/events", self.events),
            Route("/{inbox_id:int}/reply", self.reply, methods=["POST"]),
        ]

    async def gateway(self, request: Request) -> Response:
        """`POST /patients/sent/{sms|email}`: takes one message, as Apprise's `json://` has it."""
        try:
            channel, said = Channel(request.path_params["channel"]), await _object(request)
            to, subject, text = (str(said[name]) for name in ("to", "title", "message"))
        except (KeyError, TypeError, ValueError, RecursionError):
            return _refusal("a message has `to`, `title` and `message`")
        await self.inboxes.take(channel, to, subject, text)
        return JSONResponse({})

    async def all(self, _: Request) -> Response:
        """`GET /patients/inboxes`."""
        kept = self.inboxes
        return JSONResponse({"seq": kept.feed.seq, "inboxes": kept.as_json()})

    async def events(self, request: Request) -> Response:
        """`GET /patients/events`: an inbox, whole, whenever it has changed."""
        seen = request.query_params.get("after") or "0"
        if not seen.isdecimal():
            return _refusal("after is the number of an event")
        lines: AsyncIterator[str] = streamed(self.inboxes.feed, int(seen), self._is_closing)
        headers = {"X-Accel-Buffering": "no"}
        return StreamingResponse(lines, media_type="text/event-stream", headers=headers)

    async def reply(self, request: Request) -> Response:
        """`POST /patients/{inbox_id}/reply`: the patient writes an SMS back."""
        inbox = self.inboxes.get(request.path_params["inbox_id"])
        if inbox is None or inbox.channel is not Channel.SMS:
            return _refusal("no such phone", 404)
        try:
            text = (await _object(request)).get("text")
        except (TypeError, ValueError, RecursionError):
            text = None
        if not isinstance(text, str) or not 0 < len(text) <= LONGEST_REPLY:
            return _refusal("text is missing or too long")
        if not await self._reply(inbox.address, text):
            return _refusal("Slotwise did not take the reply", 502)
        self.inboxes.wrote(inbox, text)
        return JSONResponse({})


async def _object(request: Request) -> dict[str, Any]:
    body = json.loads(await request.body())
    if not isinstance(body, dict):
        raise TypeError("a JSON object is expected")
    return body


def _refusal(reason: str, code: int = 400) -> Response:
    return JSONResponse({"error": reason}, code)
