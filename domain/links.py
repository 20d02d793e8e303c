"""Links: what a patient opens from a message, for one purpose, until a moment, and unforgeable.

A token is 29 bytes as base64url, 39 characters, so that a link fits an SMS: what it is for (1), the
notice that it came with (8), until when it holds, in seconds since 1970 (4), and the first 16 bytes
of their HMAC-SHA256 under a key of its own for each purpose. Whoever guesses a billion tokens a
second would need longer than the universe is old, so tries need no counting.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

TOKEN_LENGTH: Final = 39
"""Characters of a token."""

_FIELDS: Final = struct.Struct(">cQI")
_SEAL_BYTES: Final = 16
_LAST: Final = 2**32 - 1


class Purpose(StrEnum):
    """What a link is for; the value stands in its address."""

    VISIT = "v"
    OFFER = "o"
    STOP = "s"


@dataclass(frozen=True)
class Link:
    """What a token says.

    Attributes:
        notice_id: The notice that it was sent with.
        expires: Until when it holds (aware); a token keeps whole seconds, up to 2106.
    """

    purpose: Purpose
    notice_id: int
    expires: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether it holds no longer."""
        return now >= self.expires


def sign(secret: bytes, link: Link) -> str:
    """The token of a link.

    Args:
        secret: What only this HMO's programs know.
        link: What it says.

    Raises:
        ValueError: The secret is empty, or the notice has no key that a store gives.
    """
    if not secret:
        raise ValueError("links cannot be signed without a secret")
    if not 0 < link.notice_id < 2**63:
        raise ValueError(f"no notice has the key {link.notice_id}")
    until = min(max(int(link.expires.timestamp()), 0), _LAST)
    said = _FIELDS.pack(link.purpose.encode(), link.notice_id, until)
    sealed = said + _seal(secret, link.purpose, said)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def opened(secret: bytes, token: str) -> Link | None:
    """What a token says, also one that is over; `None` if it was not signed with this secret."""
    raw = _bytes_of(token)
    if raw is None or not secret:
        return None
    said, seal = raw[: _FIELDS.size], raw[_FIELDS.size :]
    letter, notice_id, until = _FIELDS.unpack(said)
    purpose = next((it for it in Purpose if it.encode() == letter), None)
    # Compared in any case, so that how long it takes says nothing.
    is_ours = hmac.compare_digest(seal, _seal(secret, purpose or Purpose.VISIT, said))
    if purpose is None or not is_ours:
        return None
    return Link(purpose, notice_id, datetime.fromtimestamp(until, UTC))


def read(secret: bytes, token: str, now: datetime) -> Link | None:
    """What a token says that holds now; `None` if it is forged, broken or over."""
    link = opened(secret, token)
    return None if link is None or link.is_over(now) else link


def address(public_url: str, secret: bytes, link: Link) -> str:
    """Where a link leads: `https://clinic.example/v/…`.

    Args:
        public_url: Where patients' pages are reached, without a slash at the end.
        secret: See `sign`.
        link: What it is for.
    """
    return f"{public_url}/{link.purpose}/{sign(secret, link)}"


def _bytes_of(token: str) -> bytes | None:
    """The bytes of a token, of its only spelling: the last character has two bits to spare."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        raw = base64.b64decode(f"{token}=", altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    return raw if base64.urlsafe_b64encode(raw).decode() == f"{token}=" else None


def _seal(secret: bytes, purpose: Purpose, said: bytes) -> bytes:
    key = hmac.digest(secret, f"link for {purpose.name}".encode(), "sha256")
    return hmac.digest(key, said, "sha256")[:_SEAL_BYTES]
