"""Noting how a call ended, and undoing that. A slot is given back only after one more question."""

from collections.abc import Sequence
from typing import Final

from domain.calls import CallOutcome
from domain.people import Refused, Right
from handlers import words
from handlers.addresses import NOWHERE, UnknownAddress, join, whole
from handlers.call_history import NOTE, SHORT_OUTCOMES
from handlers.call_list import CALLS, TO_CONFIRM, call_list
from handlers.card import card
from handlers.risk_list import CARD
from handlers.screens import Answer, Screen, Visit, button
from handlers.to_confirm import to_confirm
from storage import calls, risk
from storage.calls import Noted

_LISTS: Final = {CALLS: call_list, TO_CONFIRM: to_confirm}
"""Where one goes on calling once an outcome is noted."""

_OUTCOMES: Final = {letter: outcome for outcome, letter in SHORT_OUTCOMES.items()}


async def give_back(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Ask whether the slot is to be given back: appointment, then the way back of its card."""
    key, back = whole(arguments[0]), ":".join(arguments[1:]) or NOWHERE
    found = await visit.desk.store.read(risk.card, key)
    if found is None:
        raise UnknownAddress(arguments[0])
    if not visit.member.may(Right.CALL, found.department_id):
        raise Refused(Right.CALL, found.row.department)
    when = words.short_moment(found.row.start, visit.desk.house.calendar.zone)
    yes = join(NOTE, key, SHORT_OUTCOMES[CallOutcome.CANCELS], back)
    return Screen(
        f"{words.bold('Give this slot back?')}\n"
        f"{words.bold(found.row.reference)} · {when} · {words.plain(found.row.department)}\n\n"
        "Confirm cancels the appointment. Its slot is offered to waiting patients, once a manager "
        "has authorized that. "
        "Cancel it in the HMO's own system too.",
        [[button("Confirm", yes, "danger"), button("‹ Back", join(CARD, key, back))]],
    )


async def note(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Note an outcome: appointment, outcome, then the way back of the card."""
    key, back = whole(arguments[0]), list(arguments[2:]) or [NOWHERE]
    outcome = _OUTCOMES.get(arguments[1])
    if outcome is None:
        raise UnknownAddress(arguments[1])
    to_list = _LISTS.get(back[0])
    if to_list:  # looked for first: an address that is none does nothing
        await to_list(visit, back[1:])
    noted = await visit.desk.store.write(
        calls.record_call,
        visit.member,
        key,
        outcome,
        visit.desk.clock.now(),
        visit.desk.house.threshold,
    )
    visit.desk.changed.set()
    screen = to_list(visit, back[1:]) if to_list else card(visit, [str(key), *back])
    return Answer(await screen, noted_words(noted))


async def undo(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Undo a call: the call, then the way back of the card."""
    noted = await visit.desk.store.write(
        calls.undo_call, visit.member, whole(arguments[0]), visit.desk.clock.now()
    )
    visit.desk.changed.set()
    screen = await card(visit, [str(noted.appointment_id), *(arguments[1:] or [NOWHERE])])
    return Answer(screen, _barred(noted) or "Undone.")


def noted_words(noted: Noted) -> str:
    """What to say of a noted call in a few words, true also when it came too late."""
    said = _barred(noted) or f"Noted: {words.CALLS[noted.outcome]}."
    if noted.told:
        said += f" Slot given back, {words.count(noted.told, 'manager')} told."
    elif noted.released:
        said += " The slot is free for waiting patients."
    return said


def _barred(noted: Noted) -> str | None:
    return f"Nothing changed: {noted.barrier.value}." if noted.barrier else None
