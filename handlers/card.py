"""The card of one appointment: history, lead time, what was decided, and what may be done."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session
from telegram import InlineKeyboardButton

from domain.ages import AGE_GROUPS
from domain.days import Calendar
from domain.people import Refused, Right
from domain.references import read_reference
from domain.risk import EXCUSED_MARK, history_strip, is_high_risk, lead_days
from domain.statuses import Status
from domain.transfers import (
    OPEN,
    Barrier,
    Decided,
    Kind,
    State,
    barrier_of_appointment,
    barrier_of_undo,
)
from handlers import words
from handlers.addresses import NOWHERE, UnknownAddress, join, split, whole
from handlers.call_history import call_buttons, call_lines
from handlers.call_list import CALLS, TO_CONFIRM
from handlers.chances import chance_lines, shows_chances, what_it_takes
from handlers.corrections import wrong_record_button
from handlers.risk_list import CARD, list_lines, row_buttons
from handlers.screens import Buttons, Screen, Visit, button
from handlers.slot_story import given_back_line, story_lines
from storage import calls, proposals, risk
from storage.calls import CallView
from storage.efficiency import figures_version
from storage.proposals import ActionView
from storage.risk import Card, RiskRow
from storage.slot_stories import Story, story_of

FIND: Final = "find"
ACT: Final = "act"
WHY: Final = "why"

DECISIONS: Final = 4
"""Closed actions that a card tells of at most, the latest."""

SHORT_KINDS: Final = {Kind.TRANSFER: "t", Kind.PROACTIVE: "c"}
"""How a kind is written in an address, which is short of room."""


async def card(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The card: appointment, then the address to go back to."""
    appointment_id, back = whole(arguments[0]), ":".join(arguments[1:]) or NOWHERE
    read = visit.desk.store.read(_read_card, appointment_id)
    version, found, actions, called, story = await read
    if found is None:
        raise UnknownAddress(arguments[0])
    if not visit.member.may(Right.SEE, found.department_id):
        raise Refused(Right.SEE, found.row.department)
    return Screen(
        text="\n".join(
            [
                *_heading(visit, found, story),
                "",
                *_history(found),
                *await chance_lines(visit, found),
                "",
                *_decisions(visit, found, actions),
                *story_lines(visit, story),
                *call_lines(visit, found, called, filled=story.is_filled),
            ]
        ),
        buttons=_buttons(visit, found, actions, (called, story.is_filled), back),
        address=join(CARD, appointment_id, back),
        department_id=found.department_id,
        version=version,
    )


async def find(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The coming appointments of a patient: the reference, without `P-`."""
    reference = read_reference(arguments[0])
    if reference is None:
        return Screen(
            "A reference looks like <code>P-7K3MQD</code>; each row of /risk has one. "
            "Send it after /find, for example /find P-7K3MQD."
        )
    now = visit.desk.clock.now()
    rows = await visit.desk.store.read(
        risk.coming_of_patient, reference, now, visit.member.departments
    )
    if len(rows) == 1:
        return await card(visit, [str(rows[0].appointment_id), NOWHERE])
    return _found(visit, reference, rows, join(FIND, reference.removeprefix("P-")))


def _found(visit: Visit, reference: str, rows: Sequence[RiskRow], here: str) -> Screen:
    if not rows:
        limited = visit.member.departments
        return Screen(
            f"{words.bold(reference)}: no coming appointment"
            f"{' in your departments' if limited else ''}. Check the reference"
            f"{', or ask somebody who sees more departments' if limited else ''}."
        )
    some = ", the first 8 shown" if len(rows) > 8 else ""
    counted = f"{words.count(len(rows), 'coming appointment')}, soonest first{some}"
    likely = shows_chances(rows[:8])
    lines = [words.bold(reference), counted, words.signs(likely=likely)]
    text = "\n".join(lines) + "\n" + words.block(list_lines(visit, rows[:8]))
    return Screen(text, row_buttons(rows[:8], here), here)


def _read_card(
    session: Session, appointment_id: int
) -> tuple[int, Card | None, list[ActionView], list[CallView], Story]:
    found = risk.card(session, appointment_id)
    version = figures_version(session, found.department_id if found else None)
    actions = proposals.actions_about(session, appointment_id)
    called = calls.calls_about(session, appointment_id)
    return version, found, actions, called, story_of(session, appointment_id)


def _heading(visit: Visit, found: Card, story: Story) -> list[str]:
    calendar = visit.desk.house.calendar
    row = found.row
    when = words.short_moment(row.start, calendar.zone)
    details = [found.clinician, f"{found.duration} min" if found.duration else None]
    lines = [
        f"{words.bold(row.reference)} · {AGE_GROUPS[row.age_group]}"
        f" · {words.plain(row.department)}",
        when + _lead(calendar, found),
    ]
    if any(details):
        lines.append(words.plain(" · ".join(filter(None, details))))
    if found.given_back:
        lines.append(given_back_line(story))
    elif found.status is not Status.BOOKED:
        lines.append(f"Status: {found.status.value}")
    return lines


def _lead(calendar: Calendar, found: Card) -> str:
    if found.booked_at is None:
        return ""
    days = lead_days(calendar.day_of(found.booked_at), calendar.day_of(found.row.start))
    return " · booked the same day" if days == 0 else f" · booked {words.count(days, 'day')} ahead"


def _history(found: Card) -> list[str]:
    missed = words.count(found.row.prior_no_shows, "earlier no-show")
    visits = words.count(len(found.history), "earlier visit")
    strip = history_strip((visit.status, visit.excused) for visit in found.history)
    if not strip:
        return ["No earlier visit with a known outcome"]
    shown = f", the last {len(strip)} shown" if len(strip) < len(found.history) else ""
    excused = f", {EXCUSED_MARK} excused" if EXCUSED_MARK in strip else ""
    return [
        f"{missed} in {visits}{shown}",
        f"<code>{strip}</code>",
        f"✗ did not come, ✓ came{excused}, oldest first",
    ]


def _decisions(visit: Visit, found: Card, actions: Sequence[ActionView]) -> list[str]:
    calm = _barrier(visit, found, Kind.TRANSFER) is Barrier.NOT_HIGH_RISK
    takes = f"that takes {what_it_takes(visit, found)}"
    if not actions:
        return [f"Not high-risk: {takes}" if calm else "Nothing decided yet"]
    told = [action for action in actions if action.state in OPEN or action in actions[-DECISIONS:]]
    lines = [line for action in told for line in action_lines(visit, action)]
    if len(told) < len(actions):
        lines.insert(0, f"{words.count(len(actions) - len(told), 'older action')} not shown")
    if calm:
        lines.append(f"No longer high-risk: {takes}")
    if any(_may_note(visit, action) for action in actions):
        lines.append("Reply to this message to add a note.")
    return lines


def _may_note(visit: Visit, action: ActionView) -> bool:
    mine = action.proposed_by_id == visit.member.id
    return mine and action.state is State.PROPOSED and action.note is None


def action_lines(visit: Visit, action: ActionView) -> list[str]:
    """Who did what when about one action."""
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    kind = words.KINDS[action.kind].capitalize()
    lines = []
    if action.proposed_at:
        when = words.clock_time(action.proposed_at, zone, now)
        note = f": {words.plain(words.quoted(action.note))}" if action.note else ""
        lines.append(
            f"{kind} proposed {when} by {words.plain(action.proposed_by or words.SYSTEM)}{note}"
        )
    if action.decided_at:
        verb = "declined" if action.state is State.DECLINED else "authorized"
        when = words.clock_time(action.decided_at, zone, now)
        reason = f": {words.plain(words.quoted(action.reason))}" if action.reason else ""
        lines.append(f"{kind} {verb} {when} by {words.plain(action.decided_by or '?')}{reason}")
    if action.revoked_at:
        when = words.clock_time(action.revoked_at, zone, now)
        reason = (
            f": {words.plain(action.reason)}" if action.reason and not action.decided_at else ""
        )
        lines.append(f"{kind} {standing(action)} {when}{_by(action)}{reason}")
    return lines


def _by(action: ActionView) -> str:
    """Who revoked it: only who decided can undo, and only who proposed can just withdraw."""
    who = action.decided_by or (None if action.reason else action.proposed_by)
    return f" by {words.plain(who)}" if who else ""


def standing(action: ActionView) -> str:
    """Where an action stands, in a word: what was revoked undecided was withdrawn."""
    withdrawn = action.state is State.REVOKED and action.decided_at is None
    return "withdrawn" if withdrawn else words.STATES[action.state]


def can_undo(visit: Visit, action: ActionView) -> bool:
    """Whether the visitor may still undo this action."""
    if action.state is not State.AUTHORIZED or not visit.member.may(Right.DECIDE):
        return False
    if action.decided_by_id is None or action.decided_at is None:
        return False
    decided = Decided(action.decided_by_id, action.decided_at)
    now, me = visit.desk.clock.now(), visit.member.id
    return not barrier_of_undo(decided, by_id=me, now=now, filled=action.filled)


def _buttons(
    visit: Visit,
    found: Card,
    actions: Sequence[ActionView],
    calls_and_filled: tuple[Sequence[CallView], bool],
    back: str,
) -> Buttons:
    here = join(CARD, found.row.appointment_id, back)
    rows = _deciding(visit, found, actions, here)
    fresh = _beginning(visit, found, actions, back)
    called, filled = calls_and_filled
    outcomes = call_buttons(visit, found, called, back, filled=filled)
    from_call_list = split(back)[0] in {CALLS, TO_CONFIRM}
    rows += [*outcomes, *fresh] if from_call_list else [*fresh, *outcomes]
    rows += [
        [button(f"Withdraw {words.KINDS[action.kind]}", join(ACT, "drop", action.id, here))]
        for action in actions
        if action.state is State.PROPOSED and action.proposed_by_id == visit.member.id
    ]
    rows += [
        [button(f"Undo {words.KINDS[action.kind]}", join(ACT, "undo", action.id, here))]
        for action in actions
        if can_undo(visit, action)
    ]
    way_back = [] if back == NOWHERE else [button("‹ Back", back)]
    wrong = wrong_record_button(visit, found, back)
    return [*rows, *([wrong] if wrong else []), [*way_back, button("Refresh", here)]]


def _deciding(visit: Visit, found: Card, actions: Sequence[ActionView], here: str) -> Buttons:
    """A row for each open proposal, in the order of the text; of two each names its kind."""
    if not visit.member.may(Right.DECIDE, found.department_id):
        return []
    open_ = [action for action in actions if action.state is State.PROPOSED]
    return [
        deciding(action.id, here, f" {words.KINDS[action.kind]}" if len(open_) > 1 else "")
        for action in open_
    ]


def deciding(action_id: int, here: str, what: str = "") -> list[InlineKeyboardButton]:
    """The two buttons under a proposal.

    Args:
        action_id: The proposal.
        here: Where to show what became of it.
        what: Follows the word on each button, where it is to be told from another one's.
    """
    return [
        button(f"Authorize{what}", join(ACT, "yes", action_id, here), "success"),
        button(f"Decline{what}", join(WHY, action_id, here), "danger"),
    ]


def _beginning(visit: Visit, found: Card, actions: Sequence[ActionView], back: str) -> Buttons:
    """Buttons that begin an action of a kind for which it is open and of which none is."""
    taken = {action.kind for action in actions if action.state in OPEN}
    fresh = [kind for kind in Kind if kind not in taken and not _barrier(visit, found, kind)]
    verb, act, style = (
        ("Authorize", "now", "success")
        if visit.member.may(Right.DECIDE, found.department_id)
        else ("Propose", "ask", None)
    )
    if not fresh or not visit.member.may(Right.PROPOSE, found.department_id):
        return []
    return [
        [
            button(
                f"{verb} {words.KINDS[kind]}",
                join(ACT, act, found.row.appointment_id, SHORT_KINDS[kind], back),
                style,
            )
            for kind in fresh
        ]
    ]


def _barrier(visit: Visit, found: Card, kind: Kind) -> Barrier | None:
    return barrier_of_appointment(
        found.status,
        found.row.start,
        high_risk=is_high_risk(
            found.row.prior_no_shows,
            picked=found.row.picked,
            threshold=visit.desk.house.threshold,
        ),
        now=visit.desk.clock.now(),
        free=kind is Kind.TRANSFER and found.given_back,
    )
