"""The files that people and the bot have sent."""

from __future__ import annotations

import itertools
import mimetypes
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from telegram.constants import FileSizeLimit

from bot.demo.server.errors import bad_request
from bot.demo.server.params import Upload
from bot.demo.server.pictures import photo_size

Kind = Literal["photo", "document"]


@dataclass(frozen=True)
class StoredFile:
    """A file as Telegram keeps it: once uploaded it is known by its `file_id`."""

    file_id: str
    kind: Kind
    name: str
    mime_type: str
    content: bytes
    path: str
    width: int = 0
    height: int = 0

    def described(self) -> dict[str, Any]:
        """What is said of every file."""
        return {
            "file_id": self.file_id,
            "file_unique_id": f"u{self.file_id}",
            "file_size": len(self.content),
        }

    def as_media(self) -> dict[str, Any]:
        """The part of a message that shows this file: `photo` or `document`."""
        if self.kind == "photo":
            size = self.described() | {"width": self.width, "height": self.height}
            return {"photo": [size]}
        named = {"file_name": self.name, "mime_type": self.mime_type}
        return {"document": self.described() | named}

    def as_file(self) -> dict[str, Any]:
        """The answer of `getFile`.

        Raises:
            ApiError: If a bot may not download that much.
        """
        if len(self.content) > FileSizeLimit.FILESIZE_DOWNLOAD:
            raise bad_request("file is too big")
        return self.described() | {"file_path": self.path}


class Files:
    """All stored files."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._numbers = itertools.count(1)

    def keep(self, kind: Kind, upload: Upload) -> StoredFile:
        """Stores an upload.

        Raises:
            ApiError: If Telegram would not take it.
        """
        if not upload.content:
            raise bad_request("file must be non-empty")
        if len(upload.content) > FileSizeLimit.FILESIZE_UPLOAD:
            raise bad_request("file is too big")
        width, height = photo_size(upload.content) if kind == "photo" else (0, 0)
        number = next(self._numbers)
        name = PurePosixPath(upload.name.replace("\\", "/")).name or "file"
        mime_type = mimetypes.guess_type(name)[0] or upload.mime_type
        file = StoredFile(
            file_id=f"{kind}-{number}",
            kind=kind,
            name=name,
            mime_type=mime_type,
            content=upload.content,
            path=f"{kind}s/file_{number}{PurePosixPath(name).suffix}",
            width=width,
            height=height,
        )
        self._by_id[file.file_id] = self._by_path[file.path] = file
        return file

    def get(self, file_id: str) -> StoredFile | None:
        """A file by its id."""
        return self._by_id.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        """A file by the path that `getFile` told."""
        return self._by_path.get(path)

    def reuse(self, kind: Kind, file_id: str) -> StoredFile:
        """A file that is sent once more by its id.

        Raises:
            ApiError: If there is none, or if it is of another kind.
        """
        if file_id.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        file = self._by_id.get(file_id)
        if file is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if file.kind != kind:
            raise bad_request(f"can't use file of type {file.kind.title()} as {kind.title()}")
        return file
