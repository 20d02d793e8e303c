"""Messages that are already there: edited in place, deleted, pinned."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from bot.demo.server import BotApiServer
from domain.clock import HandClock
from tests.bot.demo.server.helpers import DANA, Api, button, keyboard, picture, refusal

NOT_MODIFIED = (
    "400 Bad Request: message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)


async def test_a_text_is_edited_in_place(server: BotApiServer, api: Api, clock: HandClock) -> None:
    sent = await api.send("one", reply_markup=keyboard(button()))
    clock.move(timedelta(minutes=1))
    where = {"chat_id": DANA, "message_id": sent["message_id"]}
    edited = await api.ok("editMessageText", **where, text="<i>two</i>", parse_mode="HTML")
    assert edited["text"] == "two"
    assert edited["entities"] == [{"type": "italic", "offset": 0, "length": 3}]
    assert edited["edit_date"] == sent["date"] + 60
    assert "reply_markup" not in edited
    assert [message["text"] for message in server.person(DANA).messages] == ["two"]


async def test_an_edit_that_changes_nothing_is_refused(api: Api) -> None:
    markup = keyboard(button())
    sent = await api.send("<b>x</b>", parse_mode="HTML", reply_markup=markup)
    same = {"chat_id": DANA, "message_id": sent["message_id"], "parse_mode": "HTML"}
    edit = {**same, "text": "<strong>x</strong>\n", "reply_markup": markup}
    assert await api.refused("editMessageText", **edit) == NOT_MODIFIED
    assert await api.refused("editMessageReplyMarkup", **same, reply_markup=markup) == NOT_MODIFIED
    await api.ok("editMessageText", **{**edit, "text": "x"})  # other formatting
    await api.ok("editMessageReplyMarkup", **same)  # other buttons
    assert await api.refused("editMessageReplyMarkup", **same) == NOT_MODIFIED


async def test_captions_and_texts_are_not_mixed_up(api: Api) -> None:
    text = {"chat_id": DANA, "message_id": (await api.send("x"))["message_id"]}
    answer = await api.upload("sendPhoto", "photo", picture(20, 20), chat_id=DANA, caption="one")
    photo = {"chat_id": DANA, "message_id": answer.json()["result"]["message_id"]}
    assert (
        await api.refused("editMessageText", **photo, text="x")
        == "400 Bad Request: there is no text in the message to edit"
    )
    assert (
        await api.refused("editMessageCaption", **text, caption="x")
        == "400 Bad Request: there is no caption in the message to edit"
    )
    edited = await api.ok("editMessageCaption", **photo, caption="two")
    assert (edited["caption"], edited["photo"]) == ("two", answer.json()["result"]["photo"])
    assert await api.refused("editMessageCaption", **photo, caption="two") == NOT_MODIFIED
    assert "caption" not in await api.ok("editMessageCaption", **photo)


async def test_a_picture_is_replaced_in_place_by_upload_or_by_its_id(api: Api) -> None:
    first = (await api.upload("sendPhoto", "photo", picture(20, 20), chat_id=DANA)).json()["result"]
    where: dict[str, Any] = {"chat_id": DANA, "message_id": first["message_id"]}
    uploaded = await api.upload(
        "editMessageMedia",
        "new",
        picture(40, 30),
        **where,
        media={
            "type": "photo",
            "media": "attach://new",
            "caption": "<b>new</b>",
            "parse_mode": "HTML",
        },
    )
    message = uploaded.json()["result"]
    assert (message["photo"][0]["width"], message["caption"]) == (40, "new")
    assert message["caption_entities"][0]["type"] == "bold"

    old = {"type": "photo", "media": first["photo"][0]["file_id"]}
    assert (await api.ok("editMessageMedia", **where, media=old))["photo"] == first["photo"]
    assert await api.refused("editMessageMedia", **where, media=json.dumps(old)) == NOT_MODIFIED
    refused = await api.refused("editMessageMedia", **where, media={"type": "hologram"})
    assert "unsupported media type" in refused


async def test_a_text_can_become_a_picture(api: Api) -> None:
    sent = await api.send("rendering…")
    answer = await api.upload(
        "editMessageMedia",
        "map",
        picture(20, 20),
        chat_id=DANA,
        message_id=sent["message_id"],
        media={"type": "photo", "media": "attach://map"},
    )
    assert "text" not in answer.json()["result"]


async def test_only_the_bots_own_messages_can_be_edited(server: BotApiServer, api: Api) -> None:
    theirs = await server.person(DANA).says("hello")
    edit = {"chat_id": DANA, "text": "x"}
    assert (
        await api.refused("editMessageText", **edit, message_id=theirs)
        == "400 Bad Request: message can't be edited"
    )
    assert (
        await api.refused("editMessageText", **edit, message_id=999)
        == "400 Bad Request: message to edit not found"
    )
    forced = {"force_reply": True}
    sent = await api.send("x")
    assert (
        await api.refused(
            "editMessageReplyMarkup", **edit, message_id=sent["message_id"], reply_markup=forced
        )
        == "400 Bad Request: inline keyboard expected"
    )


async def test_a_message_can_be_deleted_for_48_hours(
    server: BotApiServer, api: Api, clock: HandClock
) -> None:
    young, old = [(await api.send(text))["message_id"] for text in "ab"]
    clock.move(timedelta(hours=48))
    assert await api.ok("deleteMessage", chat_id=DANA, message_id=young)
    clock.move(timedelta(seconds=1))
    assert (
        await api.refused("deleteMessage", chat_id=DANA, message_id=old)
        == "400 Bad Request: message can't be deleted for everyone"
    )
    assert (
        await api.refused("deleteMessage", chat_id=DANA, message_id=young)
        == "400 Bad Request: message to delete not found"
    )
    assert (
        await api.refused("editMessageText", chat_id=DANA, message_id=young, text="x")
        == "400 Bad Request: message to edit not found"
    )
    assert [message["text"] for message in server.person(DANA).messages] == ["b"]


async def test_many_are_deleted_at_once_and_missing_ones_skipped(
    server: BotApiServer, api: Api
) -> None:
    numbers = [(await api.send(text))["message_id"] for text in "abc"]
    assert await api.ok("deleteMessages", chat_id=DANA, message_ids=[*numbers[:2], 999])
    assert [message["text"] for message in server.person(DANA).messages] == ["c"]
    too_many = await api.refused("deleteMessages", chat_id=DANA, message_ids=list(range(101)))
    assert too_many == "400 Bad Request: expected from 1 to 100 message identifiers"


async def test_a_pinned_message_is_told_by_get_chat(api: Api) -> None:
    sent = await api.send("Efficiency Gain")
    where = {"chat_id": DANA, "message_id": sent["message_id"]}
    assert await api.ok("pinChatMessage", **where)
    assert (await api.ok("getChat", chat_id=DANA))["pinned_message"] == sent
    assert await api.ok("unpinChatMessage", chat_id=DANA)
    assert "pinned_message" not in await api.ok("getChat", chat_id=DANA)
    assert refusal(await api.raw("pinChatMessage", json={**where, "message_id": 999})) == (
        "400 Bad Request: message to pin not found"
    )
