"""Notes what members send: what may tell of a patient is deleted like the bot's own messages."""

from typing import Final

from telegram import Message, Update

from domain.references import holds_reference
from handlers.context import Context

SECOND: Final = -1
"""The handler group: after the guard, before whatever answers."""


async def note_received(update: Update, context: Context) -> None:
    """Note a member's message, unless it is a plain command."""
    message, member = update.message, context.member
    if message and member and _may_tell_of_patients(message):
        await context.desk.gateway.received(member, message)


def _may_tell_of_patients(message: Message) -> bool:
    """A file, a note, a reason and a reference do."""
    text = message.text or ""
    return not text.startswith("/") or holds_reference(text)
