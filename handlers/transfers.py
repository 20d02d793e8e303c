"""Transfers: what waits for a decision, what is pushed about it, and the presses that decide."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.ages import AGE_GROUPS
from domain.criteria import Criteria
from domain.days import WINDOWS
from domain.efficiency import Efficiency
from domain.people import Refused, Right
from domain.transfers import Barrier, Kind, State
from handlers import words
from handlers.addresses import UnknownAddress, join, split, whole
from handlers.card import ACT, SHORT_KINDS, WHY, action_lines, can_undo, card, deciding, standing
from handlers.chances import chance_part, shows_chances
from handlers.paging import Pages, pager
from handlers.risk_list import (
    CARD,
    batch_button,
    row_button,
    row_line,
    selected,
)
from handlers.screens import Answer, Buttons, Screen, ScreenMaker, Visit, button
from storage import actions, proposals, risk
from storage.actions import PUSHED_DECISION, PUSHED_PROPOSAL, Outcome
from storage.efficiency import efficiency, figures_version
from storage.proposals import ActionView, Waiting
from storage.risk import Card

PENDING: Final = "pending"
PAGE: Final = 6
REASONS: Final = ("patient confirmed", "slot is needed", "already called", "not now")

_KINDS: Final = {letter: kind for kind, letter in SHORT_KINDS.items()}


async def pending(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What waits for a decision in the visitor's departments: page."""
    page = whole(arguments[0])
    version, waiting, figure = await visit.desk.store.read(_read_pending, visit, page * PAGE)
    if page and not waiting.rows and waiting.total:
        return await pending(visit, ["0"])
    here = join(PENDING, page)
    pages = Pages(page, waiting.total, PAGE)
    return Screen(
        text=_pending_text(visit, waiting, pages, figure),
        buttons=_pending_buttons(visit, waiting, pages, here),
        address=here,
        version=version,
    )


async def proposal(visit: Visit, arguments: Sequence[str]) -> Screen:
    """One proposal as managers get it, and what became of it: the action."""
    return await _about_action(visit, whole(arguments[0]), PUSHED_PROPOSAL)


async def told(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The decision as the proposer gets it: the action."""
    return await _about_action(visit, whole(arguments[0]), PUSHED_DECISION)


async def why(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Reasons to decline with: the action, then where to show the outcome."""
    action_id, here = whole(arguments[0]), ":".join(arguments[1:])
    _maker(here)
    version, action, about = await visit.desk.store.read(_read_action, action_id)
    if action is None or about is None:
        raise UnknownAddress(arguments[0])
    visit.member.require(Right.DECIDE, about.department_id)
    rows: Buttons = [[button("‹ Back", here)]]
    if action.state is not State.PROPOSED:
        text = "\n".join(_action_text(visit, action, about))
        return Screen(text, rows, join(WHY, action_id, here), about.department_id, version)
    choices = [
        button(reason.capitalize(), join(ACT, "no", action_id, at, here))
        for at, reason in enumerate(REASONS)
    ]
    return Screen(
        f"{words.bold(f'Decline the {words.KINDS[action.kind]}: for what reason?')}\n"
        f"{words.bold(about.row.reference)} · {words.plain(about.row.department)}\n"
        "The reason is shown to who proposed it. "
        "To give another one, reply to this message with a few words.",
        [choices[:2], choices[2:], *rows],
        join(WHY, action_id, here),
        about.department_id,
        version,
    )


async def act(visit: Visit, arguments: Sequence[str]) -> Answer:
    """A press that decides: what to do, on what, where to show the outcome."""
    verb, key, rest = arguments[0], whole(arguments[1]), list(arguments[2:])
    begins = verb in {"ask", "now"}
    here = join(CARD, key, *rest[1:]) if begins else ":".join(rest[verb == "no" :])
    make, where = _maker(here)  # looked for first: an address that is none does nothing
    if begins:
        kind = _KINDS.get(rest[0])
        if kind is None:
            raise UnknownAddress(rest[0])
        outcome = await _begin(visit, verb, key, kind)
    elif verb == "no":
        outcome = await _decline(visit, key, REASONS[whole(rest[0]) % len(REASONS)])
    else:
        outcome = await _decide(visit, verb, key)
    visit.desk.changed.set()
    return Answer(await make(visit, where), outcome_words(visit, verb, outcome))


async def decline_typed(visit: Visit, action_id: int, reason: str) -> str:
    """Decline with a reason of one's own; the words to answer with."""
    outcome = await _decline(visit, action_id, reason)
    visit.desk.changed.set()
    return outcome_words(visit, "no", outcome)


def outcome_words(visit: Visit, verb: str, outcome: Outcome) -> str:
    """What to say of an act in a few words, true also when it came too late."""
    done = {
        "ask": f"Proposed. {words.count(outcome.told, 'manager')} told."
        if outcome.told
        else "Proposed. It waits in /pending until the department has a manager.",
        "now": "Authorized.",
        "yes": "Authorized.",
        "no": "Declined.",
        "drop": "Withdrawn.",
        "undo": "Undone.",
    }[verb]
    if outcome.barrier is None:
        return done
    action = outcome.action
    if outcome.barrier is not Barrier.ALREADY or action is None:
        return f"Nothing changed: {outcome.barrier.value}."
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    at = action.revoked_at or action.decided_at or action.proposed_at
    who = action.decided_by or action.proposed_by or "somebody"
    when = words.clock_time(at, zone, now) if at else ""
    return f"Nothing changed: already {standing(action)} {when} by {who}."


async def _begin(visit: Visit, verb: str, appointment_id: int, kind: Kind) -> Outcome:
    work = actions.propose if verb == "ask" else actions.authorize_directly
    return await visit.desk.store.write(
        work,
        visit.member,
        appointment_id,
        kind,
        visit.desk.clock.now(),
        visit.desk.house.threshold,
    )


async def _decide(visit: Visit, verb: str, action_id: int) -> Outcome:
    now, store = visit.desk.clock.now(), visit.desk.store
    if verb == "yes":
        threshold = visit.desk.house.threshold
        return await store.write(actions.authorize, visit.member, action_id, now, threshold)
    if verb == "drop":
        return await store.write(actions.withdraw, visit.member, action_id, now)
    if verb == "undo":
        return await store.write(actions.undo, visit.member, action_id, now)
    raise UnknownAddress(verb)


async def _decline(visit: Visit, action_id: int, reason: str) -> Outcome:
    now = visit.desk.clock.now()
    return await visit.desk.store.write(actions.decline, visit.member, action_id, now, reason)


def _maker(here: str) -> tuple[ScreenMaker, list[str]]:
    """What makes the screen on which an outcome is shown, and its arguments."""
    makers: dict[str, ScreenMaker] = {
        CARD: card,
        PENDING: pending,
        PUSHED_PROPOSAL: proposal,
        PUSHED_DECISION: told,
    }
    word, arguments = split(here)
    if word not in makers or not arguments:
        raise UnknownAddress(here)
    whole(arguments[0])
    return makers[word], arguments


def _read_pending(session: Session, visit: Visit, offset: int) -> tuple[int, Waiting, Efficiency]:
    now = visit.desk.clock.now()
    version = figures_version(session, None)
    waiting = proposals.waiting(session, visit.member, now, offset, PAGE)
    return version, waiting, efficiency(session, selected(visit, Criteria(max(WINDOWS))))


def _pending_text(visit: Visit, waiting: Waiting, pages: Pages, figure: Efficiency) -> str:
    lines = [
        words.bold(f"{words.proposals(waiting.total, waiting.appointments)} waiting"),
        f"{words.gain(figure)}, {words.window(max(WINDOWS))}",
        "",
    ]
    if not waiting.rows:
        lines.append("Nothing waits. What staff propose on the risk list appears here.")
        return "\n".join(lines)
    likely = shows_chances([row for _, row in waiting.rows])
    lines.append(f"Oldest first{pages.part}; {words.signs(likely=likely)}")
    block = []
    for place, (action, row) in enumerate(waiting.rows, pages.first):
        block.append(row_line(visit, place, row))
        rest = f" · {AGE_GROUPS[row.age_group]} · {words.KINDS[action.kind]}"
        block.append(f"  {words.cut(row.department, words.WIDTH - 2 - len(rest))}{rest}")
        block.append(
            f"  {words.cut('by ' + (action.proposed_by or words.SYSTEM), words.WIDTH - 2)}"
        )
        if action.note:
            block.append(f"  {words.cut(words.quoted(action.note), words.WIDTH - 2)}")
    return "\n".join(lines) + "\n" + words.block(block)


def _pending_buttons(visit: Visit, waiting: Waiting, pages: Pages, here: str) -> Buttons:
    rows: Buttons = []
    for place, (action, row) in enumerate(waiting.rows, pages.first):
        line = [row_button(place, row, here)]
        if visit.member.may(Right.DECIDE):
            line.append(button("Authorize", join(ACT, "yes", action.id, here), "success"))
            line.append(button("Decline", join(WHY, action.id, here), "danger"))
        rows.append(line)
    rows += pager(pages, lambda to: join(PENDING, to))
    if waiting.total and visit.member.may(Right.DECIDE):
        rows.append([batch_button(waiting.appointments, here)])
    rows.append([button("Refresh", here)])
    return rows


async def _about_action(visit: Visit, action_id: int, word: str) -> Screen:
    version, action, about = await visit.desk.store.read(_read_action, action_id)
    if action is None or about is None:
        raise UnknownAddress(str(action_id))
    if not visit.member.may(Right.SEE, about.department_id):
        raise Refused(Right.SEE, about.row.department)
    here = join(word, action_id)
    return Screen(
        text="\n".join(_action_text(visit, action, about)),
        buttons=_action_buttons(visit, action, about, here),
        address=here,
        department_id=about.department_id,
        version=version,
    )


def _read_action(session: Session, action_id: int) -> tuple[int, ActionView | None, Card | None]:
    action = proposals.view(session, action_id)
    about = risk.card(session, action.appointment_id) if action else None
    version = figures_version(session, about.department_id if about else None)
    return version, action, about


def _action_text(visit: Visit, action: ActionView, about: Card) -> list[str]:
    row, zone = about.row, visit.desk.house.calendar.zone
    kind = words.KINDS[action.kind].capitalize()
    heading = words.bold(f"{kind} {standing(action)}")
    given_back = about.given_back and action.kind is Kind.TRANSFER
    return [
        f"{heading} · {words.plain(row.department)}",
        f"{words.bold(row.reference)} · {words.short_moment(row.start, zone)}"
        f" · {row.prior_no_shows}× no-show{chance_part(row)} · {AGE_GROUPS[row.age_group]}",
        *([f"{words.bold('Slot given back')}: the patient cancelled"] * given_back),
        "",
        *action_lines(visit, action),
    ]


def _action_buttons(visit: Visit, action: ActionView, about: Card, here: str) -> Buttons:
    rows: Buttons = []
    if action.state is State.PROPOSED and visit.member.may(Right.DECIDE, about.department_id):
        rows.append(deciding(action.id, here))
    if can_undo(visit, action):
        rows.append([button("Undo", join(ACT, "undo", action.id, here))])
    rows.append([button("Open the card", join(CARD, action.appointment_id, here))])
    return rows
