"""What a card shows of calls: who noted which outcome when, and the buttons that note one."""

from collections.abc import Sequence
from typing import Final

from telegram import InlineKeyboardButton

from domain.calls import CallOutcome, Slot, barrier_of_call, barrier_of_undo
from domain.people import Right
from handlers import words
from handlers.addresses import join
from handlers.screens import Buttons, Visit, button
from storage.calls import CallView
from storage.risk import Card

NOTE: Final = "called"
GIVE_BACK: Final = "giveback"
UNDO: Final = "uncall"

SHOWN: Final = 6
"""Calls that a card tells of at most, the latest."""

SHORT_OUTCOMES: Final = {
    CallOutcome.CONFIRMED: "c",
    CallOutcome.CANCELS: "x",
    CallOutcome.NO_ANSWER: "n",
    CallOutcome.WRONG_NUMBER: "w",
}
"""How an outcome is written in an address, which is short of room."""


def call_lines(
    visit: Visit, found: Card, called: Sequence[CallView], *, filled: bool = False
) -> list[str]:
    """The calls about an appointment, and where the number is while one may be made."""
    told = called[-SHOWN:]
    lines = [_line(visit, call, called) for call in told]
    if len(told) < len(called):
        lines.insert(0, f"{words.count(len(called) - len(told), 'older call')} not shown")
    if _outcomes(visit, found, filled=filled):
        lines.append(
            f"Phone number: look up <code>{found.row.reference}</code> in the HMO's own system"
        )
    return ["", *lines] if lines else []


def _line(visit: Visit, call: CallView, called: Sequence[CallView]) -> str:
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    line = f"{words.CALLS[call.outcome].capitalize()} {words.clock_time(call.at, zone, now)}"
    line += f" by {words.plain(call.by)}"
    if call.undone_at:
        line += f", undone {words.clock_time(call.undone_at, zone, now)}{_undone_by(call, called)}"
    return line


def _undone_by(call: CallView, called: Sequence[CallView]) -> str:
    """Who undid it, as far as that is known.

    Whoever noted another outcome in its place; or else who noted it, since nobody else could. A
    "cancels" may also have been overtaken by the HMO's own system.
    """
    others = [other.by for other in called if other.at == call.undone_at and other.id > call.id]
    if call.outcome is not CallOutcome.CANCELS:
        others.append(call.by)
    return f" by {words.plain(others[0])}" if others else ""


def call_buttons(
    visit: Visit,
    found: Card,
    called: Sequence[CallView],
    back: str,
    *,
    filled: bool = False,
) -> Buttons:
    """A button for each outcome that may be noted now, and Undo for one's own last call.

    Args:
        visit: Who looks.
        found: The card.
        called: The calls about it.
        back: Where to go back to from it.
        filled: Whether another patient has the slot, so that nothing is noted any more.
    """
    outcomes = _outcomes(visit, found, filled=filled)
    buttons = [_outcome_button(found, outcome, back) for outcome in outcomes]
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    now = visit.desk.clock.now()
    mine = [
        call
        for call in called
        if not filled and not barrier_of_undo(call.made, by_id=visit.member.id, now=now)
    ]
    if mine and visit.member.may(Right.CALL, found.department_id):
        label = f"Undo: {words.CALLS[mine[-1].outcome]}"
        rows.append([button(label, join(UNDO, mine[-1].id, back))])
    return rows


def _outcome_button(found: Card, outcome: CallOutcome, back: str) -> InlineKeyboardButton:
    key = found.row.appointment_id
    if outcome is CallOutcome.CANCELS:
        return button("Cancels", join(GIVE_BACK, key, back))
    label = "Confirmed after all" if found.given_back else words.CALLS[outcome].capitalize()
    return button(label, join(NOTE, key, SHORT_OUTCOMES[outcome], back))


def _outcomes(visit: Visit, found: Card, *, filled: bool) -> list[CallOutcome]:
    """What the visitor may note now."""
    if not visit.member.may(Right.CALL, found.department_id):
        return []
    slot = Slot(found.status, found.row.start, found.given_back, filled)
    now = visit.desk.clock.now()
    return [outcome for outcome in CallOutcome if not barrier_of_call(outcome, slot, now)]
