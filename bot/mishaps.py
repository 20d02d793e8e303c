"""Mishaps: what an error on the way to Telegram says about the push that met it."""

from datetime import timedelta
from typing import Final

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

from bot.connection import NotConnected
from domain.deliveries import Ending, Event, Reason
from domain.people import Refused
from handlers.addresses import UnknownAddress
from handlers.gateway import seconds_of

RECONNECTS_AFTER: Final = timedelta(seconds=5)
"""How long to leave Telegram alone that cannot be reached, or does not know the token."""

_NOBODY_THERE: Final = ("chat not found", "user not found", "peer_id_invalid", "deactivated")


def ending_of(error: Exception) -> Ending:
    """How a try ended that raised `error`.

    Only where Telegram has answered with a refusal, or was not reached at all, is it certain that
    nothing arrived. An answer that is late, lost or a server's own trouble leaves it open.
    """
    problem = type(error).__name__
    match error:
        case RetryAfter() | ChatMigrated() | NotConnected() | InvalidToken():
            return Ending(Event.NOT_YET, problem, wait=_asked_wait(error))
        case Forbidden() | BadRequest() if _nobody_is_there(error):
            return Ending(Event.HOPELESS, problem, Reason.UNREACHABLE)
        case BadRequest():
            return Ending(Event.HOPELESS, error.message, Reason.REFUSED)
        case _:
            return Ending(Event.LOST, problem)


def ending_unsent(error: Exception) -> Ending:
    """How a try ended for which no message could be made."""
    problem = type(error).__name__
    match error:
        case Refused():
            return Ending(Event.HOPELESS, problem, Reason.NOT_ALLOWED)
        case UnknownAddress():
            return Ending(Event.HOPELESS, problem, Reason.GONE)
        case _:
            return Ending(Event.NOT_YET, problem)


def _asked_wait(error: Exception) -> timedelta | None:
    if isinstance(error, RetryAfter):
        return timedelta(seconds=seconds_of(error))
    return None if isinstance(error, ChatMigrated) else RECONNECTS_AFTER


def _nobody_is_there(error: Forbidden | BadRequest) -> bool:
    if isinstance(error, Forbidden):
        return True
    told = error.message.lower()
    return any(words in told for words in _NOBODY_THERE)
