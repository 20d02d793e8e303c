"""`/balance`: which free slots to offer to whom, over all departments at once.

A plan is worked out whenever it is looked at, and nothing is sent by looking. `Confirm` carries
what was shown; if the plan is another one by then, that is said, and the new one shown.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from domain.criteria import Criteria
from domain.people import Member, Right
from handlers import words
from handlers.addresses import join, pack, split
from handlers.balance_figures import (
    by_hours,
    cap_line,
    changed_lines,
    department_head,
    department_line,
    figure_lines,
    picture_rows,
    unasked_line,
)
from handlers.balance_plan import Found, confirm_row, departments_of, title_of, worked_out
from handlers.balance_view import (
    ADVICE,
    BALANCE,
    BY_DEPARTMENT,
    CAPS,
    LEAVE,
    SLOTS,
    Shown,
    View,
)
from handlers.call_list import TO_CONFIRM
from handlers.department_pick import AVAILABILITY, WAITLIST, named_department, pick_department
from handlers.desk import IdleHoursRequest, PictureUnavailable
from handlers.no_provider import no_provider_lines
from handlers.risk_list import LIST
from handlers.screens import Answer, Buttons, Picture, Screen, Visit, button
from handlers.sent_plan import sent_plan
from handlers.transfers import PENDING
from storage import balance as balancing

_BESIDE_PICTURE: Final = 6
"""Departments that stand below the picture, too: a caption is short."""
_AS_TEXT: Final = 40
"""Departments that stand in a text."""

_PROPOSALS: Final = join(PENDING, 0)
_FILLED_BY: Final = (
    "A slot is free once its transfer is authorized and its patient gives it back, by message "
    "or by phone, or stays silent where the department lets it go then."
)


def is_slow(member: Member, address: str) -> bool:
    """Whether the screen is one that may need a picture, so that waiting should be shown."""
    return split(address)[0] == BALANCE and member.may(Right.DECIDE)


async def balance(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The plan: a department or all, the cap."""
    return await _plan_screen(visit, await worked_out(visit, View.read(arguments)))


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments to choose from: page."""
    visit.member.require(Right.DECIDE)
    screen = await pick_department(visit, BALANCE, BY_DEPARTMENT, "Balance", arguments[0])
    return replace(screen, keeps_picture=True)


async def leave(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What `Cancel` leads to: a department or all, the cap."""
    visit.member.require(Right.DECIDE)
    view = View.read(arguments)
    return Screen(
        "Nothing was sent. The slots stay free.",
        [[button("Balance", view.address())]],
        view.address(LEAVE),
        keeps_picture=True,
    )


async def send(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Send the plan as it was shown: a department or all, the cap, its digest, its numbers."""
    visit.member.require(Right.DECIDE)
    view, was = View.read(arguments), Shown.read(arguments[2:])
    await named_department(visit, view.department_id)
    done = await visit.desk.store.write(
        balancing.confirm,
        visit.member,
        departments_of(visit, view),
        view.cap or None,
        was.digest,
        visit.desk.house,
        visit.desk.clock.now(),
    )
    if done.sent_plan_id is None:
        by_now = await worked_out(visit, view)
        changed = changed_lines(was, Shown.of(by_now.draft))
        return Answer(await _plan_screen(visit, by_now, changed), "Nothing was sent.")
    visit.desk.changed.set()
    sent = f"Sent {words.count(done.offers, 'offer')}."
    toast = sent if done.offers else "Nothing was sent again: this plan was sent before."
    return Answer(await sent_plan(visit, [str(done.sent_plan_id)]), toast)


async def _plan_screen(visit: Visit, found: Found, first: Sequence[str] = ()) -> Screen:
    """The plan, below what is to be said first."""
    view, draft = found.view, found.draft
    if not draft.slots:
        return _nothing_free(visit, found, first)
    lines = [*first, title_of(found), *figure_lines(draft), *_offered_lines(found)]
    if draft.cap:
        lines.append(cap_line(draft.cap, view.cap))
    lines += [*unasked_line(draft.unasked), *_when_lines(visit)]
    if not draft.plan.proposals:
        nowhere = no_provider_lines(visit.desk.house.manners)
        lines += nowhere or ["No free slot suits anybody who waits and can be asked."]
    rows = by_hours(draft.idle_hours, found.names)
    heading = (f"Idle hours of free slots · {found.where}", "now, and as expected with the plan")
    request = IdleHoursRequest(picture_rows(rows), heading)

    async def draw() -> bytes | str:
        return await visit.desk.pictures.idle_hours(request)

    picture, reason = None, ""
    try:
        picture = Picture(request.key, await draw(), draw)
    except PictureUnavailable as why:
        reason = str(why)
    lines.append(words.block(_department_lines(found, _BESIDE_PICTURE if picture else _AS_TEXT)))
    if reason:
        lines.append(f"As text, because {words.plain(reason)}")
    here = view.address()
    return Screen("\n".join(lines), _buttons(found), here, view.department_id, picture=picture)


def _nothing_free(visit: Visit, found: Found, first: Sequence[str]) -> Screen:
    lines = [*first, title_of(found), "No slot is free to be offered now", *_offered_lines(found)]
    lines += [_FILLED_BY, *unasked_line(found.draft.unasked)]
    lines += no_provider_lines(visit.desk.house.manners)
    ways: Buttons = [
        [button("Risk list", join(LIST, pack(Criteria()), 0)), button("Proposals", _PROPOSALS)],
        [button("To confirm by phone", join(TO_CONFIRM, 0))],
        *_ways(found.view),
    ]
    here = found.view.address()
    return Screen("\n".join(lines), ways, here, found.view.department_id)


def _offered_lines(found: Found) -> list[str]:
    """`2 slots being offered at the moment`; nothing if there is none."""
    offered = words.count(found.offered, "slot")
    return [f"{offered} being offered at the moment"] if found.offered else []


def _when_lines(visit: Visit) -> list[str]:
    """As of when, and that offers wait for the end of quiet hours if they do."""
    house, now = visit.desk.house, visit.desk.clock.now()
    zone, sent_at = house.calendar.zone, house.manners.free_at(now, house.calendar)
    lines = [f"As of {words.short_moment(now, zone)}"]
    if sent_at > now:
        lines.append(f"Offers go out after quiet hours, {words.clock_time(sent_at, zone, now)}")
    return lines


def _department_lines(found: Found, at_most: int) -> list[str]:
    draft = found.draft
    every = [*(proposal.slot for proposal in draft.plan.proposals), *draft.plan.unfilled]
    number = Counter(found.names.get(slot.department_id, "?") for slot in every)
    rows = by_hours(draft.idle_hours, found.names)
    lines = [department_line(name, number[name], idle) for name, idle in rows[:at_most]]
    more = len(rows) - at_most
    return [department_head(), *lines, *([f"and {words.number(more)} more"] if more > 0 else [])]


def _buttons(found: Found) -> Buttons:
    view = found.view
    caps = [
        button(
            words.marked(f"Cap {cap} d" if cap else "Cap off", cap == view.cap),
            view.with_cap(cap).address(),
        )
        for cap in CAPS
    ]
    seen = button(f"Slots ({words.number(found.draft.slots)})", view.address(SLOTS, 0))
    return [*confirm_row(found), [seen], caps, *_ways(view)]


def _ways(view: View) -> Buttons:
    """Where else to look."""
    return [
        [
            button("Advice", join(ADVICE, view.department_id)),
            button("Waitlist", join(WAITLIST, view.department_id, 0)),
            button("Capacity", join(AVAILABILITY, view.department_id, 0)),
        ],
        [button("Department", join(BY_DEPARTMENT, 0)), button("Refresh", view.address())],
    ]
