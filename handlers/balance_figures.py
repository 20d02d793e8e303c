"""How a plan of free slots is written: its figures, departments and slots."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from domain.balance.cap import Capped
from domain.balance.outcome import Change
from domain.balance.plan import FreeSlot, Proposal
from domain.days import Calendar
from domain.monospace import fit
from domain.notices import Unsaid
from handlers import words
from handlers.balance_view import Shown
from storage.balance import Draft

IN_PICTURE = 12
"""Departments with bars of their own."""

_UNASKED = {
    Unsaid.NO_CONSENT: "did not agree to be written to",
    Unsaid.NO_CHANNEL: "cannot be reached by a provider that is set up",
    Unsaid.OPTED_OUT: "said stop",
    Unsaid.ENOUGH: "had enough messages this week",
}


def figure_lines(draft: Draft) -> list[str]:
    """How many slots and patients, and what that is expected to change."""
    plan, idle = draft.plan, total(draft.idle_hours)
    return [
        f"{words.count(draft.slots, 'free slot')}, "
        f"{words.number(len(plan.proposals)) if plan.proposals else 'none'} with a proposal",
        f"Offers to {words.count(draft.offers, 'patient')}",
        f"Idle hours {hours(idle.before)} → {hours(idle.after)}, as expected",
        *_wait_lines(draft),
    ]


def _wait_lines(draft: Draft) -> list[str]:
    """The age group that is worst off, and what a cap on its wait costs."""
    worst, lines = draft.outcome.worst_group, []
    if worst is not None:
        wait = draft.outcome.waits_by_group[worst]
        told = dict.fromkeys((f"{wait.before:,.1f}", f"{wait.after:,.1f}"))
        lines.append(f"Longest mean wait: age {words.plain(worst)}, {' → '.join(told)} days")
    return lines


def cap_line(capped: Capped, days: int) -> str:
    """Whether a cap of so many days is kept, and what it costs."""
    if capped.outcome.worst_group is None:
        return f"Cap {days} days: no age group is large enough to tell"
    worth = capped.plan.worth + capped.cost
    share = round(100 * capped.cost / worth) if worth else 0
    cost = "at no cost" if not share else f"for {share} % of the plan's worth"
    return f"Cap {days} days: {'kept' if capped.is_within else 'out of reach'}, {cost}"


def unasked_line(unasked: Mapping[Unsaid, int]) -> list[str]:
    """`Cannot be asked: 12 did not agree to be written to, 3 said stop`; nothing if all can."""
    told = [f"{words.number(number)} {_UNASKED[why]}" for why, number in unasked.items()]
    return [f"Cannot be asked: {', '.join(told)}"] if told else []


def changed_lines(was: Shown, now: Shown) -> list[str]:
    """What has changed since a plan was shown, as far as its numbers tell."""
    told = [
        f"{what} {words.number(before)} → {words.number(after)}"
        for what, before, after in (
            ("free slots", was.slots, now.slots),
            ("proposals", was.proposals, now.proposals),
            ("patients", was.offers, now.offers),
        )
        if before != after
    ]
    how = ", ".join(told) or "as many as before, but other slots or patients"
    return [f"Nothing was sent, since the plan has changed: {how}.", ""]


def by_hours(idle: Mapping[int, Change], names: Mapping[int, str]) -> list[tuple[str, Change]]:
    """Departments by name, those with most idle hours first."""
    order = sorted(idle.items(), key=lambda item: (-item[1].before, names.get(item[0], "?")))
    return [(names.get(key, "?"), change) for key, change in order]


def picture_rows(rows: Sequence[tuple[str, Change]]) -> tuple[tuple[str, float, float], ...]:
    """The rows of the picture: if there are many, the last are one."""
    shown, others = list(rows), []
    if len(shown) > IN_PICTURE:
        shown, others = shown[: IN_PICTURE - 1], shown[IN_PICTURE - 1 :]
    if others:
        shown.append((f"{len(others)} others", total(dict(enumerate(c for _, c in others)))))
    return tuple((name, round(it.before, 1), round(it.after, 1)) for name, it in shown)


def total(changes: Mapping[int, Change]) -> Change:
    """All together."""
    found = changes.values()
    return Change(sum(each.before for each in found), sum(each.after for each in found))


def department_line(name: str, slots: int, idle: Change) -> str:
    """A line of 34 columns: `Cardiology       2    0.7→0.6`."""
    number = f"{words.number(slots):>6}"
    figures = f"{number} {f'{hours(idle.before)}→{hours(idle.after)}':>11}"
    return f"{fit(name, words.WIDTH - len(figures))}{figures}"


def department_head() -> str:
    """What stands above these lines."""
    return f"{'':16}{'slots':>6}{'idle hours':>12}"


def proposal_lines(
    proposal: Proposal, department: str, reference: str, calendar: Calendar, now: datetime
) -> list[str]:
    """Two lines of 34 columns: the slot with the chance, and whom it is proposed to."""
    one = proposal.candidate
    waited = max((calendar.day_of(now) - calendar.day_of(one.since)).days, 0)
    days = f"{words.number(waited)} d" if waited < 10_000 else "9,999+ d"
    return [
        _slot_line(proposal.slot, department, calendar, f"{words.chance(proposal.chance)}%"),
        f"→ {reference} urgency {one.urgency} waits {days}",
    ]


def unfilled_lines(slot: FreeSlot, department: str, calendar: Calendar) -> list[str]:
    """The same for a slot that nobody is proposed for."""
    return [_slot_line(slot, department, calendar, ""), "→ suits nobody who can be asked"]


def _slot_line(slot: FreeSlot, department: str, calendar: Calendar, end: str) -> str:
    when = words.list_moment(slot.start, calendar.zone)
    room = words.WIDTH - len(when) - 1 - (len(end) + 1 if end else 0)
    return f"{when} {fit(department, room)}{' ' + end if end else ''}".rstrip()


def hours(value: float) -> str:
    """`1,234.5`."""
    return f"{value:,.1f}"
