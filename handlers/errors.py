"""What happens when something goes wrong: log first, then tell the person in one line."""

import contextlib
import secrets

import structlog
from telegram import Update
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.ext import ApplicationHandlerStop

from domain.people import Refused
from handlers.context import Context
from handlers.router import note_refusal, refusal_words
from handlers.screens import Visit
from storage import people
from storage.store import StoreUnavailable

log = structlog.get_logger()

STORE_DOWN = "The database cannot be reached right now. Nothing was changed; try again in a minute."


async def on_error(update: object, context: Context) -> None:
    """The one error handler.

    Raises:
        ApplicationHandlerStop: What failed in the guard goes no further, and is told once.
    """
    await _handle(update, context)
    raise ApplicationHandlerStop


async def _handle(update: object, context: Context) -> None:
    error = context.error
    if isinstance(error, Forbidden):
        log.info("a person has blocked the bot")
        return
    if isinstance(error, NetworkError) and not isinstance(update, Update):
        log.warning("telegram cannot be reached; trying again", reason=type(error).__name__)
        return
    reference = secrets.token_hex(3)
    _log(error, reference)
    if isinstance(error, Refused):
        await _note(update, context, error)
    if isinstance(update, Update):
        await _tell(update, context, _words_for(error, reference))


async def _note(update: object, context: Context, refusal: Refused) -> None:
    """Record who was refused what; the context of an error no longer knows who it was."""
    user = update.effective_user if isinstance(update, Update) else None
    if user is None:
        return
    with contextlib.suppress(StoreUnavailable):
        member = await context.desk.store.read(people.member_by_telegram, user.id)
        if member:
            await note_refusal(Visit(context.desk, member), refusal)


def _log(error: Exception | None, reference: str) -> None:
    """One line for what has happened outside; a traceback for what went wrong in here."""
    if isinstance(error, Refused):
        log.info("refused", right=error.right.value)
    elif isinstance(error, StoreUnavailable):
        log.error("the database cannot be used", reference=reference, reason=str(error))
    elif isinstance(error, RetryAfter | NetworkError) and not isinstance(error, BadRequest):
        log.warning("telegram did not answer", reference=reference, reason=type(error).__name__)
    else:
        log.error("a handler failed", reference=reference, exc_info=error)


def _words_for(error: Exception | None, reference: str) -> str:
    if isinstance(error, StoreUnavailable):
        return STORE_DOWN
    if isinstance(error, Refused):
        return refusal_words(error)
    return (
        f"That did not work; the reason is logged under {reference}. "
        "Send the command again, and if it fails again tell an admin that number."
    )


async def _tell(update: Update, context: Context, words: str) -> None:
    try:
        query, gateway = update.callback_query, context.desk.gateway
        if query and not context.answered and await gateway.answer(query, words, alert=True):
            return
        if update.effective_chat:
            await gateway.say(update.effective_chat.id, words)
    except TelegramError as failure:
        log.warning("the person could not be told", reason=type(failure).__name__)
