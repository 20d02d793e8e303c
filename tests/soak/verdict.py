"""The verdict: is everything that was answered recorded once, and everything due delivered?"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from bot.demo.server import Call
from storage import audit, counters
from storage.tables import AuditEntry, MemberRow, Push
from tests.soak.clinic import Clinic
from tests.soak.crowd import Answer

SENT_AGAIN: Final = "Sent again"
"""How a message begins that may be a repeat."""
EVENTS: Final = {
    "ask": "propose",
    "now": "authorize",
    "yes": "authorize",
    "no": "decline",
    "drop": "withdraw",
}
SAID: Final = {
    "confirm": ("authorize batch", "batch"),
    "undobatch": ("undo batch", "batch"),
    "called": ("call", "appointment"),
    "uncall": ("undo call", "call"),
    "excuse": ("correct", "appointment"),
    "unexcuse": ("undo correction", "appointment"),
}
"""What a button leads to in the audit trail: the event, and what its first argument names."""
DONE: Final = ("Proposed.", "Authorized", "Declined.", "Undone", "Withdrawn.", "Noted:", "Excused.")
"""How an answer begins that claims something was done."""
ONCE: Final = ("propose", "authorize", "decline", "undo")
"""What can happen to one action at most once."""

Deed = tuple[str, int, str]
"""An event, who did it (Telegram id), and about what."""


@dataclass
class Verdict:
    """What the soak has shown.

    Attributes:
        figures: What is worth knowing, by name.
        problems: What must not be; empty if all is well.
    """

    figures: dict[str, int | str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def judge(place: Clinic, answers: Sequence[Answer]) -> Verdict:
    """Compare what people were told with what is kept, and what is due with what arrived."""
    verdict = Verdict()
    place.store.read_now(_decisions, answers, verdict)
    place.store.read_now(_chain, verdict)
    place.store.read_now(_counters, verdict)
    pushes = place.store.read_now(_pushes, verdict)
    _arrivals(place, pushes, verdict)
    _log(place, verdict)
    return verdict


def deed_of(answer: Answer) -> Deed | None:
    """What an answer claims to have been done; `None` if it claims nothing."""
    word, *rest = answer.data.split(":")
    if not answer.words.startswith(DONE):
        return None
    if word == "act":
        verb, key = rest[0], rest[1]
        subject = "appointment" if verb in {"ask", "now"} else "action"
        return EVENTS.get(verb, verb), answer.telegram_id, f"{subject} {key}"
    if word in SAID:
        event, subject = SAID[word]
        return event, answer.telegram_id, f"{subject} {rest[0]}"
    return None


def _decisions(session: Session, answers: Sequence[Answer], verdict: Verdict) -> None:
    told = Counter(deed for answer in answers if (deed := deed_of(answer)))
    rows = session.execute(
        select(AuditEntry, col(MemberRow.telegram_id))
        .join(MemberRow, col(MemberRow.id) == col(AuditEntry.member_id))
        .order_by(col(AuditEntry.id))
    ).all()
    recorded: Counter[Deed] = Counter()
    per_action: Counter[str] = Counter()
    for entry, telegram_id in rows:
        detail = json.loads(entry.detail)
        for subject in _subjects(entry, detail):
            recorded[entry.event, telegram_id, subject] += 1
        if entry.event in ONCE:
            per_action[f"{entry.event} of action {detail['action']}"] += 1
    verdict.figures["answers"] = len(answers)
    verdict.figures["decisions answered"] = sum(told.values())
    verdict.figures["audit rows by people"] = len(rows)
    for deed, number in told.items():
        # The same outcome of a call within a minute is a second press, noted once.
        if recorded[deed] < (1 if deed[0] == "call" else number):
            verdict.problems.append(f"{deed} was answered {number}×, kept {recorded[deed]}×")
    verdict.problems += [f"{what} is kept {n}×" for what, n in per_action.items() if n > 1]


def _subjects(entry: AuditEntry, detail: dict[str, Any]) -> Iterable[str]:
    if "batch" in detail:
        yield f"batch {detail['batch']}"
    if "call" in detail:
        yield f"call {detail['call']}"
    if "action" in detail:
        yield f"action {detail['action']}"
    if entry.appointment_id:
        yield f"appointment {entry.appointment_id}"


def _chain(session: Session, verdict: Verdict) -> None:
    rows = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    verdict.figures["audit rows"] = rows
    problem = audit.verify(session)
    if problem:
        verdict.problems.append(f"audit chain: {problem}")


def _counters(session: Session, verdict: Verdict) -> None:
    verdict.problems += [f"counters: {found}" for found in counters.verify(session)]


def _pushes(session: Session, verdict: Verdict) -> list[tuple[int, Push]]:
    """All pushes with the chat each was for."""
    rows = session.execute(
        select(col(MemberRow.chat_id), Push).join(
            MemberRow, col(MemberRow.id) == col(Push.member_id)
        )
    ).all()
    session.expunge_all()
    by_kind = Counter(push.kind.value for _, push in rows)
    verdict.figures |= {f"pushes: {kind}": number for kind, number in sorted(by_kind.items())}
    for _, push in rows:
        if push.state != "sent":
            verdict.problems.append(f"push {push.key} is {push.state}: {push.problem}")
    return [(chat_id, push) for chat_id, push in rows]


def _arrivals(place: Clinic, pushes: Sequence[tuple[int, Push]], verdict: Verdict) -> None:
    """Each push stands in its chat, and no second time unless that copy says so."""
    due = Counter((chat_id, push.address) for chat_id, push in pushes if push.state == "sent")
    sent: Counter[tuple[int, str]] = Counter()
    marked: Counter[tuple[int, str]] = Counter()
    for call in place.server.calls():
        if call.method in {"sendMessage", "sendPhoto"} and call.code in {200, 0}:
            text = str(call.params.get("text") or call.params.get("caption") or "")
            for address in _leads_to(call):
                sent[call.chat_id or 0, address] += 1
                marked[call.chat_id or 0, address] += text.startswith(SENT_AGAIN)
    repeats = {place: sent[place] - marked[place] - number for place, number in due.items()}
    verdict.figures["pushes sent"] = due.total()
    verdict.figures["repeats, marked"] = sum(marked[place] for place in due)
    verdict.figures["repeats, unmarked"] = sum(n for n in repeats.values() if n > 0)
    for (chat_id, address), more in repeats.items():
        if more > 0:
            verdict.problems.append(f"{address} came {more}× too often, unmarked, to {chat_id}")
        if sent[chat_id, address] < due[chat_id, address]:
            verdict.problems.append(f"{address} came too seldom to {chat_id}")


def _leads_to(call: Call) -> set[str]:
    """The addresses that a message's buttons come back to: of a push its own is among them."""
    keyboard = json.loads(str(call.params.get("reply_markup") or "{}"))
    found: set[str] = set()
    for row in keyboard.get("inline_keyboard", []):
        for button in row:
            words = button.get("callback_data", "").split(":")
            found |= {":".join(words[at:]) for at in range(len(words))}
    return found


def _log(place: Clinic, verdict: Verdict) -> None:
    """Nothing but what dying and coming back explains was logged as an error."""
    lines = [json.loads(line) for line in place.log.read_text().splitlines() if line[:1] == "{"]
    wrong = [line for line in lines if line.get("level") in {"error", "critical"}]
    verdict.figures["log lines"] = len(lines)
    verdict.problems += [f"logged: {line.get('event')}" for line in wrong[:10]]
