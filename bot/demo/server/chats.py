"""Chats and the messages in them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any

from bot.demo.server.errors import ApiError, bad_request, forbidden
from bot.demo.server.feed import Feed
from bot.demo.server.params import identifier
from bot.demo.server.people import Person

Json = dict[str, Any]

_ACTION_SECONDS = 5.0


@dataclass(frozen=True)
class Message:
    """A message: what the bot sees of it, and what only the phones know.

    Attributes:
        body: The Bot API's Message.
        outgoing: Written by a person rather than by the bot.
        silent: Delivered without a sound.
        force_reply: The ForceReply that came with it, empty if none.
    """

    body: Json
    outgoing: bool = False
    silent: bool = False
    force_reply: Json = field(default_factory=dict)

    @property
    def message_id(self) -> int:
        """The number of the message."""
        return int(self.body["message_id"])

    @property
    def keyboard(self) -> list[list[Json]]:
        """The inline buttons, row by row."""
        rows: list[list[Json]] = self.body.get("reply_markup", {}).get("inline_keyboard", [])
        return rows

    def on_phone(self) -> Json:
        """The message as the phones get it."""
        extra: Json = {"outgoing": self.outgoing, "silent": self.silent}
        if self.force_reply:
            extra["force_reply"] = self.force_reply
        return self.body | extra


@dataclass
class Chat:
    """A private chat of one person with the bot, or a group.

    Attributes:
        head: The Bot API's Chat.
        members: The people in it.
        started: Whether the bot may write here at all.
        blocked: Whether the person has blocked the bot, or the group has thrown it out.
        migrated_to: The supergroup that this group has become.
        reply_prompt: The message that a person's next text answers by itself.
    """

    head: Json
    members: list[Person]
    started: bool
    blocked: bool = False
    migrated_to: int | None = None
    reply_prompt: int | None = None
    last_read: int = 0
    pinned: list[int] = field(default_factory=list)
    messages: dict[int, Message] = field(default_factory=dict)
    feed: Feed = field(default_factory=Feed)
    action: str = ""
    action_until: float = 0.0

    @property
    def chat_id(self) -> int:
        """The id of the chat."""
        return int(self.head["id"])

    @property
    def is_private(self) -> bool:
        """Whether it is one person's chat."""
        return bool(self.head["type"] == "private")

    def add(self, message: Message) -> Message:
        """Puts a new message into the chat."""
        self.messages[message.message_id] = message
        if message.outgoing:
            self.reply_prompt = None
        else:
            self.action_until = 0.0
            if message.force_reply:
                self.reply_prompt = message.message_id
        self.feed.add("message", {"message": message.on_phone()})
        return message

    def change(self, message: Message, body: Json) -> Message:
        """Replaces what a message says."""
        changed = replace(message, body=body)
        self.messages[message.message_id] = changed
        self.feed.add("edit", {"message": changed.on_phone()})
        return changed

    def remove(self, message_id: int) -> None:
        """Takes a message away on both sides."""
        del self.messages[message_id]
        if self.reply_prompt == message_id:
            self.reply_prompt = None
        self.feed.add("delete", {"message_id": message_id})

    def show_action(self, action: str, now: float) -> None:
        """Shows that the bot is busy; it fades by itself."""
        self.action, self.action_until = action, now + _ACTION_SECONDS
        self.feed.add("action", {"action": action})


class Chats:
    """All chats, by id."""

    def __init__(self, people: list[Person]) -> None:
        self._by_id: dict[int, Chat] = {}
        self.people: dict[int, Person] = {}
        self._message_ids = itertools.count(1)
        for person in people:
            self.add_person(person)

    def add_person(self, person: Person) -> Chat:
        """Gives one more person a phone."""
        self.people[person.user_id] = person
        chat = Chat(person.as_chat(), [person], person.started)
        self._by_id[person.user_id] = chat
        return chat

    def add_group(self, chat_id: int, title: str, members: list[Person]) -> Chat:
        """Makes a group that the bot is in."""
        kind = "supergroup" if chat_id <= -1_000_000_000_000 else "group"
        chat = Chat({"id": chat_id, "type": kind, "title": title}, members, started=True)
        self._by_id[chat_id] = chat
        return chat

    def next_message_id(self) -> int:
        """A message number that was never used."""
        return next(self._message_ids)

    def get(self, chat_id: int) -> Chat | None:
        """A chat as the people see it."""
        return self._by_id.get(chat_id)

    def all(self) -> list[Chat]:
        """Every chat."""
        return list(self._by_id.values())

    def forget(self, chat_id: int) -> None:
        """Makes a chat unknown to the bot and to everybody."""
        self._by_id.pop(chat_id, None)
        self.people.pop(chat_id, None)

    def for_bot(self, chat_id: str) -> Chat:
        """The chat that a call names, if the bot may do something there.

        Raises:
            ApiError: If it may not.
        """
        if not chat_id:
            raise bad_request("chat_id is empty")
        number = identifier(chat_id)
        chat = None if number is None else self._by_id.get(number)
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            raise bad_request(
                "group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to
            )
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if chat.blocked:
            raise _shut_out(chat)
        return chat


def _shut_out(chat: Chat) -> ApiError:
    if chat.is_private:
        return forbidden("bot was blocked by the user")
    return forbidden(f"bot was kicked from the {chat.head['type']} chat")
