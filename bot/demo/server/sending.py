"""Methods that put something new into a chat."""

from __future__ import annotations

from typing import Any

from telegram.constants import ChatAction, MessageLimit

from bot.demo.server.chats import Chat, Json, Message
from bot.demo.server.cloud import Cloud
from bot.demo.server.entities import read_formatted
from bot.demo.server.errors import bad_request
from bot.demo.server.files import Kind, StoredFile
from bot.demo.server.keyboards import read_markup
from bot.demo.server.params import Params, identifier
from bot.demo.server.utf16 import units


async def send_message(cloud: Cloud, params: Params) -> Json:
    """`sendMessage`."""
    chat = cloud.chats.for_bot(params.text("chat_id"))
    return _send(cloud, chat, params, read_text(params))


async def send_photo(cloud: Cloud, params: Params) -> Json:
    """`sendPhoto`, from an upload or by the id of a photo already sent."""
    return _send_file(cloud, params, "photo")


async def send_document(cloud: Cloud, params: Params) -> Json:
    """`sendDocument`, from an upload or by the id of a document already sent."""
    return _send_file(cloud, params, "document")


async def send_chat_action(cloud: Cloud, params: Params) -> bool:
    """`sendChatAction`."""
    chat = cloud.chats.for_bot(params.text("chat_id"))
    action = params.text("action")
    if action not in {str(known.value) for known in ChatAction}:
        raise bad_request("wrong parameter action in request")
    chat.show_action(action, cloud.monotonic())
    return True


def read_text(params: Params) -> Json:
    """The text of a message with its entities, as fields of the message.

    Raises:
        ApiError: If it is empty, too long or badly formatted.
    """
    text, entities = read_formatted(params, "text", "entities")
    if units(text) > MessageLimit.MAX_TEXT_LENGTH:
        raise bad_request("message is too long")
    if not text:
        raise bad_request("message text is empty")
    return {"text": text} | ({"entities": entities} if entities else {})


def read_caption(params: Params) -> Json:
    """The caption of a message with its entities, empty if there is none.

    Raises:
        ApiError: If it is too long or badly formatted.
    """
    caption, entities = read_formatted(params, "caption", "caption_entities")
    if units(caption) > MessageLimit.CAPTION_LENGTH:
        raise bad_request("message caption is too long")
    if not caption:
        return {}
    return {"caption": caption} | ({"caption_entities": entities} if entities else {})


def read_file(cloud: Cloud, params: Params, kind: Kind, name: str) -> StoredFile:
    """The file that a parameter uploads or refers to.

    Raises:
        ApiError: If there is none or if Telegram would not take it.
    """
    upload = params.upload(name)
    if upload is not None:
        return cloud.files.keep(kind, upload)
    if not params.text(name):
        raise bad_request(f"there is no {kind} in the request")
    return cloud.files.reuse(kind, params.text(name))


def _send_file(cloud: Cloud, params: Params, kind: Kind) -> Json:
    chat = cloud.chats.for_bot(params.text("chat_id"))
    caption = read_caption(params)
    media = read_file(cloud, params, kind, kind).as_media()
    return _send(cloud, chat, params, media | caption)


def _send(cloud: Cloud, chat: Chat, params: Params, content: Json) -> Json:
    markup = read_markup(params)
    answered = _answered(chat, params.structure("reply_parameters"))
    cloud.meter.take(chat.chat_id, group=not chat.is_private)
    body: Json = {
        "message_id": cloud.chats.next_message_id(),
        "from": cloud.bot.as_user(),
        "chat": chat.head,
        "date": cloud.timestamp(),
        **content,
        **answered,
    }
    if "inline_keyboard" in markup:
        body["reply_markup"] = markup
    if params.flag("protect_content"):
        body["has_protected_content"] = True
    message = Message(
        body,
        silent=params.flag("disable_notification"),
        force_reply=markup if markup.get("force_reply") else {},
    )
    return chat.add(message).body


def _answered(chat: Chat, reply: Any) -> Json:
    """The message that the new one answers, as a field of it."""
    if not isinstance(reply, dict):
        return {}
    message_id = identifier(reply.get("message_id"))
    message = None if message_id is None else chat.messages.get(message_id)
    if message is not None:
        return {"reply_to_message": without_reply(message.body)}
    if reply.get("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")


def without_reply(body: Json) -> Json:
    """A message as it stands inside one that answers it: the chain ends there."""
    return {key: value for key, value in body.items() if key != "reply_to_message"}
