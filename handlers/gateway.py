"""The gateway: the one place that sends, edits and answers.

It keeps Telegram's manners (an edit that changes nothing is no failure, a wait that Telegram asks
for is waited out) and notes which message shows which screen: all that is made of the schedule is
protected from being forwarded, and deleted when it is old (`bot/removal.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from weakref import WeakValueDictionary

import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    CallbackQuery,
    InputMediaDocument,
    Message,
)
from telegram.constants import MessageLimit, ParseMode
from telegram.error import BadRequest, ChatMigrated, TelegramError
from telegram.helpers import create_deep_linked_url

from domain.clock import Clock
from domain.people import Member
from handlers.account import Account, shown_by
from handlers.desk import Pictures
from handlers.screens import Screen
from handlers.sending import Sender
from handlers.waits import seconds_of, waiting_as_told
from storage.open_messages import Shown
from storage.store import Store

FILE: Final = "file"
"""Noted in place of an address: the message is a file."""

SENT_AGAIN: Final = "Sent again: the first may have reached you."
"""The first line of a push that was tried before and may have arrived."""

__all__ = ["FILE", "SENT_AGAIN", "Gateway", "seconds_of", "uncounted"]

log = structlog.get_logger()


def uncounted(_chat_id: int) -> None:
    """Counts no message: for whoever keeps no pace."""


class Gateway:
    """Sends screens to people and keeps account of what their messages show.

    Args:
        bot: The Telegram bot.
        store: Where open messages are noted.
        pictures: Told the file ids of pictures that were sent.
        clock: The time of day.
        count: Told the chat of every message that is sent or edited for who waits for it, so that
            pushes leave room for those. Turns of pushes and renewals are taken by who makes them.
    """

    def __init__(
        self,
        bot: Bot,
        store: Store,
        pictures: Pictures,
        clock: Clock,
        count: Callable[[int], None] = uncounted,
    ) -> None:
        self._bot = bot
        self._count = count
        self._sender = Sender(bot, pictures)
        self._account = Account(store, clock)
        self._clock = clock
        self._turns: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    async def send(self, member: Member, screen: Screen) -> int:
        """Send a screen as a new message and return the message's id."""
        self._count(member.chat_id)
        message = await waiting_as_told(lambda: self._sender.send(member.chat_id, screen))
        await self._account.shows(member, message.message_id, screen)
        return message.message_id

    async def push(
        self, member: Member, screen: Screen, *, silent: bool, again: bool = False
    ) -> Shown:
        """Send a screen that nobody asked for.

        Args:
            member: Whom to.
            screen: What.
            silent: Without a sound.
            again: It may have reached them before, and says so.

        Returns:
            What the message shows. It is the caller's to note that (`outbox.mark_sent`), so that it
            is kept together with the fact that the push arrived.

        Raises:
            RetryAfter: Telegram asks to wait, and it is the caller's to do so.
        """
        if again:
            screen = replace(screen, text=f"{SENT_AGAIN}\n{screen.text}")
        message = await self._sender.send(member.chat_id, screen, silent=silent)
        return shown_by(member, message.message_id, screen)

    async def show(self, member: Member, message: Message | None, screen: Screen) -> None:
        """Show a screen in place of what a message shows; a new message where that can't be."""
        if message is None or not _fits(message, screen):
            await self.send(member, screen)
            if message is not None:
                await self._remove(message)
            return
        if not await self.edit(member, message.message_id, screen, had_picture=bool(message.photo)):
            await self.send(member, screen)

    async def edit(
        self, member: Member, message_id: int, screen: Screen, *, had_picture: bool = False
    ) -> bool:
        """Edit a message to show a screen; `False` if there is no such message any more."""
        self._count(member.chat_id)
        there = await waiting_as_told(lambda: self._edited(member, message_id, screen, had_picture))
        if there:
            await self._account.shows(member, message_id, screen)
        return there

    async def renew(
        self,
        member: Member,
        shown: Shown,
        render: Callable[[], Awaitable[Screen]],
        ready: Callable[[], Awaitable[None]],
    ) -> None:
        """Bring a message's figures up to date, unless its reader has turned to another screen.

        Args:
            member: Whose message it is.
            shown: What it shows.
            render: Makes the screen anew.
            ready: Waits until an edit may be made; not asked if nothing has to be edited.

        Raises:
            RetryAfter: Telegram asks to wait, and it is the caller's to do so.
        """
        screen = await render()
        same = screen.digest == shown.digest
        if not same:
            await ready()
        async with self.turn(shown.chat_id, shown.message_id):
            if not await self._account.still_shows(shown):
                return
            if not same:
                screen = await render()  # others may have decided more meanwhile
            if same or await self._edited(member, shown.message_id, screen, had_picture=False):
                await self._account.renewed(member, shown.message_id, screen)

    def turn(self, chat_id: int, message_id: int) -> asyncio.Lock:
        """Held by who changes a message, so that what is noted of it is what it shows."""
        return self._turns.setdefault((chat_id, message_id), asyncio.Lock())

    async def _edited(
        self, member: Member, message_id: int, screen: Screen, had_picture: bool
    ) -> bool:
        chat_id = member.chat_id
        try:
            await self._sender.edit(chat_id, message_id, screen, had_picture)
        except BadRequest as error:
            told = error.message.lower()
            if "message to edit not found" in told:
                await self._account.forget(chat_id, message_id)
                return False
            if "can't be edited" in told:
                await self._account.let_be(chat_id, message_id)
                return False
            if "not modified" not in told:
                raise
        return True

    async def delete(self, chat_id: int, message_ids: Sequence[int]) -> None:
        """Delete up to 100 messages of a chat, whoever sent them; what is gone is no failure.

        Raises:
            BadRequest: One cannot be deleted, and so none was.
        """
        await waiting_as_told(lambda: self._bot.delete_messages(chat_id, message_ids))

    async def blank(self, chat_id: int, message_id: int, html: str, *, is_file: bool) -> None:
        """Leave nothing in a message of the bot but a few words.

        Raises:
            BadRequest: It is gone, or was not the bot's.
        """
        where: dict[str, Any] = {"chat_id": chat_id, "message_id": message_id}
        if is_file:
            nothing = InputMediaDocument(
                b"removed\n", filename="removed.txt", caption=html, parse_mode=ParseMode.HTML
            )
            await waiting_as_told(lambda: self._bot.edit_message_media(nothing, **where))
            return
        said: dict[str, Any] = {**where, "parse_mode": ParseMode.HTML}
        try:
            await waiting_as_told(lambda: self._bot.edit_message_text(html, **said))
        except BadRequest as error:
            if "no text in the message" not in error.message.lower():
                raise
            await waiting_as_told(lambda: self._bot.edit_message_caption(caption=html, **said))

    async def received(self, member: Member, message: Message) -> None:
        """Note what a member sent: it may tell of a patient, and is deleted like the bot's own."""
        sent_at = min(self._clock.now(), message.date)
        await self._account.holds(member, message.message_id, sent_at=sent_at)

    async def answer(
        self, query: CallbackQuery, text: str | None = None, *, alert: bool = False
    ) -> bool:
        """Answer a press, which stops its spinner; `False` if it came too late to be shown."""
        try:
            await query.answer(text and text[:200], show_alert=alert)
        except BadRequest as error:
            if "query is too old" not in error.message.lower():
                raise
            log.info("a press was answered too late")
            return False
        return True

    async def say(self, chat_id: int, html: str) -> None:
        """Send a few lines that show neither figures nor patients: they stay in the chat.

        A group that has become a supergroup gets them there.
        """
        text = html[: int(MessageLimit.MAX_TEXT_LENGTH)]
        self._count(chat_id)

        async def say_in(chat_id: int) -> None:
            await waiting_as_told(
                lambda: self._bot.send_message(chat_id, text, parse_mode=ParseMode.HTML)
            )

        try:
            await say_in(chat_id)
        except ChatMigrated as moved:
            await say_in(moved.new_chat_id)

    async def offer(self, chat_id: int, commands: Sequence[BotCommand]) -> None:
        """Set the command menu of a chat; none takes it away.

        It is a convenience, so a failure is only logged: the next `/start` sets it right.
        """
        scope = BotCommandScopeChat(chat_id)
        try:
            if commands:
                await self._bot.set_my_commands(commands, scope=scope)
            else:
                await self._bot.delete_my_commands(scope=scope)
        except TelegramError as error:
            log.warning("a command menu could not be set", reason=type(error).__name__)

    def link(self, code: str) -> str:
        """The deep link that starts the bot with an invitation's code."""
        return create_deep_linked_url(self._bot.username, code)

    async def busy(self, chat_id: int, action: str) -> None:
        """Show "typing…" or the like for up to five seconds."""
        await self._bot.send_chat_action(chat_id, action)

    async def document(self, member: Member, content: bytes, name: str, caption: str) -> None:
        """Send a file."""
        self._count(member.chat_id)
        message = await waiting_as_told(
            lambda: self._bot.send_document(
                member.chat_id,
                content,
                filename=name,
                caption=caption,
                parse_mode=ParseMode.HTML,
                protect_content=True,
            )
        )
        await self._account.holds(member, message.message_id, FILE)

    async def _remove(self, message: Message) -> None:
        try:
            await message.delete()
        except BadRequest:
            log.info("a message could not be deleted")
            await self._account.let_be(message.chat_id, message.message_id)
        else:
            await self._account.forget(message.chat_id, message.message_id)


def _fits(message: Message, screen: Screen) -> bool:
    """Whether a message can be edited into a screen: a picture stays one, a text stays one."""
    return screen.keeps_picture or bool(message.photo) == bool(screen.picture)
