"""The true size of a picture, read from its first bytes, and what Telegram takes as a photo."""

from __future__ import annotations

import struct

from telegram.constants import FileSizeLimit

from bot.demo.server.errors import bad_request

_MOST_SIDES = 10_000  # pixels, width and height together
_MOST_RATIO = 20
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_NOT_FRAMES = {0xC4, 0xC8, 0xCC}  # in the range of JPEG's frame headers, yet none


def dimensions(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG or JPEG in pixels, `None` for anything else."""
    if content.startswith(_PNG) and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content.startswith(_JPEG):
        return _jpeg_dimensions(content)
    return None


def _jpeg_dimensions(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def photo_size(content: bytes) -> tuple[int, int]:
    """Width and height of what is sent as a photo.

    Raises:
        ApiError: If Telegram would not take it as a photo.
    """
    most = int(FileSizeLimit.PHOTOSIZE_UPLOAD)
    if len(content) > most:
        raise bad_request(
            f"file of size {len(content)} bytes is too big for a photo; "
            f"the maximum size is {most} bytes"
        )
    size = dimensions(content)
    if size is None or 0 in size:
        raise bad_request("IMAGE_PROCESS_FAILED")
    if sum(size) > _MOST_SIDES or max(size) > _MOST_RATIO * min(size):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return size
