"""`/efficiency`: how much of the schedule was acted on, in all and by department."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.criteria import Criteria, Selection
from domain.days import WINDOWS
from domain.efficiency import FORMULA, Efficiency
from handlers import words
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
from storage.efficiency import efficiency, efficiency_by_department, figures_version
from storage.risk import department_name

PAGE: Final = 12

_Found = tuple[int, Efficiency, list[tuple[int, str, Efficiency]], str | None]


async def efficiency_screen(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The figure and its parts: criteria, page."""
    criteria, page = unpack(arguments[0]), whole(arguments[1])
    version, figure, parts, department = await visit.desk.store.read(
        _read, selected(visit, criteria), criteria.department_id
    )
    pages = Pages(page, len(parts), PAGE)
    within = f"{words.window(criteria.days).capitalize()} · "
    within += words.plain(criteria_line(visit, criteria, department))
    return Screen(
        text=_text(within, figure, pages.cut(parts), len(parts)),
        buttons=_buttons(criteria, pages),
        address=join(EFFICIENCY, pack(criteria), page),
        version=version,
    )


def _read(session: Session, selection: Selection, department_id: int | None) -> _Found:
    return (
        figures_version(session, None),
        efficiency(session, selection),
        efficiency_by_department(session, selection),
        department_name(session, department_id),
    )


def _text(
    within: str,
    figure: Efficiency,
    parts: Sequence[tuple[int, str, Efficiency]],
    total: int,
) -> str:
    lines = [
        words.bold(words.gain(figure)),
        within,
        FORMULA,
        "",
    ]
    if not parts:
        lines.append("Nothing is scheduled here. A longer window or new data may hold some.")
        return "\n".join(lines)
    lines.append(f"{words.count(total, 'department')}, highest gain first")
    shown = [(name, part.actioned, part.scheduled) for _, name, part in parts]
    return "\n".join(lines) + "\n" + words.block(words.share_lines(shown))


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
