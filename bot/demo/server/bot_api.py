"""The Bot API over HTTP: one endpoint for all methods, one for downloads."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from collections.abc import Awaitable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.demo.server.cloud import Cloud
from bot.demo.server.errors import ApiError
from bot.demo.server.journal import Call
from bot.demo.server.methods import BY_LOWER_NAME, Method
from bot.demo.server.params import Params, identifier, read_params

_TOKEN_SHAPE = re.compile(r"\d+:[\w-]+")
_HELD = "getUpdates"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class _Unanswered(Exception):  # noqa: N818 - nothing went wrong on this side
    """The connection is gone or to be cut: there is no answer, but perhaps a result."""

    def __init__(self, outcome: str, result: object = None) -> None:
        super().__init__(outcome)
        self.result = result


class NoAnswer(Response):
    """Cuts the connection instead of answering."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Aborts the transport, which the protocol has put into the scope."""
        scope["extensions"]["drop_connection"]()
        while (await receive())["type"] != "http.disconnect":
            pass


class BotApi:
    """The endpoints that a bot talks to."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def call(self, request: Request) -> Response:
        """`/bot<TOKEN>/<method>`."""
        name = request.path_params["method"]
        params = Params({})
        try:
            self._check_token(request.path_params["token"])
            name, method = _find_method(name)
            params = await read_params(request)
            result = await self._perform(request, name, method, params)
        except ApiError as error:
            self._note(name, params, error.description, error.code)
            return _answer(error.answer(), error.code)
        except _Unanswered as reason:
            self._note(name, params, str(reason), 0, reason.result)
            return NoAnswer()
        self._note(name, params, "ok", 200, result)
        return _answer({"ok": True, "result": result})

    async def download(self, request: Request) -> Response:
        """`/file/bot<TOKEN>/<path>`."""
        try:
            self._check_token(request.path_params["token"])
            file = self._cloud.files.at(request.path_params["path"])
            if file is None:
                raise ApiError(404, "Not Found")
            file.as_file()
        except ApiError as error:
            return _answer(error.answer(), error.code)
        return Response(file.content, media_type="application/octet-stream")

    def _check_token(self, token: str) -> None:
        if not secrets.compare_digest(token.encode(), self._cloud.token.encode()):
            well_formed = _TOKEN_SHAPE.fullmatch(token)
            raise ApiError(401, "Unauthorized") if well_formed else ApiError(404, "Not Found")

    async def _perform(self, request: Request, name: str, method: Method, params: Params) -> object:
        fault = self._cloud.faults.take(name, identifier(params.text("chat_id")))
        if fault is not None:
            await self._pause(fault.delay)
            if fault.drop == "before":
                raise _Unanswered("dropped")
            if error := fault.error():
                raise error
        working = method(self._cloud, params)
        result = await (_while_listening(request, working) if name == _HELD else working)
        if fault is not None and fault.drop == "after":
            raise _Unanswered("done, dropped", result)
        return result

    async def _pause(self, seconds: float) -> None:
        """Waits, unless the server stops meanwhile."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._cloud.closing.wait()

    def _note(
        self, name: str, params: Params, outcome: str, code: int, result: object = None
    ) -> None:
        call = Call(
            name,
            identifier(params.text("chat_id")),
            params.loggable(),
            self._cloud.clock.now(),
            outcome,
            code,
            result.get("message_id") if isinstance(result, dict) else None,
        )
        self._cloud.journal.add(call)


async def _while_listening(request: Request, working: Awaitable[object]) -> object:
    """Awaits a result as long as somebody listens: a poller that is gone must bother nobody."""
    work = asyncio.ensure_future(working)
    gone = asyncio.ensure_future(request.receive())  # the body is read: only a disconnect comes
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise _Unanswered("gone")
        return work.result()
    finally:
        gone.cancel()
        work.cancel()


def _find_method(name: str) -> tuple[str, Method]:
    try:
        return BY_LOWER_NAME[name.lower()]
    except KeyError:
        raise ApiError(404, "Not Found") from None


def _answer(body: dict[str, Any], code: int = 200) -> Response:
    return Response(_encode(body).encode("utf-8", "replace"), code, media_type="application/json")
