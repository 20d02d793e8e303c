"""A bare client that talks to the server as a bot would, with no library in between."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from bot.demo.server import Person

TOKEN = "1000001:local-demo"
DANA, AMIR, NOA = 1001, 1002, 1003


def people() -> list[Person]:
    """Two who know the bot and one, Noa, who never wrote to it."""
    return [
        Person(DANA, "Dana", "Front desk", "staff", started=True),
        Person(AMIR, "Amir", "Head of Cardiology", "manager", language_code="he", started=True),
        Person(NOA, "Noa", "New here", "staff"),
    ]


@dataclass
class Api:
    """Calls methods of the Bot API."""

    client: httpx.AsyncClient
    url: str

    async def raw(self, method: str, **kwargs: Any) -> httpx.Response:
        return await self.client.post(f"{self.url}/{method}", **kwargs)

    async def ok(self, method: str, **params: Any) -> Any:
        body = (await self.raw(method, json=params)).json()
        assert body["ok"], body
        return body["result"]

    async def refused(self, method: str, **params: Any) -> str:
        """The code and description of a refusal, such as `400 Bad Request: chat not found`."""
        return refusal(await self.raw(method, json=params))

    async def send(self, text: str, chat_id: int = DANA, **params: Any) -> Any:
        return await self.ok("sendMessage", chat_id=chat_id, text=text, **params)

    async def upload(
        self, method: str, field: str, content: bytes, name: str = "file.bin", **params: Any
    ) -> httpx.Response:
        fields = {k: v if isinstance(v, str) else json.dumps(v) for k, v in params.items()}
        return await self.raw(method, data=fields, files={field: (name, content)})


def refusal(answer: httpx.Response) -> str:
    body = answer.json()
    assert body["ok"] is False, body
    assert body["error_code"] == answer.status_code
    return f"{answer.status_code} {body['description']}"


def keyboard(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [[button] for button in buttons]}


def button(text: str = "Authorize", data: str = "a:1", **more: Any) -> dict[str, Any]:
    return {"text": text, "callback_data": data, **more}


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    content = BytesIO()
    Image.new("L", (width, height)).save(content, kind, progressive=True)
    return content.getvalue()
