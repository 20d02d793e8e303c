"""Commands: what a person can type, and the menu that offers it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from telegram import BotCommand, Update
from telegram.constants import ChatAction

from domain.criteria import Criteria
from domain.people import Member, Right, Role
from handlers import words
from handlers.addresses import pack
from handlers.audit_trail import audit_typed
from handlers.availability import availability
from handlers.balance import balance
from handlers.balance_view import BALANCE, BY_DEPARTMENT
from handlers.call_list import today
from handlers.card import find
from handlers.context import Context
from handlers.corrected import report
from handlers.deliveries import delivery_list
from handlers.department_pick import (
    AVAILABILITY,
    AVAILABILITY_DEPARTMENTS,
    WAITLIST,
    WAITLIST_DEPARTMENTS,
)
from handlers.efficiency import efficiency_screen
from handlers.fairness import fairness
from handlers.heatmap import DEFAULT as HEATMAP_DEFAULT
from handlers.heatmap import heatmap
from handlers.model import model
from handlers.people import everybody
from handlers.screens import Screen
from handlers.settings import settings
from handlers.summary import SUMMARY, is_slow, summary
from handlers.transfers import pending
from handlers.trial import trial
from handlers.typed import of_department, typed_risk
from handlers.waitlist import waiting_list
from storage.flagged import SEX

_NAME_BYTES: Final = 40
"""Of a name that is looked for: a button carries it."""

Handler = Callable[[Update, Context], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Command:
    """A command, what it is for, and what right it takes."""

    name: str
    about: str
    handler: Handler
    right: Right = Right.SEE


async def on_risk(update: Update, context: Context) -> None:
    """`/risk [department] [days]`."""
    await _send(update, context, await typed_risk(context.visit, context.args or []))


async def on_find(update: Update, context: Context) -> None:
    """`/find REF`."""
    await _send(update, context, await find(context.visit, [" ".join(context.args or [])]))


async def on_heatmap(update: Update, context: Context) -> None:
    """`/heatmap`."""
    await context.desk.gateway.busy(context.visit.member.chat_id, ChatAction.UPLOAD_PHOTO)
    await _send(update, context, await heatmap(context.visit, HEATMAP_DEFAULT.split(":")[1:]))


async def on_efficiency(update: Update, context: Context) -> None:
    """`/efficiency`."""
    screen = await efficiency_screen(context.visit, [pack(Criteria()), "0"])
    await _send(update, context, screen)


async def on_pending(update: Update, context: Context) -> None:
    """`/pending`."""
    await _send(update, context, await pending(context.visit, ["0"]))


async def on_waitlist(update: Update, context: Context) -> None:
    """`/waitlist [department]`."""
    await _send(
        update,
        context,
        await of_department(context, waiting_list, WAITLIST, WAITLIST_DEPARTMENTS),
    )


async def on_capacity(update: Update, context: Context) -> None:
    """`/capacity [department]`."""
    await _send(
        update,
        context,
        await of_department(context, availability, AVAILABILITY, AVAILABILITY_DEPARTMENTS),
    )


async def on_balance(update: Update, context: Context) -> None:
    """`/balance [department]`."""
    await context.desk.gateway.busy(context.visit.member.chat_id, ChatAction.UPLOAD_PHOTO)
    await _send(update, context, await of_department(context, balance, BALANCE, BY_DEPARTMENT))


async def on_summary(update: Update, context: Context) -> None:
    """`/summary`."""
    member = context.visit.member
    if is_slow(member, SUMMARY):
        await context.desk.gateway.busy(member.chat_id, ChatAction.UPLOAD_PHOTO)
    await _send(update, context, await summary(context.visit, []))


async def on_people(update: Update, context: Context) -> None:
    """`/people [name]`."""
    typed = " ".join(context.args or [])
    named = "".join(sign for sign in typed if sign.isprintable()).encode()[:_NAME_BYTES]
    arguments = ["0", named.decode(errors="ignore")] if named else ["0"]
    await _send(update, context, await everybody(context.visit, arguments))


async def on_today(update: Update, context: Context) -> None:
    """`/today`."""
    await _send(update, context, (await today(context.visit, ["0"])).screen)


async def on_corrections(update: Update, context: Context) -> None:
    """`/corrections`."""
    await _send(update, context, await report(context.visit, ["90", "0"]))


async def on_settings(update: Update, context: Context) -> None:
    """`/settings`."""
    await _send(update, context, await settings(context.visit, []))


async def on_audit(update: Update, context: Context) -> None:
    """`/audit [day] [reference] [name]`."""
    await _send(update, context, await audit_typed(context.visit, context.args or []))


async def on_deliveries(update: Update, context: Context) -> None:
    """`/deliveries`."""
    await _send(update, context, await delivery_list(context.visit, ["0"]))


async def on_model(update: Update, context: Context) -> None:
    """`/model`."""
    await _send(update, context, await model(context.visit, []))


async def on_fairness(update: Update, context: Context) -> None:
    """`/fairness`."""
    await _send(update, context, await fairness(context.visit, [SEX]))


async def on_trial(update: Update, context: Context) -> None:
    """`/trial`."""
    await _send(update, context, await trial(context.visit, []))


async def on_help(_update: Update, context: Context) -> None:
    """`/help`: the commands that this person has."""
    member = context.visit.member
    lines = [
        words.bold(f"Slotwise for {words.ROLES[member.role]}"),
        "Missed appointments leave clinicians idle while patients wait. "
        "This is where you see which are at risk, and act.",
        "",
        *(f"/{command.name} – {command.about}" for command in commands_of(member)),
        *([_LOADING] if member.may(Right.IMPORT) else []),
        "",
        f"High-risk means {context.desk.house.threshold} or more earlier no-shows, or a place "
        "among the day's most likely ones where a model tells them; "
        "nobody loses a slot because of a score.",
        "",
        "For privacy a patient is only ever a reference such as <code>P-7K3MQD</code> here, and "
        "what is said of patients in this chat, by you too, is deleted after "
        f"{words.hours(context.desk.keep.messages)}. Any list can be asked for again.",
    ]
    await context.desk.gateway.say(member.chat_id, "\n".join(lines))


COMMANDS: Final = (
    Command("risk", "high-risk appointments, most urgent first", on_risk),
    Command("today", "whom to call today, and how it went", on_today, Right.CALL),
    Command("pending", "proposals that wait for a decision", on_pending),
    Command("summary", "the day at a glance", on_summary),
    Command("find", "a patient by reference: /find P-7K3MQD", on_find),
    Command("heatmap", "where no-shows concentrate", on_heatmap),
    Command("efficiency", "how much was acted on and won back", on_efficiency),
    Command("balance", "free slots and whom to offer them to", on_balance, Right.DECIDE),
    Command("waitlist", "who waits for a slot, and for how long", on_waitlist),
    Command("capacity", "how full the sessions are, and what is open", on_capacity),
    Command("corrections", "recorded no-shows that were excused", on_corrections, Right.AUDIT),
    Command("model", "what the no-show chances come from", on_model, Right.AUDIT),
    Command("fairness", "whom the chances single out", on_fairness, Right.AUDIT),
    Command("trial", "whether reminders help", on_trial, Right.DECIDE),
    Command("audit", "who did what: /audit P-7K3MQD", on_audit, Right.AUDIT),
    Command("people", "who may do what, and invitations", on_people, Right.PEOPLE),
    Command("deliveries", "what could not be delivered", on_deliveries, Right.DELIVERIES),
    Command("settings", "when your summary comes, and what else I tell you", on_settings),
    Command("help", "what I can do", on_help),
)
"""All commands, the most used first."""

FIRST: Final = {
    Role.STAFF: ("risk", "today"),
    Role.MANAGER: ("pending", "risk"),
    Role.ADMIN: ("people", "deliveries", "audit"),
}
"""What each role uses most."""

_LOADING: Final = "A CSV file sent here – loads the schedule, a waitlist or sessions"


def commands_of(member: Member) -> list[Command]:
    """The commands that a member's role has, those they use most first."""
    own = {command.name: command for command in COMMANDS if member.may(command.right)}
    first = [own[name] for name in FIRST[member.role]]
    return first + [command for command in own.values() if command not in first]


def menu_of(member: Member) -> list[BotCommand]:
    """The same for Telegram's command menu."""
    return [BotCommand(command.name, command.about) for command in commands_of(member)]


async def _send(_update: Update, context: Context, screen: Screen) -> None:
    await context.desk.gateway.send(context.visit.member, screen)
