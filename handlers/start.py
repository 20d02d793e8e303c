"""`/start CODE`: how an invited person becomes a member."""

from collections.abc import Sequence
from typing import Final

from telegram import Update

from domain.people import Member, Role
from handlers import menus, words
from handlers.addresses import join
from handlers.commands import commands_of
from handlers.context import Context
from handlers.guard import turn_away, until
from handlers.people import YOU, role_line, you
from handlers.screens import Answer, Screen, Visit, button
from storage import joining, people, risk
from storage.joining import Ending, Joining, Newcomer

TAKE_ROLE: Final = "takerole"

_WHY_NOT: Final = {
    Ending.REFUSED: "This invitation is unknown, used or expired. Ask your admin for a new one.",
    Ending.YOURS: "You have used this invitation already.",
    Ending.LAST_ADMIN: "This invitation is for a lower role, and you are the last admin: "
    "make somebody else admin first. The invitation was not used.",
}


async def on_start(update: Update, context: Context) -> None:
    """Redeem the code, or greet who is a member already."""
    user, chat = update.effective_user, update.effective_chat
    if user is None or chat is None:
        return
    desk, code = context.desk, " ".join(context.args or [])
    if code:
        newcomer = Newcomer(user.id, chat.id, user.full_name)
        joined = await desk.store.write(joining.redeem, code, newcomer, desk.clock.now())
        desk.changed.set()
        await _tell(context, chat.id, joined)
    elif context.member is None:
        await turn_away(update, context)
    else:
        await _greet(context, context.member)


async def take_role(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Take an invitation although its role is lower: what it is known by."""
    joined = await visit.desk.store.write(
        joining.agree, visit.member, arguments[0], visit.desk.clock.now()
    )
    said = _WHY_NOT.get(joined.ending)
    if said is None:
        visit.desk.changed.set()
        await menus.follow(visit.desk, visit.member.id)
    member = joined.member or visit.member
    return Answer(await you(Visit(visit.desk, member), []), said, alert=said is not None)


async def _tell(context: Context, chat_id: int, joined: Joining) -> None:
    """Say what became of the code."""
    desk, member = context.desk, joined.member
    if joined.ending is Ending.JOINED and member:
        await _greet(context, member)
    elif joined.ending is Ending.LOWER and member and joined.offered:
        await desk.gateway.send(member, _asking(member, joined.offered, joined.mark))
    elif joined.ending is not Ending.IGNORED:
        await desk.gateway.say(chat_id, _WHY_NOT[joined.ending] + until(desk, joined.quiet_until))
        if member:
            await _greet(context, member)


def _asking(member: Member, offered: Role, mark: str) -> Screen:
    """Whether a member wants a lower role."""
    return Screen(
        f"You are {words.bold(member.role.value)}. This invitation would make you "
        f"{words.bold(offered.value)}, who can do less.\nUntil you press Change nothing changes, "
        "and the invitation stays unused.",
        [[button("Change", join(TAKE_ROLE, mark), "danger"), button("Keep", YOU)]],
    )


async def _greet(context: Context, member: Member) -> None:
    desk = context.desk
    await desk.store.write(people.mark_reachable, member.id)
    await menus.follow(desk, member.id)
    names = await desk.store.read(risk.departments)
    await desk.gateway.say(
        member.chat_id,
        f"Welcome, {words.plain(member.name)}. You are {role_line(member, names)}.\n"
        f"Begin with /{commands_of(member)[0].name}, or /help for everything.",
    )
