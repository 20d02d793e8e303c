"""The phones over HTTP: what the demo page asks for and does."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.demo.server.cloud import Cloud
from bot.demo.server.errors import ApiError
from bot.demo.server.feed import streamed
from bot.demo.server.outside import Outside
from bot.demo.server.phone import Phone, phone_of

_PICTURES = ("image/png", "image/jpeg")

Action = Callable[[Phone, dict[str, Any]], Awaitable[dict[str, Any]]]


class PhoneApi:
    """The endpoints under `/phones`.

    Args:
        cloud: The state.
        zone: The name of the time zone in which the phones show times.
        outside: What is around the bot besides Telegram.
    """

    def __init__(self, cloud: Cloud, zone: str, outside: Outside | None = None) -> None:
        self._cloud = cloud
        self._zone = zone
        self._outside = outside

    def routes(self) -> list[Route]:
        """The routes to be mounted under `/phones`."""
        return [
            Route("/people", self.people),
            Route("/files/{file_id}", self.file),
            Route("/{user_id:int}/chat", self.chat),
            Route("/{user_id:int}/events", self.events),
            Route("/{user_id:int}/text", self._doing(_write), methods=["POST"]),
            Route("/{user_id:int}/press", self._doing(_press), methods=["POST"]),
            Route("/{user_id:int}/read", self._doing(_read), methods=["POST"]),
            Route("/{user_id:int}/document", self.document, methods=["POST"]),
        ]

    async def people(self, _: Request) -> Response:
        """`GET /phones/people`."""
        people = [
            {
                "user_id": person.user_id,
                "title": person.title or person.first_name,
                "subtitle": person.subtitle,
                "first_name": person.first_name,
                "chat_id": person.user_id,
            }
            for person in self._cloud.chats.people.values()
        ]
        now = self._cloud.clock.now().isoformat().replace("+00:00", "Z")
        bot = {k: v for k, v in self._cloud.bot.as_user().items() if k != "is_bot"}
        told = {"bot": bot, "people": people, "now": now, "zone": self._zone}
        if self._outside:
            told["pages"] = self._outside.patients.pages
        return JSONResponse(told)

    async def chat(self, request: Request) -> Response:
        """`GET /phones/{user_id}/chat`."""
        phone = self._phone(request)
        if phone is None:
            return _nobody()
        return JSONResponse(
            {
                "chat_id": phone.chat.chat_id,
                "seq": phone.now(),
                "messages": phone.messages,
                "commands": phone.commands,
                "typing": phone.is_typing,
                "last_read": phone.chat.last_read,
            }
        )

    async def events(self, request: Request) -> Response:
        """`GET /phones/{user_id}/events`: server-sent events."""
        phone = self._phone(request)
        if phone is None:
            return _nobody()
        seen = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
        if not seen.isdecimal():
            return _refusal("after is the number of an event")
        return StreamingResponse(
            streamed(phone.chat.feed, int(seen), self._cloud.closing.is_set),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def document(self, request: Request) -> Response:
        """`POST /phones/{user_id}/document`."""
        phone = self._phone(request)
        if phone is None:
            return _nobody()
        async with request.form() as form:
            file, caption = form.get("document"), form.get("caption")
            if not isinstance(file, UploadFile):
                return _refusal("document is missing")
            name, content = file.filename or "file", await file.read()
        try:
            number = await phone.uploads(name, content, str(caption or ""))
        except ApiError as error:
            return _refusal(error.description)
        return JSONResponse({"message_id": number})

    async def file(self, request: Request) -> Response:
        """`GET /phones/files/{file_id}`: pictures to look at, documents to save."""
        file = self._cloud.files.get(request.path_params["file_id"])
        if file is None:
            return _refusal("no such file", 404)
        shown = file.kind == "photo" and file.mime_type in _PICTURES
        disposition = "inline" if shown else f"attachment; filename*=UTF-8''{quote(file.name)}"
        return Response(
            file.content,
            headers={"Content-Disposition": disposition},
            media_type=file.mime_type if shown else "application/octet-stream",
        )

    def _phone(self, request: Request) -> Phone | None:
        with contextlib.suppress(LookupError):
            return phone_of(self._cloud, request.path_params["user_id"])
        return None

    def _doing(self, action: Action) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            phone = self._phone(request)
            if phone is None:
                return _nobody()
            try:
                return JSONResponse(await action(phone, await _json_object(request)))
            except (KeyError, TypeError) as error:
                return _refusal(f"missing or wrong: {error}")
            except (ValueError, LookupError, RecursionError) as error:
                return _refusal(str(error))

        return endpoint


async def _write(phone: Phone, body: dict[str, Any]) -> dict[str, Any]:
    replying = {"reply_to": body["reply_to"]} if "reply_to" in body else {}
    return {"message_id": await phone.says(_text(body["text"]), **replying)}


async def _press(phone: Phone, body: dict[str, Any]) -> dict[str, Any]:
    number, data = int(body["message_id"]), _text(body["data"])
    return {"callback_query_id": await phone.presses(number, data)}


async def _read(phone: Phone, body: dict[str, Any]) -> dict[str, Any]:
    await phone.reads(int(body["message_id"]))
    return {}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a string is expected")
    value.encode()  # half of a surrogate pair can hide in an escape
    return value


async def _json_object(request: Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        raise TypeError("a JSON object is expected")
    return body


def _refusal(reason: str, code: int = 400) -> Response:
    return JSONResponse({"error": reason}, code)


def _nobody() -> Response:
    return _refusal("no such person", 404)
