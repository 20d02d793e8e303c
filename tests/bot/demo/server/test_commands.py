"""Command menus and what is said of the bot."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.server import BotApiServer
from tests.bot.demo.server.helpers import AMIR, DANA, NOA, Api


def menu(*names: str) -> list[dict[str, str]]:
    return [{"command": name, "description": name.title()} for name in names]


async def test_the_narrowest_scope_is_shown(server: BotApiServer, api: Api) -> None:
    private = {"type": "all_private_chats"}
    chat = {"type": "chat", "chat_id": AMIR}
    await api.ok("setMyCommands", commands=menu("start"))
    await api.ok("setMyCommands", commands=menu("start", "risk"), scope=private)
    await api.ok("setMyCommands", commands=menu("pending"), scope=chat)
    assert server.person(DANA).commands == menu("start", "risk")
    assert server.person(AMIR).commands == menu("pending")
    assert server.group(-100, members=[DANA]).person(DANA).commands == menu("start")
    assert await api.ok("getMyCommands") == menu("start")
    assert await api.ok("getMyCommands", scope=chat) == menu("pending")

    await api.ok("deleteMyCommands", scope=chat)
    assert server.person(AMIR).commands == menu("start", "risk")


async def test_a_menu_in_a_persons_language_comes_first(server: BotApiServer, api: Api) -> None:
    await api.ok("setMyCommands", commands=menu("risk"))
    await api.ok("setMyCommands", commands=menu("sikun"), language_code="he")
    assert server.person(DANA).commands == menu("risk")
    assert server.person(AMIR).commands == menu("sikun")


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"commands": menu("Risk")}, "BOT_COMMAND_INVALID"),
        ({"commands": menu("x" * 33)}, "BOT_COMMAND_INVALID"),
        ({"commands": menu("")}, "BOT_COMMAND_INVALID"),
        (
            {"commands": [{"command": "a", "description": "x" * 257}]},
            "BOT_COMMAND_DESCRIPTION_INVALID",
        ),
        (
            {"commands": [{"command": "a", "description": ""}]},
            "BOT_COMMAND_DESCRIPTION_INVALID",
        ),
        ({"commands": menu(*["a"] * 101)}, "BOT_COMMANDS_TOO_MUCH"),
        ({"commands": {}}, "expected an Array as commands"),
        ({"commands": ["a"]}, "can't parse BotCommand: expected an Object"),
        (
            {"commands": menu("a"), "scope": {"type": "moon"}},
            "can't parse BotCommandScope: unsupported type specified",
        ),
        ({"commands": menu("a"), "scope": {"type": "chat", "chat_id": 5}}, "chat not found"),
        ({"commands": menu("a"), "scope": {"type": "chat", "chat_id": "@x"}}, "chat not found"),
    ],
)
async def test_menus_that_telegram_refuses_are_refused(
    api: Api, params: dict[str, Any], reason: str
) -> None:
    assert await api.refused("setMyCommands", **params) == f"400 Bad Request: {reason}"


async def test_a_menu_for_somebody_who_never_wrote_is_refused(api: Api) -> None:
    scope = {"type": "chat", "chat_id": NOA}
    refused = await api.refused("setMyCommands", commands=menu("a"), scope=scope)
    assert refused == "403 Forbidden: bot can't initiate conversation with a user"


async def test_the_bot_describes_itself(api: Api) -> None:
    assert await api.ok("setMyDescription", description="x" * 512)
    assert await api.ok("setMyShortDescription", short_description="x" * 120)
    for method, params in (
        ("setMyDescription", {"description": "x" * 513}),
        ("setMyShortDescription", {"short_description": "x" * 121}),
    ):
        assert (await api.refused(method, **params)).endswith("is too long")
    assert await api.ok("logOut") is True
    assert await api.ok("close") is True
    me = await api.ok("getMe")
    assert (me["id"], me["is_bot"], me["username"]) == (1000001, True, "slotwise_bot")
