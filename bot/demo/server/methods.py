"""Which methods the server knows; anything else is a 404."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.demo.server import account, editing, sending
from bot.demo.server.cloud import Cloud
from bot.demo.server.params import Params

Method = Callable[[Cloud, Params], Awaitable[object]]

METHODS: dict[str, Method] = {
    "answerCallbackQuery": account.answer_callback_query,
    "close": account.leave,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "deleteMyCommands": account.delete_my_commands,
    "deleteWebhook": account.delete_webhook,
    "editMessageCaption": editing.edit_message_caption,
    "editMessageMedia": editing.edit_message_media,
    "editMessageReplyMarkup": editing.edit_message_reply_markup,
    "editMessageText": editing.edit_message_text,
    "getChat": account.get_chat,
    "getFile": account.get_file,
    "getMe": account.get_me,
    "getMyCommands": account.get_my_commands,
    "getUpdates": account.get_updates,
    "getWebhookInfo": account.get_webhook_info,
    "logOut": account.leave,
    "pinChatMessage": editing.pin_chat_message,
    "sendChatAction": sending.send_chat_action,
    "sendDocument": sending.send_document,
    "sendMessage": sending.send_message,
    "sendPhoto": sending.send_photo,
    "setMyCommands": account.set_my_commands,
    "setMyDescription": account.set_my_description,
    "setMyShortDescription": account.set_my_short_description,
    "setWebhook": account.set_webhook,
    "unpinChatMessage": editing.unpin_chat_message,
}

# Telegram takes method names in any case.
BY_LOWER_NAME = {name.lower(): (name, method) for name, method in METHODS.items()}
