"""The guard: runs before everything else and lets only members in, in private chats only."""

from datetime import datetime
from typing import Final

from structlog.contextvars import bind_contextvars
from telegram import Message, Update
from telegram.constants import ChatType
from telegram.ext import ApplicationHandlerStop, filters

from handlers import words
from handlers.context import Context
from handlers.desk import Desk
from storage import people, strangers

FIRST: Final = -2
"""The handler group of the guard: groups run in ascending order."""

PRIVATE_ONLY: Final = (
    "I answer in private chats only, so that nothing about patients stands in a group. "
    "Open my profile and press Start."
)
STRANGER: Final = (
    "This assistant is for invited staff. "
    "Ask your admin for an invitation link, then open it or send /start CODE."
)

SUSPENDED: Final = "Your access is suspended. An admin can reinstate it."


async def guard(update: Update, context: Context) -> None:
    """Look the person up, and stop here unless they are a member in a private chat.

    Raises:
        ApplicationHandlerStop: The update goes no further.
    """
    user, chat = update.effective_user, update.effective_chat
    if user is None or chat is None or user.is_bot or not _is_heard(update):
        raise ApplicationHandlerStop
    private = chat.type == ChatType.PRIVATE
    if not private and not _is_for_bot(update, context):
        raise ApplicationHandlerStop
    desk = context.desk
    found = await desk.store.read(strangers.at_the_door, user.id, desk.clock.now())
    member = found.member
    if found.ignored:
        await _stay_silent(update, context)
    elif not private:
        await turn_away(update, context, PRIVATE_ONLY, counts=member is None)
    elif found.suspended:
        await turn_away(update, context, SUSPENDED)
    elif member is None and not _is_start(update, context.bot.username):
        await turn_away(update, context)
    else:
        context.member = member
        bind_contextvars(member=member and member.id)
        if member and not member.reachable:
            # Who writes or presses can be written to again, whatever they had blocked before.
            await desk.store.write(people.mark_reachable, member.id)
        return
    raise ApplicationHandlerStop


async def turn_away(
    update: Update, context: Context, said: str = STRANGER, *, counts: bool = True
) -> None:
    """Answer somebody who gets nothing here, unless they have tried too often.

    Args:
        update: What they sent.
        context: The context of it.
        said: What to answer.
        counts: Whether it is a stranger's try.
    """
    desk, user = context.desk, update.effective_user
    if counts and user:
        reply = await desk.store.write(strangers.turn_away, user.id, desk.clock.now())
        if not reply.answered:
            await _stay_silent(update, context)
            return
        if reply.quiet_until:
            desk.changed.set()
            said += until(desk, reply.quiet_until)
    if update.callback_query:
        await desk.gateway.answer(update.callback_query, said, alert=True)
    elif update.message:
        await desk.gateway.say(update.message.chat_id, said)


def until(desk: Desk, moment: datetime | None) -> str:
    """A sentence that says when answers come again; nothing if they never ended."""
    if moment is None:
        return ""
    zone, now = desk.house.calendar.zone, desk.clock.now()
    return f" Too many tries: I answer again after {words.clock_time(moment, zone, now)}."


async def _stay_silent(update: Update, context: Context) -> None:
    """Say nothing; a press is still answered, so that the button does not go on spinning."""
    if update.callback_query:
        await context.desk.gateway.answer(update.callback_query)


def _is_heard(update: Update) -> bool:
    """Only what is said and pressed; not edits, channel posts, queries in other chats."""
    return update.message is not None or update.callback_query is not None


def _is_start(update: Update, username: str) -> bool:
    """Whether it is `/start` as `CommandHandler` sees it: other handlers take no strangers."""
    message = update.message
    if message is None or not message.text or not filters.COMMAND.filter(message):
        return False
    return message.text.split()[0].lower() in {"/start", f"/start@{username}".lower()}


def _is_for_bot(update: Update, context: Context) -> bool:
    """In a group a press, a command and being added are answered, not the talk of others."""
    message = update.message
    if message is None or _adds_bot(message, context.bot.id):
        return True
    text = message.text or ""
    return text.startswith("/") and ("@" not in text or context.bot.username in text)


def _adds_bot(message: Message, bot_id: int) -> bool:
    created = message.group_chat_created or message.supergroup_chat_created
    return bool(created) or any(user.id == bot_id for user in message.new_chat_members)
