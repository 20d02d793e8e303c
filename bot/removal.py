"""Takes old messages about patients out of the chats.

Telegram lets a bot delete a message for 48 hours, a person's in a private chat too. What could not
be deleted in time, because the program was down, is edited to a line without patients.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog
from telegram.constants import BulkRequestLimit
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter

from handlers import words
from handlers.desk import Desk
from handlers.gateway import FILE
from storage import open_messages
from storage.open_messages import Sent

AT_ONCE: Final = 1_000
"""Messages that one look takes on."""

PAUSE: Final = 0.1
"""Seconds between two calls: people's own messages go before."""

_A_CALL: Final = int(BulkRequestLimit.MAX_LIMIT)

log = structlog.get_logger()


async def remove_old_messages(desk: Desk) -> None:
    """Delete the messages whose time has come, chat by chat."""
    before = desk.clock.now() - desk.keep.messages
    due = await desk.store.read(open_messages.to_be_removed, before, AT_ONCE)
    by_chat: dict[int, list[Sent]] = {}
    for message in due:
        by_chat.setdefault(message.chat_id, []).append(message)
    for messages in by_chat.values():
        for first in range(0, len(messages), _A_CALL):
            try:
                await _remove(desk, messages[first : first + _A_CALL])
            except RetryAfter:
                return  # for longer than can be waited here: the next look finds them again


async def _remove(desk: Desk, messages: Sequence[Sent]) -> None:
    """Delete messages of one chat and forget them; with Telegram away they stay noted.

    Raises:
        RetryAfter: Telegram asks for a long wait.
    """
    chat_id = messages[0].chat_id
    await asyncio.sleep(PAUSE)
    try:
        await desk.gateway.delete(chat_id, [message.message_id for message in messages])
    except BadRequest:
        if len(messages) > 1:  # one of them cannot be: which?
            for message in messages:
                await _remove(desk, [message])
            return
        await _blank(desk, messages[0])
    except Forbidden:
        log.info("old messages stay with a person who has blocked the bot", count=len(messages))
    except RetryAfter:
        raise
    except NetworkError:
        return
    await desk.store.write(
        open_messages.forget, chat_id, *(message.message_id for message in messages)
    )


async def _blank(desk: Desk, message: Sent) -> None:
    try:
        await desk.gateway.blank(
            message.chat_id,
            message.message_id,
            removed_words(desk.keep.messages),
            is_file=message.address == FILE,
        )
    except BadRequest as error:
        log.info("an old message could not be removed", problem=error.message)


def removed_words(age: timedelta) -> str:
    """What stands in the place of an old message that can no longer be deleted."""
    return (
        f"This message is older than {words.hours(age)} and its content was removed. "
        "/risk shows the present list."
    )
