"""Command menus: what Telegram offers a person beside the text field follows their role."""

from handlers.commands import menu_of
from handlers.desk import Desk
from storage import membership


async def follow(desk: Desk, member_id: int) -> None:
    """Set a member's menu to what they may do now; a suspended one has none."""
    found = await desk.store.read(membership.one, member_id)
    commands = [] if found.suspended else menu_of(found.member)
    await desk.gateway.offer(found.member.chat_id, commands)
