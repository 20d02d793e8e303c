"""What happens when something goes wrong: log first, then tell the person in one line."""

import secrets

import structlog
from telegram import Update
from telegram.error import Forbidden, NetworkError, TelegramError
from telegram.ext import ApplicationHandlerStop

from domain.people import Refused
from handlers.context import Context
from handlers.router import audit_refusal, refusal_words
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
    if isinstance(error, Refused):
        log.info("refused", right=error.right.value)
        await _record(update, context, error)
    else:
        log.error("a handler failed", reference=reference, exc_info=error)
    if isinstance(update, Update):
        await _tell(update, context, _words_for(error, reference))


async def _record(update: object, context: Context, refusal: Refused) -> None:
    """Put it into the audit trail; PTB's context of an error does not know who was let in."""
    if not isinstance(update, Update) or update.effective_user is None:
        return
    store = context.desk.store
    try:
        context.member = await store.read(people.member_by_telegram, update.effective_user.id)
        if context.member:
            await store.write(audit_refusal, context.visit, refusal)
    except StoreUnavailable as failure:
        log.warning("a refusal was not recorded", reason=str(failure))


def _words_for(error: Exception | None, reference: str) -> str:
    if isinstance(error, StoreUnavailable):
        return STORE_DOWN
    if isinstance(error, Refused):
        return refusal_words(error)
    return f"That did not work, and the reason is logged under {reference}. Send the command again."


async def _tell(update: Update, context: Context, words: str) -> None:
    try:
        if update.callback_query and not context.answered:
            await context.desk.gateway.answer(update.callback_query, words, alert=True)
        elif update.effective_chat:
            await context.desk.gateway.say(update.effective_chat.id, words)
    except TelegramError as failure:
        log.warning("the person could not be told", reason=type(failure).__name__)
