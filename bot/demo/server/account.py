"""Methods about the bot itself: who it is, its menus, its files and how it gets its updates."""

from __future__ import annotations

from telegram.constants import BotDescriptionLimit

from bot.demo.server.callbacks import Toast
from bot.demo.server.chats import Json
from bot.demo.server.cloud import Cloud
from bot.demo.server.commands import Commands, read_commands, read_scope
from bot.demo.server.errors import bad_request
from bot.demo.server.params import Params
from bot.demo.server.updates import Update
from bot.demo.server.webhooks import read_secret, read_webhook_url


async def get_me(cloud: Cloud, params: Params) -> Json:  # noqa: ARG001 - as all methods
    """`getMe`."""
    return cloud.bot.as_me()


async def get_chat(cloud: Cloud, params: Params) -> Json:
    """`getChat`."""
    chat = cloud.chats.for_bot(params.text("chat_id"))
    pinned = [chat.messages[number] for number in chat.pinned if number in chat.messages]
    full = chat.head | {"accent_color_id": 0, "max_reaction_count": 11}
    return full | ({"pinned_message": pinned[-1].body} if pinned else {})


async def get_updates(cloud: Cloud, params: Params) -> list[Update]:
    """`getUpdates`: held until something happens, as long as asked for."""
    if cloud.webhook.url:
        cloud.updates.refuse_for_webhook()
    cloud.updates.allow(params.listing("allowed_updates"))
    return await cloud.updates.poll(
        params.integer("offset"), params.integer("limit", 100), params.integer("timeout")
    )


async def set_webhook(cloud: Cloud, params: Params) -> bool:
    """`setWebhook`; an empty address takes it away."""
    url = params.text("url")
    if not url:
        return await delete_webhook(cloud, params)
    url, secret = read_webhook_url(url), read_secret(params.text("secret_token"))
    cloud.updates.allow(params.listing("allowed_updates"))
    if params.flag("drop_pending_updates"):
        cloud.updates.drop()
    cloud.updates.refuse_poller("terminated by setWebhook request")
    await cloud.webhook.start(url, secret, params.integer("max_connections"))
    return True


async def delete_webhook(cloud: Cloud, params: Params) -> bool:
    """`deleteWebhook`."""
    await cloud.webhook.stop()
    if params.flag("drop_pending_updates"):
        cloud.updates.drop()
    return True


async def get_webhook_info(cloud: Cloud, params: Params) -> Json:  # noqa: ARG001
    """`getWebhookInfo`."""
    return cloud.webhook.info()


async def answer_callback_query(cloud: Cloud, params: Params) -> bool:
    """`answerCallbackQuery`: once per press, and in time."""
    if params.text("url"):
        raise bad_request("URL_INVALID")
    toast = Toast(params.text("text") or None, params.flag("show_alert"))
    cloud.callbacks.answer(params.text("callback_query_id"), toast, cloud.clock.now())
    return True


async def get_file(cloud: Cloud, params: Params) -> Json:
    """`getFile`."""
    file = cloud.files.get(params.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id")
    return file.as_file()


async def set_my_commands(cloud: Cloud, params: Params) -> bool:
    """`setMyCommands`."""
    return _change_menu(cloud, params, read_commands(params.listing("commands")))


async def delete_my_commands(cloud: Cloud, params: Params) -> bool:
    """`deleteMyCommands`."""
    return _change_menu(cloud, params, [])


async def get_my_commands(cloud: Cloud, params: Params) -> Commands:
    """`getMyCommands`: what was set for exactly this scope and language."""
    return cloud.menus.get(read_scope(params.structure("scope"), params.text("language_code")))


async def set_my_description(cloud: Cloud, params: Params) -> bool:
    """`setMyDescription`."""
    cloud.bot.description = _short(
        params, "description", int(BotDescriptionLimit.MAX_DESCRIPTION_LENGTH)
    )
    return True


async def set_my_short_description(cloud: Cloud, params: Params) -> bool:
    """`setMyShortDescription`."""
    most = int(BotDescriptionLimit.MAX_SHORT_DESCRIPTION_LENGTH)
    cloud.bot.short_description = _short(params, "short_description", most)
    return True


async def leave(cloud: Cloud, params: Params) -> bool:  # noqa: ARG001
    """`logOut` and `close`: there is nowhere else to go."""
    return True


def _short(params: Params, name: str, most: int) -> str:
    text = params.text(name)
    if len(text) > most:
        raise bad_request(f"{name} is too long")
    return text


def _change_menu(cloud: Cloud, params: Params, commands: Commands) -> bool:
    key = read_scope(params.structure("scope"), params.text("language_code"))
    if key[1]:
        cloud.chats.for_bot(str(key[1]))
    chats = cloud.chats.all()
    before = [cloud.menus.shown_in(chat) for chat in chats]
    cloud.menus.set(key, commands)
    for chat, shown in zip(chats, before, strict=True):
        now = cloud.menus.shown_in(chat)
        if now != shown:
            chat.feed.add("commands", {"commands": now})
    return True
