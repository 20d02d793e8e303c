"""The strict local Bot API server as one object: start it, act as people, look at what came."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.demo.server.app import build_app
from bot.demo.server.callbacks import Callbacks
from bot.demo.server.chats import Chats
from bot.demo.server.cloud import Cloud
from bot.demo.server.commands import Menus
from bot.demo.server.faults import Faults
from bot.demo.server.files import Files
from bot.demo.server.group import Group
from bot.demo.server.journal import Call, Journal
from bot.demo.server.limits import Limits, Meter
from bot.demo.server.outside import Outside
from bot.demo.server.people import BotProfile, Person
from bot.demo.server.phone import PATIENCE, Phone, phone_of
from bot.demo.server.updates import Updates
from bot.demo.server.webhooks import Webhook
from bot.serving import listen, serving
from domain.clock import Clock, SystemClock

_PAGE = Path(__file__).parent.parent / "page"


@dataclass(eq=False)
class BotApiServer:
    """A Telegram of one's own, on this machine, for one bot and a few people.

    Attributes:
        token: The bot's token; its part before the colon is the bot's id.
        people: Who has a phone.
        clock: The time of day.
        monotonic: Seconds on a clock that never goes back, for the flood limits.
        limits: The flood limits, `None` for none.
        callback_lifetime: How long a press may wait for its answer.
        webhook_backoff: Seconds until a webhook that failed is tried again; doubles each time.
        zone: The name of the time zone in which the phones show times.
        bot_name: The bot's name.
        bot_username: The bot's user name, with no @.
        page: The folder with the demo page.
        outside: What is around the bot besides Telegram.
    """

    token: str = field(repr=False)
    people: Sequence[Person] = ()
    clock: Clock = field(default_factory=SystemClock)
    monotonic: Callable[[], float] = time.monotonic
    limits: Limits | None = field(default_factory=Limits)
    callback_lifetime: timedelta = timedelta(seconds=15)
    webhook_backoff: float = 1.0
    zone: str = "UTC"
    bot_name: str = "Slotwise"
    bot_username: str = "slotwise_bot"
    page: Path = _PAGE
    outside: Outside | None = None
    port: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        number, colon, secret = self.token.partition(":")
        if not (number.isdecimal() and colon and secret):
            raise ValueError("a token looks like 123456:letters-and-digits")
        updates = Updates()
        self._cloud = Cloud(
            token=self.token,
            bot=BotProfile(int(number), self.bot_name, self.bot_username),
            clock=self.clock,
            monotonic=self.monotonic,
            chats=Chats(list(self.people)),
            files=Files(),
            updates=updates,
            webhook=Webhook(updates, self.clock, self.webhook_backoff),
            callbacks=Callbacks(self.callback_lifetime),
            menus=Menus(),
            meter=Meter(self.limits, self.monotonic),
            faults=Faults(),
            journal=Journal(),
            closing=asyncio.Event(),
        )
        self._app = build_app(self._cloud, self.page, self.zone, self.outside)

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        """Serves on 127.0.0.1 in the current event loop; may be left and entered again.

        Args:
            port: The port, 0 for a free one.

        Yields:
            The base URL, such as `http://127.0.0.1:8081`.

        Raises:
            OSError: If the port is taken.
        """
        listener = listen(port)
        self.port = listener.getsockname()[1]
        self._cloud.closing.clear()
        self._cloud.updates.hold(polls=True)
        self._cloud.webhook.resume()
        async with serving(self._app, listener, http=_Protocol):
            try:
                yield self.base_url
            finally:
                await self._release()

    @property
    def base_url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def bot_url(self) -> str:
        """What a bot takes as its base URL, in front of the token."""
        return f"{self.base_url}/bot"

    @property
    def file_url(self) -> str:
        """What a bot takes as its base URL for files, in front of the token."""
        return f"{self.base_url}/file/bot"

    @property
    def faults(self) -> Faults:
        """The fault switch."""
        return self._cloud.faults

    @property
    def journal(self) -> Journal:
        """The log of calls."""
        return self._cloud.journal

    @property
    def pending_updates(self) -> int:
        """How many updates the bot has not confirmed yet."""
        return len(self._cloud.updates)

    @property
    def webhook_trouble(self) -> str:
        """What last kept an update from the bot's webhook, as `getWebhookInfo` tells it."""
        return str(self._cloud.webhook.info().get("last_error_message", ""))

    async def polled(self, within: float = PATIENCE) -> None:
        """Waits until the bot holds a long poll: it is up and has nothing to do.

        Raises:
            AssertionError: If that takes longer than `within` seconds.
        """
        if not await self._cloud.updates.polled(within):
            raise AssertionError("the bot does not poll")

    def calls(self, method: str = "", chat_id: int | None = None) -> list[Call]:
        """The calls that the bot made: of one method, for one chat, or all."""
        return self._cloud.journal.calls(method, chat_id)

    def add(self, person: Person) -> Phone:
        """Gives one more person a phone."""
        self._cloud.chats.add_person(person)
        return self.person(person.user_id)

    def person(self, user_id: int) -> Phone:
        """The phone of a person, with the bot's chat open.

        Raises:
            LookupError: If there is no such person.
        """
        return phone_of(self._cloud, user_id)

    def group(self, chat_id: int, members: Sequence[int], title: str = "Group") -> Group:
        """Makes a group that the bot is in.

        Args:
            chat_id: A negative number.
            members: User ids of people who have phones.
            title: The group's name.
        """
        people = [self._cloud.chats.people[user_id] for user_id in members]
        return Group(self._cloud, self._cloud.chats.add_group(chat_id, title, people))

    def forget(self, chat_id: int) -> None:
        """Makes a chat unknown: every call for it is answered "chat not found"."""
        self._cloud.chats.forget(chat_id)

    async def _release(self) -> None:
        """Lets everybody go who waits for something to happen."""
        self._cloud.closing.set()
        self._cloud.updates.hold(polls=False)
        for chat in self._cloud.chats.all():
            chat.feed.bell.ring()
        if self.outside:
            self.outside.patients.inboxes.feed.bell.ring()
        await self._cloud.webhook.pause()


class _Protocol(H11Protocol):
    """Tells the application how to cut its connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        inner: ASGIApp = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {"drop_connection": transport.abort}
            await inner(scope, receive, send)

        self.app = app
