"""`/efficiency`: how much of the schedule was acted on, what is expected of it, what was won back.

Actions concern the days to come, and what was won back those that are over. So the one is told of
a window ahead, the other of as many days back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlmodel import Session

from domain.criteria import Criteria, Selection
from domain.days import WINDOWS, Span
from domain.efficiency import FORMULA, Efficiency
from domain.gains import Realised
from handlers import won_back, words
from handlers.addresses import join, pack, unpack, whole
from handlers.paging import Pages, pager
from handlers.risk_list import (
    EFFICIENCY,
    LIST,
    criteria_buttons,
    criteria_line,
    selected,
)
from handlers.screens import Buttons, Screen, Visit, button
from storage import gains
from storage.efficiency import efficiency, efficiency_by_department, figures_version
from storage.expectations import expected_of_actioned
from storage.risk import department_name

PAGE: Final = 12


@dataclass(frozen=True)
class _Found:
    """The figures: `ahead` of the window to come, `realised` and `back` of as many days before."""

    version: int
    ahead: Efficiency
    expected: float | None
    realised: Realised
    back: Efficiency
    parts: list[tuple[int, str, Efficiency]]
    department: str | None


async def efficiency_screen(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The figures and the parts of the first: criteria, page."""
    criteria, page = unpack(arguments[0]), whole(arguments[1])
    back = visit.desk.house.calendar.back(visit.desk.clock.now(), criteria.days)
    found = await visit.desk.store.read(
        _read, selected(visit, criteria), back, criteria.department_id
    )
    pages = Pages(page, len(found.parts), PAGE)
    within = f"{words.window(criteria.days).capitalize()} · "
    within += words.plain(criteria_line(visit, criteria, found.department))
    return Screen(
        text=_text(within, found, pages.cut(found.parts), _before(criteria.days)),
        buttons=_buttons(criteria, pages),
        address=join(EFFICIENCY, pack(criteria), page),
        version=found.version,
    )


def _read(session: Session, selection: Selection, back: Span, department_id: int | None) -> _Found:
    before = replace(selection, span=back)
    return _Found(
        version=figures_version(session, None),
        ahead=efficiency(session, selection),
        expected=expected_of_actioned(session, selection),
        realised=gains.realised(session, before),
        back=efficiency(session, before),
        parts=efficiency_by_department(session, selection),
        department=department_name(session, department_id),
    )


def _text(
    within: str, found: _Found, parts: Sequence[tuple[int, str, Efficiency]], before: str
) -> str:
    lines = [
        words.bold(words.gain(found.ahead)),
        within,
        FORMULA,
        "",
        *won_back.expected_lines(found.expected, found.ahead.scheduled),
        *won_back.realised_lines(found.realised, found.back.scheduled, before),
        "",
    ]
    if not parts:
        lines.append("Nothing is scheduled here. A longer window or new data may hold some.")
        return "\n".join(lines)
    lines.append(f"{words.count(len(found.parts), 'department')}, highest Efficiency Gain first")
    shown = [(name, part.actioned, part.scheduled) for _, name, part in parts]
    return "\n".join(lines) + "\n" + words.block(words.share_lines(shown))


def _before(days: int) -> str:
    return "yesterday" if days == 1 else f"last {days} days"


def _buttons(criteria: Criteria, pages: Pages) -> Buttons:
    choices = [
        button(
            f"• {_label(days)}" if days == criteria.days else _label(days),
            join(EFFICIENCY, pack(criteria.in_window(days)), 0),
        )
        for days in WINDOWS
    ]
    rows: Buttons = [choices, criteria_buttons(pack(criteria), EFFICIENCY)]
    rows += pager(pages, lambda to: join(EFFICIENCY, pack(criteria), to))
    rows.append(
        [
            button("Risk list", join(LIST, pack(criteria), 0)),
            button("Refresh", join(EFFICIENCY, pack(criteria), pages.page)),
        ]
    )
    return rows


def _label(days: int) -> str:
    return "Today" if days == 1 else f"{days} d"
