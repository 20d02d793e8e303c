"""New messages: what is taken, what is refused, and what a phone then shows."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.server import BotApiServer
from tests.bot.demo.server.helpers import AMIR, DANA, NOA, Api, button, keyboard, picture, refusal


async def test_a_text_arrives_with_its_entities(server: BotApiServer, api: Api) -> None:
    sent = await api.send("🏥 <b>Risk</b>", parse_mode="HTML", disable_notification=True)
    assert sent["text"] == "🏥 Risk"
    assert sent["entities"] == [{"type": "bold", "offset": 3, "length": 4}]
    assert sent["from"]["is_bot"]
    assert sent["chat"] == {"id": DANA, "type": "private", "first_name": "Dana"}
    shown = server.person(DANA).messages[-1]
    assert shown == sent | {"outgoing": False, "silent": True}


async def test_the_same_call_works_as_form_json_and_query(api: Api) -> None:
    params: dict[str, Any] = {"chat_id": str(DANA), "text": "x + y & z", "protect_content": "true"}
    for sending in ({"data": params}, {"json": params}, {"params": params}):
        message = (await api.raw("sendMessage", **sending)).json()["result"]
        assert (message["text"], message["has_protected_content"]) == ("x + y & z", True)
    assert (await api.client.get(f"{api.url}/getme")).json()["result"]["username"]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({}, "chat_id is empty"),
        ({"chat_id": 5}, "chat not found"),
        ({"chat_id": "@dana"}, "chat not found"),
        ({"chat_id": DANA}, "message text is empty"),
        ({"chat_id": DANA, "text": " \n "}, "message text is empty"),
        ({"chat_id": DANA, "text": "<b></b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"chat_id": DANA, "text": "x" * 4097}, "message is too long"),
        ({"chat_id": DANA, "text": "🏥" * 2049}, "message is too long"),
        (
            {"chat_id": DANA, "text": "<b>x", "parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            {"chat_id": DANA, "text": "x", "reply_parameters": {"message_id": 999}},
            "message to be replied not found",
        ),
    ],
)
async def test_what_is_no_message_is_refused(
    server: BotApiServer, api: Api, params: dict[str, Any], reason: str
) -> None:
    assert await api.refused("sendMessage", **params) == f"400 Bad Request: {reason}"
    assert server.person(DANA).messages == []


async def test_the_length_counts_after_the_formatting_is_taken_out(api: Api) -> None:
    longest = await api.send("<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")
    assert longest["text"] == "<" * 4096


async def test_a_bot_may_not_write_first_nor_after_it_was_blocked(
    server: BotApiServer, api: Api
) -> None:
    first = await api.refused("sendMessage", chat_id=NOA, text="x")
    assert first == "403 Forbidden: bot can't initiate conversation with a user"
    await server.person(NOA).says("/start")
    await api.send("welcome", NOA)

    server.person(NOA).blocks()
    blocked = await api.refused("sendMessage", chat_id=NOA, text="x")
    assert blocked == "403 Forbidden: bot was blocked by the user"
    server.person(NOA).unblocks()
    await api.send("welcome back", NOA)

    server.forget(NOA)
    gone = await api.refused("sendMessage", chat_id=NOA, text="x")
    assert gone == "400 Bad Request: chat not found"


async def test_an_answer_carries_the_message_that_it_answers(
    server: BotApiServer, api: Api
) -> None:
    asked = await server.person(DANA).says("/risk")
    sent = await api.send("list", reply_parameters={"message_id": asked})
    assert sent["reply_to_message"]["text"] == "/risk"
    alone = await api.send(
        "x", reply_parameters={"message_id": 999, "allow_sending_without_reply": True}
    )
    assert "reply_to_message" not in alone


async def test_a_forced_reply_is_answered_by_the_next_words(server: BotApiServer, api: Api) -> None:
    dana = server.person(DANA)
    markup = {"force_reply": True, "input_field_placeholder": "Why?"}
    asked = await api.send("Reason?", reply_markup=markup)
    assert "reply_markup" not in asked
    assert dana.messages[-1]["force_reply"] == markup
    await dana.says("no answer twice")
    await dana.says("something else")
    first, second = [update["message"] for update in await api.ok("getUpdates")]
    assert first["reply_to_message"]["message_id"] == asked["message_id"]
    assert "reply_to_message" not in second


@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg")])
async def test_a_photo_keeps_its_true_size_and_can_be_sent_again_by_its_id(
    api: Api, kind: str, name: str
) -> None:
    content = picture(1080, 1350, kind)
    answer = await api.upload("sendPhoto", "photo", content, name, chat_id=DANA, caption="Map")
    sent = answer.json()["result"]
    size = sent["photo"][-1]
    assert (size["width"], size["height"], size["file_size"]) == (1080, 1350, len(content))
    assert sent["caption"] == "Map"
    again = await api.ok("sendPhoto", chat_id=AMIR, photo=size["file_id"])
    assert again["photo"] == sent["photo"]


async def test_a_photo_may_come_as_an_attachment(api: Api) -> None:
    answer = await api.upload(
        "sendPhoto", "map", picture(20, 30), chat_id=DANA, photo="attach://map"
    )
    assert answer.json()["result"]["photo"][0]["height"] == 30


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "file must be non-empty"),
        (b"<svg/>", "IMAGE_PROCESS_FAILED"),
        (b"\x89PNG\r\n\x1a\n", "IMAGE_PROCESS_FAILED"),
        (b"\xff\xd8\xff\xe0\x00\x04xx", "IMAGE_PROCESS_FAILED"),
        (picture(5001, 5000), "PHOTO_INVALID_DIMENSIONS"),
        (picture(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (
            picture(10, 10) + bytes(10_000_000),
            "file of size 10000075 bytes is too big for a photo; "
            "the maximum size is 10000000 bytes",
        ),
    ],
)
async def test_what_is_no_photo_is_refused(api: Api, content: bytes, reason: str) -> None:
    answer = await api.upload("sendPhoto", "photo", content, chat_id=DANA)
    expected = reason.replace("10000075", str(len(content)))
    assert refusal(answer) == f"400 Bad Request: {expected}"


async def test_the_largest_photo_is_taken(api: Api) -> None:
    for width, height in ((5000, 5000), (2000, 100)):
        answer = await api.upload("sendPhoto", "photo", picture(width, height), chat_id=DANA)
        assert answer.json()["ok"]


async def test_references_to_files_are_checked(api: Api) -> None:
    document = (await api.upload("sendDocument", "document", b"a,b", chat_id=DANA)).json()
    file_id = document["result"]["document"]["file_id"]
    for photo, reason in {
        "": "there is no photo in the request",
        "photo-99": "wrong file identifier/HTTP URL specified",
        "https://example.org/a.png": "failed to get HTTP URL content",
        file_id: "can't use file of type Document as Photo",
    }.items():
        refused = await api.refused("sendPhoto", chat_id=DANA, photo=photo)
        assert refused == f"400 Bad Request: {reason}"


async def test_a_caption_is_shorter_than_a_text(api: Api) -> None:
    for caption, taken in (("<i>" + "x" * 1024 + "</i>", True), ("x" * 1025, False)):
        answer = await api.upload(
            "sendDocument", "document", b"a", chat_id=DANA, caption=caption, parse_mode="HTML"
        )
        assert answer.json()["ok"] is taken
    assert refusal(answer) == "400 Bad Request: message caption is too long"


async def test_a_document_can_be_downloaded_by_its_path(server: BotApiServer, api: Api) -> None:
    number = await server.person(DANA).uploads("../../feed.csv", b"a,b\n1,2\n", "the feed")
    (update,) = await api.ok("getUpdates")
    document = update["message"]["document"]
    assert (update["message"]["message_id"], update["message"]["caption"]) == (number, "the feed")
    assert (document["file_name"], document["mime_type"]) == ("feed.csv", "text/csv")
    file = await api.ok("getFile", file_id=document["file_id"])
    path = f"{server.file_url}{api.url.rpartition('/bot')[2]}/{file['file_path']}"
    assert (await api.client.get(path)).content == b"a,b\n1,2\n"
    assert (await api.client.get(path.replace("local", "other"))).status_code == 401
    assert (await api.client.get(path + "x")).status_code == 404
    assert await api.refused("getFile", file_id="x") == "400 Bad Request: invalid file_id"


async def test_twenty_megabytes_come_down_and_fifty_go_up(server: BotApiServer, api: Api) -> None:
    await server.person(DANA).uploads("big.csv", bytes(20_000_001))
    (update,) = await api.ok("getUpdates")
    file_id = update["message"]["document"]["file_id"]
    assert await api.refused("getFile", file_id=file_id) == "400 Bad Request: file is too big"
    too_big = await api.upload("sendDocument", "document", bytes(50_000_001), chat_id=DANA)
    assert refusal(too_big) == "413 Request Entity Too Large"


async def test_a_busy_bot_is_seen_until_it_writes(server: BotApiServer, api: Api) -> None:
    await api.ok("sendChatAction", chat_id=DANA, action="upload_photo")
    assert server.person(DANA).is_typing
    await api.send("here")
    assert not server.person(DANA).is_typing
    refused = await api.refused("sendChatAction", chat_id=DANA, action="dancing")
    assert refused == "400 Bad Request: wrong parameter action in request"


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("[", "can't parse reply_markup JSON object"),
        ([], "object expected as reply markup"),
        ({"buttons": []}, "can't parse reply keyboard markup JSON object"),
        (
            {"force_reply": True, "input_field_placeholder": "x" * 65},
            "reply markup input field placeholder must be 1-64 characters long",
        ),
        (
            {"inline_keyboard": [button()]},
            "can't parse inline keyboard markup JSON object: expected an Array",
        ),
        (keyboard(button(text="  ")), "inline keyboard button text must be non-empty"),
        (
            keyboard({"callback_data": "a"}),
            'can\'t parse inline keyboard button: Field "text" must be of type String',
        ),
        (
            keyboard({"text": "x"}),
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            keyboard(button(style="warning")),
            "can't parse inline keyboard button: invalid button style specified",
        ),
        (keyboard(button(data="")), "BUTTON_DATA_INVALID"),
        (keyboard(button(data="é" * 33)), "BUTTON_DATA_INVALID"),
        (
            keyboard({"text": "x", "url": "nowhere"}),
            "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL",
        ),
        (
            keyboard({"text": "x", "web_app": {"url": "http://example.org"}}),
            "inline keyboard button Web App URL 'http://example.org' is invalid: "
            "Only HTTPS links are allowed",
        ),
        (keyboard({"text": "x", "copy_text": {"text": ""}}), "BUTTON_COPY_TEXT_INVALID"),
        (keyboard(*[button()] * 101), "reply markup is too long"),
    ],
)
async def test_keyboards_that_telegram_refuses_are_refused(
    api: Api, markup: object, reason: str
) -> None:
    refused = await api.refused("sendMessage", chat_id=DANA, text="x", reply_markup=markup)
    assert refused == f"400 Bad Request: {reason}"


async def test_keyboards_that_telegram_takes_are_kept(api: Api) -> None:
    markup = keyboard(
        button(data="é" * 32, style="success"),
        button(style="danger"),
        button(style="primary"),
        {"text": "site", "url": "https://example.org"},
        {"text": "app", "web_app": {"url": "https://example.org"}},
        {"text": "copy", "copy_text": {"text": "P-7K3MQD"}},
        *[button()] * 94,
    )
    assert (await api.send("x", reply_markup=markup))["reply_markup"] == markup
    assert "reply_markup" not in await api.send("x", reply_markup={"inline_keyboard": []})
    assert "reply_markup" not in await api.send("x", reply_markup={"remove_keyboard": True})


async def test_a_wrong_token_and_an_unknown_method_are_turned_away(
    server: BotApiServer, api: Api
) -> None:
    for token, expected in (
        ("1000001:wrong", "401 Unauthorized"),
        ("nonsense", "404 Not Found"),
    ):
        answer = await api.client.post(f"{server.bot_url}{token}/getMe")
        assert refusal(answer) == expected
    assert await api.refused("sendPoll", chat_id=DANA) == "404 Not Found"
    assert refusal(await api.raw("sendMessage", content=b"{", headers=_JSON)).startswith("400")
    assert (await api.raw("sendMessage", content=b"x=\xff\x00")).status_code == 400


_JSON = {"Content-Type": "application/json"}
