"""The guard: runs before everything else and lets only members in, in private chats only."""

from typing import Final

import structlog
from sqlmodel import Session
from telegram import Update
from telegram.constants import ChatType
from telegram.ext import ApplicationHandlerStop, filters

from domain.clock import Clock
from handlers.context import Context
from storage import audit, people

FIRST: Final = -1
"""The handler group of the guard: groups run in ascending order."""

PRIVATE_ONLY: Final = (
    "I answer in private chats only, so that nothing about patients stands in a group. "
    "Open my profile and press Start."
)
STRANGER: Final = (
    "This assistant is for invited staff. "
    "Ask your admin for an invitation link, then open it or send /start CODE."
)

log = structlog.get_logger()


async def guard(update: Update, context: Context) -> None:
    """Look the person up, and stop here unless they are a member in a private chat.

    Raises:
        ApplicationHandlerStop: The update goes no further.
    """
    user, chat = update.effective_user, update.effective_chat
    if user is None or chat is None or user.is_bot:
        raise ApplicationHandlerStop
    if chat.type != ChatType.PRIVATE:
        await _turn_away(update, context, PRIVATE_ONLY)
        raise ApplicationHandlerStop
    context.member = await context.desk.store.read(people.member_by_telegram, user.id)
    if context.member is None and not _is_start(update, context.bot.username):
        await context.desk.store.write(_refused, context.desk.clock, user.id)
        await _turn_away(update, context, STRANGER)
        raise ApplicationHandlerStop
    if context.member is not None and not context.member.reachable:
        # Who writes or presses can be written to again, whatever they had blocked before.
        await context.desk.store.write(people.mark_reachable, context.member.id)


def _is_start(update: Update, username: str) -> bool:
    """Whether it is `/start` as `CommandHandler` sees it: other handlers take no strangers."""
    message = update.message
    if message is None or not message.text or not filters.COMMAND.filter(message):
        return False
    return message.text.split()[0].lower() in {"/start", f"/start@{username}".lower()}


async def _turn_away(update: Update, context: Context, words: str) -> None:
    if update.callback_query:
        await context.desk.gateway.answer(update.callback_query, words, alert=True)
    elif update.message and _speaks_to_bot(update, context):
        await context.desk.gateway.say(update.message.chat_id, words)


def _speaks_to_bot(update: Update, context: Context) -> bool:
    """In a group only a command is answered, not the talk of others."""
    message = update.message
    if message is None or message.chat.type == ChatType.PRIVATE:
        return True
    text = message.text or ""
    return text.startswith("/") and ("@" not in text or context.bot.username in text)


def _refused(session: Session, clock: Clock, telegram_id: int) -> None:
    audit.record(session, "stranger refused", at=clock.now(), telegram_id=telegram_id)
