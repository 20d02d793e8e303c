"""Reading a call's parameters, whichever way a client sends them.

The Bot API takes them in the query, as a form, as JSON or as multipart; everything but JSON
arrives as strings, with objects and lists as JSON inside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from telegram.constants import FileSizeLimit

from bot.demo.server.errors import ApiError, bad_request

_IDENTIFIER = re.compile(r"-?[0-9]{1,18}")
_FORM_ROOM = 1_000_000  # bytes that a form may hold beside its files


@dataclass(frozen=True)
class Upload:
    """A file that came with a call."""

    name: str
    content: bytes
    mime_type: str


class Params:
    """The parameters of one call, read as the type that the method expects."""

    def __init__(
        self, values: Mapping[str, Any], files: Mapping[str, Upload] | None = None
    ) -> None:
        self.values = values
        self.files = files or {}

    def text(self, name: str, default: str = "") -> str:
        """A string; a number is taken as its digits."""
        value = self.values.get(name)
        return default if value is None else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number.

        Raises:
            ApiError: If it is something else.
        """
        value = self.values.get(name)
        if value in (None, ""):
            return default
        number = identifier(value)
        if number is None:
            raise bad_request(f"invalid {name} specified")
        return number

    def flag(self, name: str) -> bool:
        """A truth value: `true`, `1` and `yes` are true, as is JSON's `true`."""
        return str(self.values.get(name, "")).lower() in {"true", "1", "yes"}

    def structure(self, name: str) -> Any:
        """An object or a list, `None` if absent.

        Raises:
            ApiError: If it is a string that is no JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        return _parse_json(value, f"{name} JSON object") if value else None

    def listing(self, name: str) -> list[Any] | None:
        """A list, `None` if absent.

        Raises:
            ApiError: If it is anything else.
        """
        value = self.structure(name)
        if value is not None and not isinstance(value, list):
            raise bad_request(f"expected an Array as {name}")
        return value

    def upload(self, name: str) -> Upload | None:
        """The file sent under a name, directly or by way of an `attach://` reference."""
        reference = self.text(name)
        if reference.startswith("attach://"):
            return self.files.get(reference.removeprefix("attach://"))
        return self.files.get(name)

    def loggable(self) -> dict[str, Any]:
        """The parameters without the bytes of files."""
        files = {
            name: {"file_name": file.name, "size": len(file.content)}
            for name, file in self.files.items()
        }
        return {**self.values, **files}


async def read_params(request: Request) -> Params:
    """Reads the parameters of a request.

    Raises:
        ApiError: 413 for too much, 400 for a body that can't be read.
    """
    values: dict[str, Any] = dict(request.query_params) if request.url.query else {}
    if int(request.headers.get("content-length") or 0) > FileSizeLimit.FILESIZE_UPLOAD + _FORM_ROOM:
        raise ApiError(413, "Request Entity Too Large")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _from_multipart(request, values)
    body = await request.body()
    if kind == "application/json":
        values |= _json_object(body)
    elif body:
        values |= dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return Params(values)


def identifier(value: object) -> int | None:
    """A chat, user or message id out of a number or its digits, `None` if it is none."""
    digits = str(value)
    return int(digits) if _IDENTIFIER.fullmatch(digits) else None


def _json_object(body: bytes) -> dict[str, Any]:
    values = _parse_json(body.decode("utf-8", "replace") or "{}", "JSON object")
    if not isinstance(values, dict):
        raise bad_request("can't parse JSON object")
    return values


def _parse_json(source: str, name: str) -> Any:
    try:
        value = json.loads(source)
        if "\\u" in source:  # half of a surrogate pair can hide in an escape
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    except (ValueError, RecursionError):
        raise bad_request(f"can't parse {name}") from None
    return value


async def _from_multipart(request: Request, values: dict[str, Any]) -> Params:
    files = {}
    try:
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files[name] = await _keep(value)
                else:
                    values[name] = value
    except HTTPException as error:
        raise bad_request(f"can't parse multipart body: {error.detail}") from None
    return Params(values, files)


async def _keep(file: UploadFile) -> Upload:
    content = await file.read()
    if len(content) > FileSizeLimit.FILESIZE_UPLOAD:
        raise ApiError(413, "Request Entity Too Large")
    return Upload(file.filename or "file", content, file.content_type or "application/octet-stream")
