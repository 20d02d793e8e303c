"""Pressed buttons and the answers to them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.demo.server import BotApiServer
from domain.clock import HandClock
from tests.bot.demo.server.helpers import DANA, Api, button, keyboard

TOO_OLD = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"


async def test_a_press_reaches_the_bot_and_its_answer_the_phone(
    server: BotApiServer, api: Api
) -> None:
    dana = server.person(DANA)
    sent = await api.send("list", reply_markup=keyboard(button("Next ›", "p:2")))
    query_id = await dana.presses(sent["message_id"], "Next ›")
    (update,) = await api.ok("getUpdates")
    query = update["callback_query"]
    assert (query["id"], query["data"], query["message"]) == (query_id, "p:2", sent)
    assert query["from"]["id"] == DANA
    assert await api.ok(
        "answerCallbackQuery", callback_query_id=query_id, text="ok", show_alert=True
    )
    toast = await dana.toast(query_id)
    assert (toast.text, toast.show_alert) == ("ok", True)


async def test_a_press_is_answered_once_and_in_time(
    server: BotApiServer, api: Api, clock: HandClock
) -> None:
    sent = await api.send("x", reply_markup=keyboard(button()))
    dana = server.person(DANA)
    first, second, third = [await dana.presses(sent, "a:1") for _ in range(3)]
    answered = await api.ok("answerCallbackQuery", callback_query_id=first)
    assert answered is True
    assert (await dana.toast(first)).text is None
    assert await api.refused("answerCallbackQuery", callback_query_id=first) == TOO_OLD
    clock.move(timedelta(seconds=15))
    await api.ok("answerCallbackQuery", callback_query_id=second)
    clock.move(timedelta(seconds=1))
    assert await api.refused("answerCallbackQuery", callback_query_id=third) == TOO_OLD
    assert await api.refused("answerCallbackQuery", callback_query_id="7") == TOO_OLD
    assert await api.refused("answerCallbackQuery") == TOO_OLD


async def test_an_answer_has_two_hundred_characters(server: BotApiServer, api: Api) -> None:
    sent = await api.send("x", reply_markup=keyboard(button()))
    query = {"callback_query_id": await server.person(DANA).presses(sent, "Authorize")}
    refused = await api.refused("answerCallbackQuery", **query, text="x" * 201)
    assert refused == "400 Bad Request: MESSAGE_TOO_LONG"
    refused = await api.refused("answerCallbackQuery", **query, url="https://example.org")
    assert refused == "400 Bad Request: URL_INVALID"
    await api.ok("answerCallbackQuery", **query, text="x" * 200)


async def test_an_outdated_copy_of_a_message_can_still_be_pressed(
    server: BotApiServer, api: Api
) -> None:
    dana = server.person(DANA)
    await api.send("x", reply_markup=keyboard(button("Authorize", "a:1")))
    seen = await dana.sees("x")
    where = {"chat_id": DANA, "message_id": seen["message_id"]}
    await api.ok("editMessageText", **where, text="y", reply_markup=keyboard(button("Undo", "u:1")))
    await dana.presses(seen, "Authorize")
    with pytest.raises(LookupError, match="no button 'Authorize'; there: 'Undo'"):
        await dana.presses(seen["message_id"], "Authorize")
    (update,) = await api.ok("getUpdates")
    assert update["callback_query"]["data"] == "a:1"
    assert update["callback_query"]["message"]["text"] == "y"

    await api.ok("deleteMessage", **where)
    with pytest.raises(LookupError, match="no message"):
        await dana.presses(seen, "Authorize")


async def test_waiting_for_what_never_comes_tells_what_was_there(
    server: BotApiServer, api: Api
) -> None:
    dana = server.person(DANA)
    await api.send("Nothing to do")
    with pytest.raises(AssertionError, match=r"Dana did not see 'Risk'.*Nothing to do"):
        await dana.sees("Risk", within=0.01)
    with pytest.raises(AssertionError, match="press 7 was not answered"):
        await dana.toast("7", within=0.01)


async def test_what_was_seen_before_can_be_left_out(server: BotApiServer, api: Api) -> None:
    dana = server.person(DANA)
    old = await api.send("figure 1")
    mark = dana.now()
    with pytest.raises(AssertionError):
        await dana.sees("figure", within=0.01, since=mark)
    where = {"chat_id": DANA, "message_id": old["message_id"]}
    await api.ok("editMessageText", **where, text="figure 2")
    assert (await dana.sees("figure", since=mark))["text"] == "figure 2"
    assert (await dana.sees(lambda message: "edit_date" in message))["text"] == "figure 2"
