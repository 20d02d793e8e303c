"""The Starlette application: the Bot API, the phones, the fault switch and the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.demo.server.bot_api import BotApi
from bot.demo.server.cloud import Cloud
from bot.demo.server.errors import ApiError
from bot.demo.server.guard import Guard
from bot.demo.server.outside import Outside
from bot.demo.server.phone import phone_of
from bot.demo.server.phone_api import PhoneApi


def build_app(cloud: Cloud, page: Path, zone: str, outside: Outside | None = None) -> Starlette:
    """Wires the endpoints to the state.

    Args:
        cloud: The state.
        page: The folder that holds `index.html` and what it needs.
        zone: The name of the time zone in which the phones show times.
        outside: What is around the bot besides Telegram.
    """
    bot_api = BotApi(cloud)
    switch = FaultSwitch(cloud)

    async def index(_: Request) -> Response:
        if not (page / "index.html").is_file():
            raise HTTPException(404)
        return FileResponse(page / "index.html")

    return Starlette(
        routes=[
            Route("/bot{token}/{method}", bot_api.call, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", bot_api.download),
            Mount("/phones", routes=PhoneApi(cloud, zone, outside).routes()),
            *(outside.routes(cloud.closing.is_set) if outside else ()),
            Route("/faults", switch.endpoint, methods=["GET", "POST", "DELETE"]),
            Route("/calls", switch.calls),
            Route("/", index),
            Mount("/static", StaticFiles(directory=page, check_dir=False)),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={HTTPException: _refuse},
    )


class FaultSwitch:
    """Faults over HTTP, and the log of calls."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def endpoint(self, request: Request) -> Response:
        """`/faults`: POST adds one, DELETE clears all, each tells what waits.

        Besides a fault's own keys a POST takes `block`, `unblock` or `forget` with a chat's id.
        """
        if request.method == "POST":
            try:
                self._switch(await request.json())
            except (TypeError, ValueError, LookupError, RecursionError) as error:
                return JSONResponse({"error": str(error)}, 400)
        elif request.method == "DELETE":
            self._cloud.faults.clear()
        return JSONResponse({"faults": self._cloud.faults.as_json()})

    async def calls(self, request: Request) -> Response:
        """`GET /calls?method=…`: the log of calls."""
        calls = self._cloud.journal.calls(request.query_params.get("method", ""))
        return JSONResponse({"calls": [call.as_json() for call in calls]})

    def _switch(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise TypeError("a JSON object is expected")
        if "block" in body:
            phone_of(self._cloud, int(body["block"])).blocks()
        elif "unblock" in body:
            phone_of(self._cloud, int(body["unblock"])).unblocks()
        elif "forget" in body:
            self._cloud.chats.forget(int(body["forget"]))
        else:
            self._cloud.faults.add_json(body)


async def _refuse(_: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    reason = error.detail if isinstance(error, HTTPException) else "Internal Server Error"
    return JSONResponse(ApiError(code, reason).answer(), code)
