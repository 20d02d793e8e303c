"""The door for replies by SMS: the provider's call for each, proven by its signature.

Whoever can call this door without proof could answer for any patient. So nothing is read out of a
call before its proof holds: our own signature with a time in it, or Twilio's. Nothing is logged of
it either.
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.bodies import read_body
from domain.phones import normal

PATH: Final = "/sms"
"""Where the door is below the public address."""
SIGNATURE: Final = "x-slotwise-signature"
"""Header with HMAC-SHA256 by the secret, hexadecimal, over the time, a full stop and the body."""
SENT_AT: Final = "x-slotwise-timestamp"
"""Header with the time of the call, in seconds since 1970 (UTC)."""
TWILIO: Final = "x-twilio-signature"
LARGEST: Final = 1 << 14
"""Bytes of one call: many times what the longest SMS takes."""
CURRENT: Final = 300
"""Seconds that a call's time may be off."""
LONGEST_TEXT: Final = 1_600
"""Characters of an SMS, however many parts it is sent in."""

_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")
_NAMES: Final = {"sender": ("from", "From"), "text": ("text", "Body"), "id": ("id", "MessageSid")}
"""What the fields of a call are called: the plain names, and Twilio's."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")

log = structlog.get_logger()

Fields = list[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """What somebody wrote back.

    Attributes:
        sender: Their number, as E.164.
        text: One line of at most `LONGEST_TEXT` characters.
        id: The provider's id of it: a reply that is brought again has the same.
    """

    sender: str
    text: str
    id: str


@dataclass(frozen=True)
class SmsDoor:
    """Takes replies and hands them on, as often as each is brought: who keeps them knows its id.

    Attributes:
        secret: What our own signature is made with; empty: it is not taken.
        url: The public address of this door; Twilio's signature covers it.
        country: The calling code of numbers without one.
        took: Keeps a reply. If it fails, the provider is told to bring it again.
        twilio_token: What Twilio signs with (`twilio_token`); empty: its signature is not taken.
        seconds: The present in seconds since 1970: the real one, at whatever time a trial runs.
    """

    secret: str
    url: str
    country: str
    took: Callable[[Reply], Awaitable[None]]
    twilio_token: str = ""
    seconds: Callable[[], float] = time.time

    @property
    def route(self) -> Route:
        """Where it is: at the path of its public address, which a proxy passes on as it is."""
        return Route(urlsplit(self.url).path or PATH, self.take, methods=["POST"])

    async def take(self, request: Request) -> Response:
        """Take one reply: 200 when it is kept, or comes from no number one can write to."""
        body = await read_body(request, LARGEST)
        if body is None:
            return Response(status_code=413)
        if not self._is_proven(request, body):
            return Response(status_code=401)
        fields = _form(body) if _is_form(request) else _json(body)
        reply = None if fields is None else self._reply(dict(fields))
        if reply is None:
            log.warning("what came to the door for replies is no reply")
            return Response(status_code=400)
        if reply.sender and not await self._is_kept(reply):
            return Response(status_code=503)
        if TWILIO in request.headers:
            return Response("<Response/>", media_type="text/xml")  # nothing is answered by SMS
        return Response()

    async def _is_kept(self, reply: Reply) -> bool:
        try:
            await self.took(reply)
        except Exception as error:  # its text may hold the reply
            log.warning("a reply could not be kept", error=type(error).__name__)
            return False
        return True

    def _is_proven(self, request: Request, body: bytes) -> bool:
        if self.twilio_token and (given := request.headers.get(TWILIO)):
            fields = _form(body) if _is_form(request) else None
            expected = twilio_signature(self.twilio_token, self.url, fields or [])
            return bool(fields) and hmac.compare_digest(given.encode(), expected.encode())
        at = request.headers.get(SENT_AT, "")
        if not self.secret or not re.fullmatch(r"\d{1,12}", at, re.ASCII):
            return False
        given = request.headers.get(SIGNATURE, "")
        is_signed = hmac.compare_digest(given.encode(), signature(self.secret, at, body).encode())
        return is_signed and abs(self.seconds() - int(at)) <= CURRENT

    def _reply(self, fields: dict[str, str]) -> Reply | None:
        """The reply in a call; without a sender if it comes from no number one can write to."""
        found = {
            ours: next((fields[name] for name in names if name in fields), None)
            for ours, names in _NAMES.items()
        }
        sender, text, its_id = found["sender"], found["text"], found["id"]
        if sender is None or text is None or its_id is None or not _ID.fullmatch(its_id):
            return None
        plain = _CONTROL.sub(" ", text).encode(errors="replace").decode().strip()
        return Reply(normal(sender, self.country) or "", plain[:LONGEST_TEXT], its_id)


def signature(secret: str, at: str, body: bytes) -> str:
    """Our own signature of a call.

    Args:
        secret: The shared secret.
        at: The time of the call, as it stands in its header.
        body: The raw body.
    """
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def twilio_signature(token: str, url: str, fields: Fields) -> str:
    """Twilio's signature of a form: HMAC-SHA1 over the address and all fields in order.

    Source: Twilio's "Webhooks security", validating requests.
    """
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def twilio_token(sms_url: str) -> str:
    """The token that Twilio signs with, out of Apprise's URL; empty if the provider is another."""
    parts = urlsplit(sms_url)
    if parts.scheme.lower() != "twilio":
        return ""
    named = dict(parse_qsl(parts.query)).get("token")
    return named or parts.password or ""


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "")
    return kind.lower().startswith("application/x-www-form-urlencoded")


def _form(body: bytes) -> Fields | None:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None


def _json(body: bytes) -> Fields | None:
    """The fields of an object that are text or whole numbers."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    return [(name, str(each)) for name, each in said.items() if type(each) in (str, int)]
