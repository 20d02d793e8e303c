"""The account of what messages show: so they are kept true, and deleted when they are old."""

from datetime import datetime

from domain.clock import Clock
from domain.people import Member
from handlers.screens import Screen
from storage import open_messages
from storage.open_messages import Shown
from storage.store import Store


class Account:
    """Notes each message of a chat, and what became of it.

    Args:
        store: Where open messages are noted.
        clock: The time of day.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def shows(self, member: Member, message_id: int, screen: Screen) -> None:
        """A message shows a screen from now on."""
        await self._store.write(
            open_messages.remember, shown_by(member, message_id, screen), self._clock.now()
        )

    async def renewed(self, member: Member, message_id: int, screen: Screen) -> None:
        """A message that nobody touched shows newer figures: it does not become younger by that."""
        await self._store.write(
            open_messages.renewed, shown_by(member, message_id, screen), self._clock.now()
        )

    async def holds(
        self, member: Member, message_id: int, what: str = "", sent_at: datetime | None = None
    ) -> None:
        """A message shows no screen, but may tell of patients.

        Args:
            member: In whose chat.
            message_id: Which message.
            what: Noted in place of an address.
            sent_at: When it was sent, if not now.
        """
        shown = Shown(member.chat_id, message_id, member.id, what, None, None, "")
        await self._store.write(open_messages.remember, shown, sent_at or self._clock.now())

    async def still_shows(self, shown: Shown) -> bool:
        """Whether a message still shows what was read of it: same screen, same version."""
        return await self._store.read(open_messages.still_shown, shown)

    async def let_be(self, chat_id: int, message_id: int) -> None:
        """A message cannot be edited: it is only to be deleted when its time has come."""
        await self._store.write(open_messages.let_be, chat_id, message_id)

    async def forget(self, chat_id: int, message_id: int) -> None:
        """A message is gone."""
        await self._store.write(open_messages.forget, chat_id, message_id)


def shown_by(member: Member, message_id: int, screen: Screen) -> Shown:
    """What a message shows that shows a screen."""
    return Shown(
        member.chat_id,
        message_id,
        member.id,
        screen.address,
        screen.department_id,
        screen.version,
        screen.digest,
    )
