"""All that Telegram keeps about one bot: the state behind every method and every phone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.demo.server.callbacks import Callbacks
from bot.demo.server.chats import Chats
from bot.demo.server.commands import Menus
from bot.demo.server.faults import Faults
from bot.demo.server.files import Files
from bot.demo.server.journal import Journal
from bot.demo.server.limits import Meter
from bot.demo.server.people import BotProfile
from bot.demo.server.updates import Updates
from bot.demo.server.webhooks import Webhook
from domain.clock import Clock


@dataclass(frozen=True)
class Cloud:
    """The state, in memory, of one bot's Telegram.

    `closing` is set while the server stops, so that nobody waits on.
    """

    token: str = field(repr=False)
    bot: BotProfile
    clock: Clock
    monotonic: Callable[[], float]
    chats: Chats
    files: Files
    updates: Updates
    webhook: Webhook
    callbacks: Callbacks
    menus: Menus
    meter: Meter
    faults: Faults
    journal: Journal
    closing: asyncio.Event

    def timestamp(self) -> int:
        """Now, as the Bot API writes dates: seconds since 1970."""
        return int(self.clock.now().timestamp())
