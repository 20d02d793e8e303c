"""What a person does with a phone: writes, presses, sends files, reads, and waits to see."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from telegram.constants import MessageLimit

from bot.demo.server.callbacks import Toast
from bot.demo.server.chats import Chat, Json, Message
from bot.demo.server.cloud import Cloud
from bot.demo.server.entities import found_entities
from bot.demo.server.params import Upload
from bot.demo.server.people import Person
from bot.demo.server.sending import without_reply
from bot.demo.server.utf16 import units

PATIENCE: Final = 120.0
"""Seconds to wait at most for what surely comes: only a hang takes so long, no slow machine."""

Look = str | Callable[[Json], bool]

_LATEST_PROMPT = object()  # "answer what the bot asked last, as an app does by itself"


class Phone:
    """One person in one chat.

    Args:
        cloud: The Telegram that the phone is connected to.
        person: Whose phone it is.
        chat: The chat that is open.
    """

    def __init__(self, cloud: Cloud, person: Person, chat: Chat) -> None:
        self._cloud = cloud
        self.person = person
        self.chat = chat

    @property
    def messages(self) -> list[Json]:
        """All messages of the chat as the phone shows them, oldest first."""
        return [message.on_phone() for message in self.chat.messages.values()]

    @property
    def commands(self) -> list[dict[str, str]]:
        """The command menu."""
        return self._cloud.menus.shown_in(self.chat)

    @property
    def is_typing(self) -> bool:
        """Whether the bot is shown to be busy."""
        return self._cloud.monotonic() < self.chat.action_until

    async def says(self, text: str, reply_to: object = _LATEST_PROMPT) -> int:
        """Writes a message.

        Args:
            text: What to write.
            reply_to: The number of the message it answers, `None` for none; by default the
                bot's open request for an answer (ForceReply), if there is one.

        Returns:
            The number of the new message.

        Raises:
            ValueError: If the text is empty or too long for one message.
            LookupError: If the message to answer is not there.
        """
        text = text.strip()
        if not 1 <= units(text) <= MessageLimit.MAX_TEXT_LENGTH:
            raise ValueError("a message has 1 to 4096 characters")
        entities = found_entities(text)
        return self._send({"text": text} | ({"entities": entities} if entities else {}), reply_to)

    async def uploads(self, name: str, content: bytes, caption: str = "") -> int:
        """Sends a file; returns the number of the new message.

        Raises:
            ApiError: If Telegram would not take the file.
        """
        upload = Upload(name, content, "application/octet-stream")
        media = self._cloud.files.keep("document", upload).as_media()
        return self._send(media | ({"caption": caption} if caption else {}), _LATEST_PROMPT)

    async def presses(self, message: int | Mapping[str, Any], button: str) -> str:
        """Presses an inline button.

        Args:
            message: The message as the person sees it, perhaps outdated meanwhile, or its number.
            button: The words on the button, or its callback data.

        Returns:
            The id of the callback query.

        Raises:
            LookupError: If there is no such message or button.
        """
        seen = message if isinstance(message, Mapping) else self._message(message).body
        rows = seen.get("reply_markup", {}).get("inline_keyboard", [])
        buttons = [found for row in rows for found in row if "callback_data" in found]
        for found in buttons:
            if button in (found["text"], found["callback_data"]):
                return self._press(self._message(seen["message_id"]), found["callback_data"])
        there = ", ".join(repr(found["text"]) for found in buttons) or "no buttons"
        raise LookupError(f"no button {button!r}; there: {there}")

    async def reads(self, message_id: int) -> None:
        """Has seen everything up to a message."""
        self.chat.last_read = max(self.chat.last_read, message_id)

    async def sees(self, what: Look, within: float = PATIENCE, since: int = 0) -> Json:
        """Waits until a message of the bot shows something; returns the newest that does.

        Args:
            what: A part of the text or caption, or a condition on the message.
            within: Seconds to wait at most.
            since: Only messages that came or changed after this event count; see `now`.

        Raises:
            AssertionError: If it did not come.
        """
        deadline = time.monotonic() + within
        while (message := self._look(what, since)) is None:
            left = deadline - time.monotonic()
            if left <= 0 or not await self.chat.feed.bell.wait(left):
                raise AssertionError(f"{self.person.first_name} {self._instead(what)}")
        return message

    async def toast(self, query_id: str, within: float = PATIENCE) -> Toast:
        """Waits for the answer to a press.

        Raises:
            AssertionError: If it did not come in time.
        """
        deadline = time.monotonic() + within
        while True:
            press = self._cloud.callbacks.get(query_id)
            if press is not None and press.toast is not None:
                return press.toast
            left = deadline - time.monotonic()
            if left <= 0 or not await self._cloud.callbacks.bell.wait(left):
                raise AssertionError(f"press {query_id} was not answered")

    def now(self) -> int:
        """The number of the last thing that happened in this chat, for `sees(since=…)`."""
        return self.chat.feed.seq

    def blocks(self) -> None:
        """Blocks the bot, or throws it out of the group."""
        self._set_blocked(True)

    def unblocks(self) -> None:
        """Lets the bot in again."""
        self._set_blocked(False)

    def _message(self, message_id: int) -> Message:
        try:
            return self.chat.messages[message_id]
        except KeyError:
            raise LookupError(f"no message {message_id}") from None

    def _send(self, content: Json, reply_to: object) -> int:
        chat = self.chat
        chat.started = True
        answered = self._answered(reply_to)
        body = {
            "message_id": self._cloud.chats.next_message_id(),
            "from": self.person.as_user(),
            "chat": chat.head,
            "date": self._cloud.timestamp(),
            **answered,
            **content,
        }
        message = chat.add(Message(body, outgoing=True))
        if self._reaches_bot(body):
            self._cloud.updates.put("message", body)
        return message.message_id

    def _answered(self, reply_to: object) -> Json:
        number = self.chat.reply_prompt if reply_to is _LATEST_PROMPT else reply_to
        if number is None:
            return {}
        if not isinstance(number, int):
            raise LookupError("reply_to is the number of a message")
        return {"reply_to_message": without_reply(self._message(number).body)}

    def _reaches_bot(self, body: Json) -> bool:
        """In a group a bot only hears commands and answers to itself."""
        if self.chat.blocked:
            return False
        to_bot = body.get("reply_to_message", {}).get("from", {}).get("is_bot", False)
        return self.chat.is_private or to_bot or body.get("text", "").startswith("/")

    def _press(self, message: Message, data: str) -> str:
        press = self._cloud.callbacks.open(self.chat, self._cloud.clock.now())
        query = {
            "id": press.query_id,
            "from": self.person.as_user(),
            "message": message.body,
            "chat_instance": str(self.chat.chat_id),
            "data": data,
        }
        self._cloud.updates.put("callback_query", query)
        pressed = {"message_id": message.message_id, "data": data}
        self.chat.feed.add("pressed", pressed | {"callback_query_id": press.query_id})
        return press.query_id

    def _look(self, what: Look, since: int) -> Json | None:
        fresh = {
            event.data["message"]["message_id"]
            for event in self.chat.feed.after(since)
            if since and event.kind in ("message", "edit")
        }
        for message in reversed(self.chat.messages.values()):
            candidate = not message.outgoing and (not since or message.message_id in fresh)
            if candidate and _shows(message.on_phone(), what):
                return message.on_phone()
        return None

    def _instead(self, what: Look) -> str:
        texts = [_words(message) for message in self.messages[-3:]]
        wanted = repr(what) if isinstance(what, str) else "what was looked for"
        return f"did not see {wanted}; the last messages: {texts}"

    def _set_blocked(self, blocked: bool) -> None:
        before, self.chat.blocked = self.chat.blocked, blocked
        if before == blocked:
            return
        old, new = (_standing(self._cloud, self.chat, out) for out in (before, blocked))
        change = {
            "chat": self.chat.head,
            "from": self.person.as_user(),
            "date": self._cloud.timestamp(),
            "old_chat_member": old,
            "new_chat_member": new,
        }
        self._cloud.updates.put("my_chat_member", change)


def phone_of(cloud: Cloud, user_id: int) -> Phone:
    """The phone of a person, with the bot's chat open.

    Raises:
        LookupError: If there is no such person.
    """
    person, chat = cloud.chats.people.get(user_id), cloud.chats.get(user_id)
    if person is None or chat is None:
        raise LookupError(f"no such person: {user_id}")
    return Phone(cloud, person, chat)


def _standing(cloud: Cloud, chat: Chat, blocked: bool) -> Json:
    """The bot as a member of the chat, as `my_chat_member` tells it."""
    standing: Json = {"user": cloud.bot.as_user(), "status": "member"}
    if not blocked:
        return standing
    if chat.is_private:
        return standing | {"status": "kicked", "until_date": 0}
    return standing | {"status": "left"}


def _words(message: Json) -> str:
    return str(message.get("text", message.get("caption", "")))


def _shows(message: Json, what: Look) -> bool:
    return what in _words(message) if isinstance(what, str) else what(message)
