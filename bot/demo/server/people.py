"""Who there is: the people with their phones, and the bot itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    """Somebody with a phone.

    Attributes:
        user_id: The Telegram user id, also the id of the private chat with the bot.
        first_name: What the bot sees as the name.
        title: What the demo page writes over the phone.
        subtitle: A second, smaller line there.
        language_code: The language of the person's app.
        started: Whether this person has already written to the bot, so that it may write first.
    """

    user_id: int
    first_name: str
    title: str = ""
    subtitle: str = ""
    language_code: str = "en"
    started: bool = False

    def as_user(self) -> dict[str, Any]:
        """The Bot API's User."""
        return {
            "id": self.user_id,
            "is_bot": False,
            "first_name": self.first_name,
            "language_code": self.language_code,
        }

    def as_chat(self) -> dict[str, Any]:
        """The Bot API's Chat of the private conversation."""
        return {"id": self.user_id, "type": "private", "first_name": self.first_name}


@dataclass
class BotProfile:
    """What is publicly known of the bot."""

    bot_id: int
    first_name: str
    username: str
    description: str = ""
    short_description: str = ""

    def as_user(self) -> dict[str, Any]:
        """The Bot API's User, as it stands in the bot's own messages."""
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": self.first_name,
            "username": self.username,
        }

    def as_me(self) -> dict[str, Any]:
        """The answer of `getMe`: the user and what it may do."""
        return self.as_user() | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
