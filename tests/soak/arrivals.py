"""The outbox against the chats: each push due has arrived, and each repeat has its reason."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from bot.demo.server import Call
from domain.deliveries import Reason, State
from domain.pushes import PushKind
from handlers.gateway import SENT_AGAIN
from storage.outbox import ALERTS
from storage.tables import MemberRow, Push

BY_WORDS: Final = {
    "you": re.compile(r"You are .*\nChanged "),
    "stranger": re.compile("A stranger keeps trying"),
    "invitation": re.compile("Invitation used"),
}
"""Pushes of which no button leads back to them, by how they begin."""
TAG: Final = re.compile("<[^>]*>")
NOTED_WITHIN: Final = timedelta(seconds=15)
"""Between an arrival and its being noted, on a machine that is busy; also how long a call that was
on its way when the bot died may still arrive."""
NOT_FOR_THEM: Final = frozenset({Reason.NOT_ALLOWED, Reason.GONE})

Where = tuple[int, str]
"""A chat, and what a push there is about."""


@dataclass(frozen=True)
class Mishaps:
    """What can be the reason of a repeat, or of a push that did not arrive.

    Attributes:
        deaths: When a bot was killed.
        slow: From when to when answers came too late for the bot.
        blocked: Chats in which the bot was blocked at some time.
    """

    deaths: Sequence[datetime]
    slow: Sequence[tuple[datetime, datetime]]
    blocked: Collection[int]


@dataclass
class Arrivals:
    """How outbox and chats agree."""

    due: int = 0
    delivered: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    for_safety: int = 0
    problems: list[str] = field(default_factory=list)


def account_for(session: Session, calls: Sequence[Call], mishaps: Mishaps) -> Arrivals:
    """Compare the outbox with what was sent to the chats."""
    found = Arrivals()
    tries: dict[Where, list[Call]] = defaultdict(list)
    arrived = set()
    for call in calls:
        if call.method in {"sendMessage", "sendPhoto"}:
            for subject in _subjects(call):
                tries[call.chat_id or 0, subject].append(call)
            if call.message_id:
                arrived.add((call.chat_id, call.message_id))
    delivered: Counter[Where] = Counter()
    rows = select(Push, col(MemberRow.chat_id)).join(
        MemberRow, col(MemberRow.id) == col(Push.member_id)
    )
    for push, chat_id in session.execute(rows.order_by(col(Push.id))):
        found.due += 1
        if push.state is State.SENT:
            _count_delivered(found, push, (chat_id, push.message_id) in arrived)
            delivered[chat_id, _subject_of(push)] += 1
        else:
            _count_undelivered(found, push, chat_id in mishaps.blocked)
    for where, number in delivered.items():
        _count_repeats(found, where, number, tries[where], mishaps)
    return found


def _count_delivered(found: Arrivals, push: Push, is_there: bool) -> None:
    found.delivered += is_there
    if not is_there:
        found.problems.append(f"push {push.id} ({push.key}) counts as sent and is in no chat")


def _count_undelivered(found: Arrivals, push: Push, was_blocked: bool) -> None:
    """Only what is for them no more, or was for who had blocked the bot, may not have arrived."""
    problem = push.problem or ""
    if push.state is State.FAILED:
        fate = problem.partition(":")[0]
        expected = fate in NOT_FOR_THEM or (was_blocked and fate == Reason.UNREACHABLE)
    else:
        is_replaced = push.kind is PushKind.SUMMARY and "newer" in problem
        expected = push.state is State.DROPPED and (is_replaced or problem.startswith("dropped by"))
        fate = "replaced by a newer one" if is_replaced else "dropped by an admin"
    found.failed[fate] += expected
    if not expected:
        found.problems.append(f"push {push.id} ({push.key}) is {push.state}: {problem}")


def _count_repeats(
    found: Arrivals, where: Where, due: int, tries: Sequence[Call], mishaps: Mishaps
) -> None:
    """Of each push one message says nothing of a repeat; the others say it, and have a reason."""
    plain = 0
    unsettled: list[Call] = []
    for call in tries:
        if call.message_id and _text(call).startswith(SENT_AGAIN):
            reason = _reason(unsettled, mishaps)
            if reason is None:
                told = f"{where[1]} was repeated to {where[0]} at {call.at:%T} for no reason"
                found.problems.append(told)
            elif reason:
                found.repeats[reason] += 1
            else:
                found.for_safety += 1
            unsettled = []
        else:
            plain += call.message_id is not None
        unsettled.append(call)
    if plain > due and where[1] != ALERTS:  # that one is also opened by hand
        found.problems.append(f"{where[1]} came {plain}× unmarked to {where[0]}, due {due}×")


def _reason(tries: Sequence[Call], mishaps: Mishaps) -> str | None:
    """Why a push was repeated; empty if nothing had arrived, `None` if it cannot be told."""
    done = [call for call in tries if call.message_id]
    if not done:
        return ""
    for call in reversed(done):
        if call.code == 0:
            return "its answer was lost"
        if any(began <= call.at <= ended + NOTED_WITHIN for began, ended in mishaps.slow):
            return "its answer came too late"
        if any(abs(call.at - death) <= NOTED_WITHIN for death in mishaps.deaths):
            return "the bot was killed"
    return None


def _subject_of(push: Push) -> str:
    word = push.address.partition(":")[0]
    return word if word in BY_WORDS else push.address


def _subjects(call: Call) -> set[str]:
    """What a message can be about: all that its buttons come back to, and what its words say."""
    keyboard = json.loads(str(call.params.get("reply_markup") or "{}"))
    said = _text(call).removeprefix(SENT_AGAIN).lstrip()
    found = {word for word, beginning in BY_WORDS.items() if beginning.match(said)}
    for row in keyboard.get("inline_keyboard", []):
        for button in row:
            words = button.get("callback_data", "").split(":")
            found |= {":".join(words[at:]) for at in range(len(words))}
    return found


def _text(call: Call) -> str:
    return TAG.sub("", str(call.params.get("text") or call.params.get("caption") or ""))
