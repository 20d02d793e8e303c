"""Channels: how one message to one patient leaves, by SMS or e-mail.

A message is sent by Apprise in a thread of its own, since it blocks. What became of it is one of
three: surely taken, surely not taken, or nobody knows (`docs/decisions/0012`).
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from pydantic import SecretStr

from bot.logs import hide
from bot.providers import Place, Provider, UnusableProvider
from bot.settings import PREFIX, WrongSetting
from bot.witness import Ending
from domain.notices import Channel, Letter, NoticeEvent

AT_ONCE: Final = 8
"""Messages that are on their way at a time; further ones wait for one to end."""
WITHIN: Final = 60.0
"""Seconds after which a message is given up that has not ended."""
_LAST_WORDS: Final = 3.0
"""Seconds that messages on their way are given when the program ends."""

Watch = Callable[[Channel, str, float], None]
"""Told of every try: its channel, `arrived` or the event it ended with, and its seconds."""


class Channels:
    """The providers that are set, and the messages on their way to them.

    Args:
        urls: Apprise's URL for each channel that has a provider; an empty one is none.
        watch: Told of every try.
        within: Seconds that a try may take.

    Raises:
        bot.settings.WrongSetting: A URL cannot be used.
    """

    def __init__(
        self,
        urls: Mapping[Channel, SecretStr],
        watch: Watch = lambda _channel, _event, _seconds: None,
        within: float = WITHIN,
    ) -> None:
        self._watch, self._within = watch, within
        self._free = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[asyncio.Future[Ending | None]] = set()
        self._is_closed = False
        self._providers = {
            channel: _provider(channel, url.get_secret_value())
            for channel, url in urls.items()
            if url.get_secret_value()
        }

    def place(self, channel: Channel) -> Place | None:
        """Where its messages are handed over; `None` if that cannot be seen."""
        return self._providers[channel].place

    def has(self, channel: Channel) -> bool:
        """Whether a provider is set."""
        return channel in self._providers

    async def send(
        self, channel: Channel, to: str, letter: Letter, stop: str = ""
    ) -> Ending | None:
        """Send one message. It is never repeated here.

        Whoever is cancelled while waiting does not know what became of it.

        Args:
            channel: By which it goes.
            to: An e-mail address, or a phone number as E.164 (`domain.phones.normal`).
            letter: What it says.
            stop: A mail's link by which the recipient says that they want no more.

        Returns:
            `None` if the provider surely took it, otherwise how it ended.
        """
        provider = self._providers.get(channel)
        if provider is None:
            return Ending(NoticeEvent.NOT_YET, f"no provider of {channel} is set", for_all=True)
        try:
            async with asyncio.timeout(self._within):
                await self._free.acquire()
        except TimeoutError:
            return Ending(NoticeEvent.NOT_YET, "all messages on their way hang", for_all=True)
        if self._is_closed:
            self._free.release()
            return Ending(NoticeEvent.NOT_YET, "the program ends", for_all=True)
        began = time.monotonic()
        ending = await self._within_time(self._start(lambda: provider.send(to, letter, stop)))
        self._watch(channel, ending.event if ending else "arrived", time.monotonic() - began)
        return ending

    async def close(self) -> None:
        """Send nothing more, and wait a little for what is on its way."""
        self._is_closed = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST_WORDS)

    async def _within_time(self, work: asyncio.Future[Ending | None]) -> Ending | None:
        done, _ = await asyncio.wait({work}, timeout=self._within)
        return work.result() if done else Ending(NoticeEvent.LOST, "no end in time")

    def _start(self, send: Callable[[], Ending | None]) -> asyncio.Future[Ending | None]:
        """Run it in a thread that the program does not wait for when it ends.

        The thread gives its place back only when it is done, so a provider that hangs holds
        `AT_ONCE` threads at most.
        """
        loop = asyncio.get_running_loop()
        work: asyncio.Future[Ending | None] = loop.create_future()
        self._under_way.add(work)

        def finish(ending: Ending | None) -> None:
            self._free.release()
            self._under_way.discard(work)
            if not work.done():
                work.set_result(ending)

        def run() -> None:
            try:
                ending = send()
            except Exception as error:  # its text may hold an address
                ending = Ending(NoticeEvent.LOST, type(error).__name__)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(finish, ending)

        threading.Thread(target=run, name="message", daemon=True).start()
        return work


def _provider(channel: Channel, url: str) -> Provider:
    hide(url)
    try:
        return Provider(channel, url)
    except UnusableProvider as problem:
        raise WrongSetting(f"{PREFIX}{channel.upper()}_URL: {problem}") from None
