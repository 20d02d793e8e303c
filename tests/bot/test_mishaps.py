"""Mishaps: what is certain after an error, and what is not."""

from datetime import timedelta

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.connection import NotConnected
from bot.mishaps import RECONNECTS_AFTER, ending_of, ending_unsent
from domain.deliveries import Event, Reason
from domain.people import Refused, Right
from handlers.addresses import UnknownAddress


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (NotConnected("ClientConnectorError"), RECONNECTS_AFTER),
        (InvalidToken(), RECONNECTS_AFTER),
        (ChatMigrated(-100123), None),
    ],
)
def test_what_telegram_never_got_is_certain_not_to_have_arrived(
    error: TelegramError, wait: timedelta | None
) -> None:
    ending = ending_of(error)
    assert (ending.event, ending.wait) == (Event.NOT_YET, wait)


def test_a_wait_is_as_long_as_telegram_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    ending = ending_of(RetryAfter(17))
    assert (ending.event, ending.wait) == (Event.NOT_YET, timedelta(seconds=17))


@pytest.mark.parametrize(
    "error",
    [
        TimedOut(),
        TimeoutError(),
        NetworkError("ServerDisconnectedError"),
        NetworkError("Internal Server Error"),
        NetworkError("Bad Gateway"),
        TelegramError("Invalid server response"),
        Conflict("odd"),
        ValueError("the answer made no sense"),
    ],
)
def test_whatever_may_have_been_carried_out_is_in_doubt(error: Exception) -> None:
    ending = ending_of(error)
    assert (ending.event, ending.wait) == (Event.LOST, None)


@pytest.mark.parametrize(
    "error",
    [
        Forbidden("Forbidden: bot was blocked by the user"),
        Forbidden("Forbidden: user is deactivated"),
        BadRequest("Chat not found"),
        BadRequest("Bad Request: PEER_ID_INVALID"),
    ],
)
def test_who_is_not_there_cannot_be_reached(error: TelegramError) -> None:
    ending = ending_of(error)
    assert (ending.event, ending.reason) == (Event.HOPELESS, Reason.UNREACHABLE)


def test_another_refusal_is_for_good_and_says_why() -> None:
    ending = ending_of(BadRequest("can't parse entities"))
    assert (ending.event, ending.reason) == (Event.HOPELESS, Reason.REFUSED)
    assert ending.problem.lower() == "can't parse entities"


def test_what_cannot_be_made_is_hopeless_or_tried_later() -> None:
    assert ending_unsent(Refused(Right.SEE)).reason is Reason.NOT_ALLOWED
    assert ending_unsent(UnknownAddress("x")).reason is Reason.GONE
    assert ending_unsent(ZeroDivisionError()).event is Event.NOT_YET
