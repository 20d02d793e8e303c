"""`/start CODE`: how an invited person becomes a member."""

import contextlib

from telegram import BotCommandScopeChat, Update
from telegram.error import BadRequest

from domain.people import Member
from handlers import words
from handlers.commands import menu_of
from handlers.context import Context
from handlers.guard import STRANGER
from storage import people, risk
from storage.people import Newcomer


async def on_start(update: Update, context: Context) -> None:
    """Redeem the code, or greet who is a member already."""
    user, chat = update.effective_user, update.effective_chat
    if user is None or chat is None:
        return
    desk, code = context.desk, " ".join(context.args or [])
    member = context.member
    if code:
        newcomer = Newcomer(user.id, chat.id, user.full_name)
        joined = await desk.store.write(people.redeem, code, newcomer, desk.clock.now())
        if joined is None and member is None:
            await desk.gateway.say(
                chat.id,
                "This invitation is unknown, used or expired. Ask your admin for a new one.",
            )
            return
        member = joined or member
    if member is None:
        await desk.gateway.say(chat.id, STRANGER)
        return
    await set_menu(context, member)
    await _greet(context, member)


async def set_menu(context: Context, member: Member) -> None:
    """Offer a member the commands of their role."""
    with contextlib.suppress(BadRequest):
        await context.bot.set_my_commands(
            menu_of(member), scope=BotCommandScopeChat(member.chat_id)
        )


async def _greet(context: Context, member: Member) -> None:
    names = await context.desk.store.read(risk.departments)
    where = ", ".join(sorted(names[key] for key in member.departments)) or "all departments"
    first = "/pending" if member.role.value == "manager" else "/risk"
    await context.desk.gateway.say(
        member.chat_id,
        f"Welcome, {words.plain(member.name)}. You are {words.bold(member.role.value)} "
        f"for {words.plain(where)}.\n"
        f"Begin with {first}, or /help for everything.",
    )
