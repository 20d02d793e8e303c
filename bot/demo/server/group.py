"""A group that the bot is in, with people who speak there."""

from __future__ import annotations

from bot.demo.server.chats import Chat, Json
from bot.demo.server.cloud import Cloud
from bot.demo.server.phone import Phone


class Group:
    """A group that the bot is in."""

    def __init__(self, cloud: Cloud, chat: Chat) -> None:
        self._cloud = cloud
        self.chat = chat

    @property
    def messages(self) -> list[Json]:
        """All messages of the group, oldest first."""
        return [message.on_phone() for message in self.chat.messages.values()]

    def person(self, user_id: int) -> Phone:
        """A member, with the group open on the phone.

        Raises:
            LookupError: If there is no such member.
        """
        for member in self.chat.members:
            if member.user_id == user_id:
                return Phone(self._cloud, member, self.chat)
        raise LookupError(f"{user_id} is not in this group")

    def adds_bot(self) -> None:
        """Tells the bot that it was added, as it is told whatever it may read."""
        bot = self._cloud.bot.as_user()
        notice = {"new_chat_participant": bot, "new_chat_member": bot, "new_chat_members": [bot]}
        self._cloud.updates.put("message", self._service_message(self.chat, notice))

    def becomes_supergroup(self) -> Group:
        """Upgrades the group: it goes on under another id."""
        new_id = self.chat.chat_id - 1_000_000_000_000
        title = str(self.chat.head["title"])
        new = self._cloud.chats.add_group(new_id, title, self.chat.members)
        self.chat.migrated_to = new_id
        for chat, notice in (
            (self.chat, {"migrate_to_chat_id": new_id}),
            (new, {"migrate_from_chat_id": self.chat.chat_id}),
        ):
            self._cloud.updates.put("message", self._service_message(chat, notice))
        return Group(self._cloud, new)

    def _service_message(self, chat: Chat, notice: Json) -> Json:
        return {
            "message_id": self._cloud.chats.next_message_id(),
            "from": chat.members[0].as_user(),
            "chat": chat.head,
            "date": self._cloud.timestamp(),
            **notice,
        }
