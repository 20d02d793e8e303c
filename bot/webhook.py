"""The webhook: takes the updates that Telegram brings.

Whatever is not taken with a 200 is brought again: so nothing is lost by refusing.
"""

import json
import secrets
from collections import deque
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import Update

from bot.bodies import read_body
from handlers.context import App

SECRET_HEADER: Final = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
LARGEST: Final = 1 << 20
"""Bytes of one update: many times what the longest message takes."""

_REMEMBERED: Final = 1_000

log = structlog.get_logger()


class Webhook:
    """Puts what Telegram brings into the application's queue.

    Args:
        app: The application.
        url: The public address.
        secret: What proves that a call is Telegram's.

    Attributes:
        route: Where it is: at the path of its public address, which a proxy passes on as it is.
        is_open: Whether updates are taken; if not, Telegram brings them again later.
    """

    def __init__(self, app: App, url: str, secret: str) -> None:
        self._app = app
        self.url, self.secret = url, secret
        self.route = Route(urlsplit(url).path or "/", self.take, methods=["POST"])
        self.is_open = False
        self._taken: deque[int] = deque(maxlen=_REMEMBERED)

    async def take(self, request: Request) -> Response:
        """Take one update: 200 at once, before it is handled."""
        given = request.headers.get(SECRET_HEADER, "")
        if not secrets.compare_digest(given.encode(), self.secret.encode()):
            return Response(status_code=403)
        body = await read_body(request, LARGEST)
        if body is None:
            return Response(status_code=413)
        update = self._understood(body)
        if update is None:
            log.warning("what came to the webhook is no update")
            return Response(status_code=400)
        # Nothing is awaited from here on: what is taken reaches the queue before the queue closes.
        if not self.is_open:
            return Response(status_code=503, headers={"Retry-After": "5"})
        if update.update_id not in self._taken:  # brought again when its 200 got lost
            self._taken.append(update.update_id)
            self._app.update_queue.put_nowait(update)
        return Response()

    def _understood(self, body: bytes) -> Update | None:
        try:
            update = Update.de_json(json.loads(body), self._app.bot)
        except Exception:  # a hostile body can make the library raise almost anything
            return None
        return update if isinstance(update.update_id, int) else None
