"""`/summary`: the day at a glance, with what can be done about it right there."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.criteria import Criteria
from domain.efficiency import Efficiency
from domain.people import Right
from handlers import words
from handlers.addresses import join, pack
from handlers.heatmap import DEFAULT as HEATMAP_DEFAULT
from handlers.risk_list import LIST, batch_button, selected
from handlers.screens import Buttons, Screen, Visit, button
from handlers.transfers import PENDING
from storage import proposals, risk
from storage.efficiency import efficiency, figures_version
from storage.proposals import Waiting

SUMMARY: Final = "summary"

_TODAY: Final = Criteria(1)
_WEEK: Final = Criteria()


async def summary(visit: Visit, _arguments: Sequence[str]) -> Screen:
    """High-risk today and this week, the figure, and what waits."""
    version, today, week, figure, waiting = await visit.desk.store.read(_read, visit)
    calendar, now = visit.desk.house.calendar, visit.desk.clock.now()
    lines = [
        words.bold(f"{now.astimezone(calendar.zone):%a %d %b, %H:%M}"),
        f"{words.gain(figure)}, {words.window(_WEEK.days)}",
        "",
        f"{words.count(today, 'high-risk appointment')} still to come today",
        f"{words.number(week)} in the next {_WEEK.days} days",
        f"{words.count(waiting.total, 'proposal')} waiting for a decision",
    ]
    return Screen(
        text="\n".join(lines),
        buttons=_buttons(visit, waiting),
        address=SUMMARY,
        version=version,
    )


def _read(session: Session, visit: Visit) -> tuple[int, int, int, Efficiency, Waiting]:
    today, week = selected(visit, _TODAY), selected(visit, _WEEK)
    now = visit.desk.clock.now()
    return (
        figures_version(session, None),
        risk.risk_totals(session, today)[0],
        risk.risk_totals(session, week)[0],
        efficiency(session, week),
        proposals.waiting(session, visit.member, now, 0, 0),
    )


def _buttons(visit: Visit, waiting: Waiting) -> Buttons:
    rows: Buttons = []
    if waiting.total:
        rows.append([button(f"See the {words.number(waiting.total)}", join(PENDING, 0))])
        if visit.member.may(Right.DECIDE):
            rows.append([batch_button(waiting.appointments, join(PENDING, 0))])
    rows.append(
        [
            button("Risk list", join(LIST, pack(_WEEK), 0)),
            button("Heatmap", HEATMAP_DEFAULT),
        ]
    )
    rows.append([button("Refresh", SUMMARY)])
    return rows
