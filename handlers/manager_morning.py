"""The summary for managers: the figure, what waits for them, and where no-shows concentrate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlmodel import Session

from domain.criteria import Criteria
from domain.days import Span
from domain.efficiency import Efficiency
from domain.gains import Realised
from domain.transfers import Act
from handlers import won_back, words
from handlers.addresses import join, pack
from handlers.balance_view import View
from handlers.call_list import confirm_buttons
from handlers.heatmap import DEFAULT as HEATMAP_DEFAULT
from handlers.heatmap import DensityMap, density_map, with_picture, worst
from handlers.moments import told_alike
from handlers.risk_list import LIST, batch_button
from handlers.screens import Buttons, Screen, Visit, button
from handlers.staff_morning import (
    Expected,
    days_line,
    expected_lines,
    expected_of,
    today_and_tomorrow,
    unsure_lines,
)
from handlers.transfers import PENDING
from storage import lately, proposals, risk
from storage.efficiency import efficiency
from storage.free_slots import free_slots
from storage.lately import Import
from storage.mornings import PUSHED_SUMMARY
from storage.proposals import Waiting
from storage.to_confirm import number_to_confirm

_WEEK: Final = timedelta(days=7)
_SINCE: Final = timedelta(hours=24)

_DONE: Final[dict[str, str]] = {
    Act.PROPOSE: "proposed",
    Act.AUTHORIZE: "authorized",
    Act.DECLINE: "declined",
    Act.UNDO: "undone",
    "call": "called",
    "correct": "excused",
}
"""What is told of the last day, by its event in the audit trail."""


@dataclass(frozen=True)
class _Found:
    """What stands in the summary; `before` is the figure of the seven days before the last."""

    yesterday: Efficiency
    week: Efficiency
    before: Efficiency
    won: Realised
    today: int
    tomorrow: int
    expected: Expected
    waiting: Waiting
    unsure: int
    free: int
    done: Mapping[str, int]
    imported: Import | None


async def summary(visit: Visit) -> Screen:
    """The figures, with the heatmap above them where there can be one."""
    found, shown = await told_alike(visit, PUSHED_SUMMARY, lambda: _gathered(visit))
    shown = await with_picture(visit, shown)
    lines = [
        f"{words.gain(found.week)} in 7 days",
        _compared(found),
        *won_back.summary_lines(found.won),
        _waiting_line(found.waiting),
        *unsure_lines(found.unsure),
        *_free_lines(found.free),
        days_line(found.today, found.tomorrow),
        *expected_lines(found.expected),
        *_density_lines(shown),
        "",
        _done_line(found.done),
    ]
    if found.imported:
        lines.append(import_line(visit, found.imported))
    rows = _buttons(found.waiting)
    rows[-1:-1] = [*confirm_buttons(found.unsure), *_free_buttons(found.free)]
    return Screen("\n".join(lines), rows, picture=shown.picture)


def import_line(visit: Visit, found: Import) -> str:
    """`Last import 05:00: 1,204 new appointments, 310 changed`."""
    at = words.clock_time(found.at, visit.desk.house.calendar.zone, visit.desk.clock.now())
    new = words.count(found.inserted, "new appointment")
    return f"Last import {at}: {new}, {words.number(found.updated)} changed"


async def _gathered(visit: Visit) -> tuple[_Found, DensityMap]:
    return await visit.desk.store.read(_read, visit), await density_map(visit)


def _read(session: Session, visit: Visit) -> _Found:
    now, calendar = visit.desk.clock.now(), visit.desk.house.calendar
    today, tomorrow = today_and_tomorrow(visit)
    week = calendar.back(now, _WEEK.days)

    def figure(span: Span) -> Efficiency:
        return efficiency(session, replace(today, span=span))

    return _Found(
        yesterday=figure(calendar.back(now, 1)),
        week=figure(week),
        before=figure(Span(week.first - _WEEK, week.last - _WEEK)),
        won=won_back.of_late(session, today, calendar),
        today=risk.risk_totals(session, today)[0],
        tomorrow=risk.risk_totals(session, tomorrow)[0],
        expected=expected_of(session, today, tomorrow),
        waiting=proposals.waiting(session, visit.member, now, 0, 0),
        unsure=number_to_confirm(session, visit.member.departments, now),
        free=len(free_slots(session, visit.member.departments, visit.desk.house, now)),
        done=lately.decisions(session, visit.member.departments, now - _SINCE),
        imported=lately.last_import(session, now),
    )


def _compared(found: _Found) -> str:
    """`▲ up 0.40 from the 7 days before; yesterday 1.80 % (20 ÷ 1,111)`."""
    trend = words.trend(found.before, found.week)
    week = f"{trend} from the 7 days before" if trend else "no figure of the 7 days before"
    if not found.yesterday.scheduled:
        return f"{week}; nothing was scheduled yesterday"
    return f"{week}; yesterday {words.share(found.yesterday)}"


def _waiting_line(waiting: Waiting) -> str:
    if not waiting.total:
        return "No proposals wait for you"
    verb = "waits" if waiting.total == 1 else "wait"
    return f"{words.proposals(waiting.total, waiting.appointments)} {verb} for you"


def _free_lines(free: int) -> list[str]:
    """`3 free slots can be offered`; nothing if there is none."""
    return [f"{words.count(free, 'free slot')} can be offered"] if free else []


def _free_buttons(free: int) -> Buttons:
    """A row with `3 free slots: Balance`; no row if there is none."""
    return (
        [[button(f"{words.count(free, 'free slot')}: Balance", View().address())]] if free else []
    )


def _density_lines(shown: DensityMap) -> list[str]:
    if shown.table.is_empty:
        return [f"No outcome of the last {shown.span.days} days is known, so there is no heatmap"]
    highest = worst(shown.table)
    lines = []
    if highest:
        lines.append(f"Highest no-show rate, last {shown.span.days} days: {highest}")
    if shown.picture is None:
        lines.append(f"No picture, because {words.plain(shown.reason)}")
    return lines


def _done_line(done: Mapping[str, int]) -> str:
    """`Last 24 hours: 5 proposed, 3 authorized`."""
    told = [f"{words.number(done[act])} {word}" for act, word in _DONE.items() if done.get(act)]
    return f"Last {words.hours(_SINCE)}: {', '.join(told) or 'nothing proposed, nothing decided'}"


def _buttons(waiting: Waiting) -> Buttons:
    rows: Buttons = []
    if waiting.total:
        pending = join(PENDING, 0)
        rows.append([button(words.see_proposals(waiting.total), pending)])
        rows.append([batch_button(waiting.appointments, pending)])
    rows.append(
        [
            button("Risk list", join(LIST, pack(Criteria()), 0)),
            button("Heatmap", HEATMAP_DEFAULT),
        ]
    )
    return rows
