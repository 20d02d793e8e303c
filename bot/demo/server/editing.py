"""Methods that change, remove or pin a message which is already there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from telegram.constants import BulkRequestLimit

from bot.demo.server.chats import Chat, Json, Message
from bot.demo.server.cloud import Cloud
from bot.demo.server.errors import bad_request
from bot.demo.server.keyboards import read_inline
from bot.demo.server.params import Params, identifier
from bot.demo.server.sending import read_caption, read_file, read_text

_DELETABLE = timedelta(hours=48)
_CONTENT = ("text", "entities", "photo", "document", "caption", "caption_entities", "reply_markup")
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


async def edit_message_text(cloud: Cloud, params: Params) -> Json:
    """`editMessageText`."""
    chat, message = _to_edit(cloud, params)
    content = read_text(params)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    return _edit(cloud, chat, message, content | _markup(params))


async def edit_message_caption(cloud: Cloud, params: Params) -> Json:
    """`editMessageCaption`; no caption takes it away."""
    chat, message = _to_edit(cloud, params)
    content = read_caption(params)
    if "text" in message.body:
        raise bad_request("there is no caption in the message to edit")
    kept = _kept(message, "photo", "document")
    return _edit(cloud, chat, message, kept | content | _markup(params))


async def edit_message_media(cloud: Cloud, params: Params) -> Json:
    """`editMessageMedia`: another photo or document in the same message."""
    chat, message = _to_edit(cloud, params)
    media = params.structure("media")
    if not isinstance(media, dict):
        raise bad_request("media must be a JSON object")
    kind = media.get("type")
    if kind not in ("photo", "document"):
        raise bad_request("can't parse InputMedia: unsupported media type specified")
    inner = Params(media, params.files)
    content = read_caption(inner)
    content |= read_file(cloud, inner, kind, "media").as_media()
    return _edit(cloud, chat, message, content | _markup(params))


async def edit_message_reply_markup(cloud: Cloud, params: Params) -> Json:
    """`editMessageReplyMarkup`; no markup takes the buttons away."""
    chat, message = _to_edit(cloud, params)
    kept = {key: message.body[key] for key in _CONTENT if key in message.body}
    kept.pop("reply_markup", None)
    return _edit(cloud, chat, message, kept | _markup(params))


async def delete_message(cloud: Cloud, params: Params) -> bool:
    """`deleteMessage`."""
    chat = cloud.chats.for_bot(params.text("chat_id"))
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    _check_deletable(cloud, chat, message)
    chat.remove(message.message_id)
    return True


async def delete_messages(cloud: Cloud, params: Params) -> bool:
    """`deleteMessages`; those that are not there are skipped."""
    chat = cloud.chats.for_bot(params.text("chat_id"))
    numbers = params.listing("message_ids") or []
    least, most = int(BulkRequestLimit.MIN_LIMIT), int(BulkRequestLimit.MAX_LIMIT)
    if not least <= len(numbers) <= most:
        raise bad_request(f"expected from {least} to {most} message identifiers")
    known = (chat.messages.get(identifier(number) or 0) for number in numbers)
    found = [message for message in known if message is not None]
    for message in found:
        _check_deletable(cloud, chat, message)
    for message in found:
        chat.remove(message.message_id)
    return True


async def pin_chat_message(cloud: Cloud, params: Params) -> bool:
    """`pinChatMessage`."""
    chat = cloud.chats.for_bot(params.text("chat_id"))
    message_id = params.integer("message_id")
    if message_id not in chat.messages:
        raise bad_request("message to pin not found")
    chat.pinned = [number for number in chat.pinned if number != message_id] + [message_id]
    return True


async def unpin_chat_message(cloud: Cloud, params: Params) -> bool:
    """`unpinChatMessage`: the given one, or the latest."""
    chat = cloud.chats.for_bot(params.text("chat_id"))
    message_id = params.integer("message_id", chat.pinned[-1] if chat.pinned else 0)
    if message_id not in chat.pinned:
        raise bad_request("message to unpin not found")
    chat.pinned.remove(message_id)
    return True


def _to_edit(cloud: Cloud, params: Params) -> tuple[Chat, Message]:
    chat = cloud.chats.for_bot(params.text("chat_id"))
    message = chat.messages.get(params.integer("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.outgoing:
        raise bad_request("message can't be edited")
    return chat, message


def _markup(params: Params) -> Json:
    markup = read_inline(params)
    return {"reply_markup": markup} if markup else {}


def _kept(message: Message, *names: str) -> Json:
    return {name: message.body[name] for name in names if name in message.body}


def _edit(cloud: Cloud, chat: Chat, message: Message, content: Json) -> Json:
    """Puts new content into a message, unless it is the very same."""
    cloud.meter.take(chat.chat_id, group=not chat.is_private)
    before = _kept(message, *_CONTENT)
    if content == before:
        raise bad_request(_NOT_MODIFIED)
    rest: dict[str, Any] = {k: v for k, v in message.body.items() if k not in _CONTENT}
    return chat.change(message, rest | content | {"edit_date": cloud.timestamp()}).body


def _check_deletable(cloud: Cloud, chat: Chat, message: Message) -> None:
    if message.outgoing and not chat.is_private:
        raise bad_request("message can't be deleted")
    age = cloud.clock.now() - datetime.fromtimestamp(message.body["date"], UTC)
    if age > _DELETABLE:
        raise bad_request("message can't be deleted for everyone")
