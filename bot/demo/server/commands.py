"""Command menus: set per scope and language, looked up per chat as Telegram does."""

from __future__ import annotations

import re
from typing import Any

from telegram.constants import BotCommandLimit, BotCommandScopeType

from bot.demo.server.chats import Chat
from bot.demo.server.errors import bad_request
from bot.demo.server.params import identifier

Commands = list[dict[str, str]]
Key = tuple[str, int, int, str]  # scope, chat, user, language

_NAME = re.compile(rf"[a-z0-9_]{{1,{int(BotCommandLimit.MAX_COMMAND)}}}")
_OF_CHAT = {
    BotCommandScopeType.CHAT,
    BotCommandScopeType.CHAT_ADMINISTRATORS,
    BotCommandScopeType.CHAT_MEMBER,
}


def read_commands(listing: list[Any] | None) -> Commands:
    """Checks a list of commands.

    Raises:
        ApiError: If Telegram would refuse it.
    """
    commands = listing or []
    if len(commands) > BotCommandLimit.MAX_COMMAND_NUMBER:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_read_command(command) for command in commands]


def _read_command(command: Any) -> dict[str, str]:
    if not isinstance(command, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name = str(command.get("command", "")).removeprefix("/")
    description = str(command.get("description", ""))
    if not _NAME.fullmatch(name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= BotCommandLimit.MAX_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def read_scope(scope: Any, language: str) -> Key:
    """Checks a command scope and makes a key of it.

    Raises:
        ApiError: If there is no such scope.
    """
    if scope is None:
        return (BotCommandScopeType.DEFAULT.value, 0, 0, language)
    kind = str(scope.get("type")) if isinstance(scope, dict) else ""
    if kind not in {str(known.value) for known in BotCommandScopeType}:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    chat_id = identifier(scope.get("chat_id")) if kind in _OF_CHAT else 0
    user_id = identifier(scope.get("user_id")) if kind == BotCommandScopeType.CHAT_MEMBER else 0
    if chat_id is None or user_id is None:
        raise bad_request("chat not found")
    return (kind, chat_id, user_id, language)


class Menus:
    """All command menus."""

    def __init__(self) -> None:
        self._menus: dict[Key, Commands] = {}

    def get(self, key: Key) -> Commands:
        """The menu set for exactly this scope and language."""
        return self._menus.get(key, [])

    def set(self, key: Key, commands: Commands) -> None:
        """Sets a menu; an empty one takes it away."""
        if commands:
            self._menus[key] = commands
        else:
            self._menus.pop(key, None)

    def shown_in(self, chat: Chat) -> Commands:
        """The menu that a chat shows: the narrowest scope wins."""
        everywhere = "all_private_chats" if chat.is_private else "all_group_chats"
        spoken = chat.members[0].language_code if chat.is_private else ""
        for scope, chat_id in (("chat", chat.chat_id), (everywhere, 0), ("default", 0)):
            for language in (spoken, ""):
                if menu := self._menus.get((scope, chat_id, 0, language)):
                    return menu
        return []
