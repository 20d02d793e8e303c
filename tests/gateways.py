"""Providers of SMS and mail on this machine: real servers that keep what they take, and fail."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.serving import listen
from tests.waiting import until

SENDER = "clinic@example.org"


@dataclass(frozen=True)
class Mail:
    """A mail that was taken.

    Attributes:
        to: The recipients that the envelope names.
        parsed: The mail itself; `text` is its decoded body.
    """

    to: tuple[str, ...]
    parsed: EmailMessage

    @property
    def text(self) -> str:
        return str(self.parsed.get_content())


@dataclass
class MailServer:
    """An SMTP server.

    Attributes:
        taken: What it took, in order.
        calls: The connections that were made; one that is not answered yet is not among them.
        refused: Replies to recipients that it refuses.
        answer: Its reply to a text; empty for the usual one.
        hangs: It takes a text and never answers.
        drops: It takes a text and drops the connection.
        drops_early: It drops the connection when it is told the recipient.
    """

    taken: list[Mail] = field(default_factory=list)
    calls: list["_Call"] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    hangs: bool = False
    drops: bool = False
    drops_early: bool = False
    port: int = 0
    _ends: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Apprise's URL; more options can be added by `&`."""
        return f"mailto://127.0.0.1:{self.port}/?from={SENDER}"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["MailServer"]:
        """Listen on a free port until the block is left, and the next time on the same one."""
        loop = asyncio.get_running_loop()
        listener = listen(self.port)
        self.port = listener.getsockname()[1]

        def answer() -> _Call:
            self.calls.append(_Call(self, loop=loop))
            return self.calls[-1]

        def is_over() -> bool:
            for call in self.calls:
                _drop(call)
            return all(call.is_over for call in self.calls)

        server = await loop.create_server(answer, sock=listener)
        try:
            yield self
        finally:
            self._ends.set()
            server.close()
            await until(is_over)
            await server.wait_closed()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, server: SMTP, _: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.drops_early:
            _drop(server)
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = message_from_bytes(content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        if self.answer:
            return self.answer
        self.taken.append(Mail(tuple(envelope.rcpt_tos), parsed))
        if self.hangs:
            await self._ends.wait()
        if self.drops:
            _drop(server)
        return "250 OK"


class _Call(SMTP):
    """One connection."""

    is_over = False

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.is_over = True


def _drop(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()


@dataclass
class SmsGateway:
    """An HTTP gateway that takes JSON.

    Attributes:
        taken: The bodies of what it took, in order.
        code: What it answers; of 400 and above it takes nothing, but of 500 and above nobody knows.
        refused: What it answers for recipients that it refuses.
        hangs: It takes a message and never answers.
        drops: It takes a message and drops the connection.
    """

    taken: list[dict[str, Any]] = field(default_factory=list)
    code: int = 200
    refused: dict[str, int] = field(default_factory=dict)
    hangs: bool = False
    drops: bool = False
    port: int = 0
    _ends: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Apprise's URL; more options can be added by `&`."""
        return f"json://127.0.0.1:{self.port}/sms?method=POST"

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["SmsGateway"]:
        """Listen on a free port until the block is left, and the next time on the same one."""
        app = web.Application()
        app.router.add_post("/sms", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        listener = listen(self.port)
        self.port = listener.getsockname()[1]
        await web.SockSite(runner, listener).start()
        try:
            yield self
        finally:
            self._ends.set()
            await runner.cleanup()

    def let_go(self) -> None:
        """Answer all that hang."""
        self._ends.set()

    async def _take(self, request: web.Request) -> web.Response:
        said = await request.json()
        code = self.refused.get(said.get("to", ""), self.code)
        if not 400 <= code < 500:
            self.taken.append(said)
        if self.hangs:
            await self._ends.wait()
        if self.drops:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({}, status=code)
