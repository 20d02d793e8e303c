"""`/risk`: coming appointments of high-risk patients, most urgent first, in one message."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session
from telegram import InlineKeyboardButton

from domain.ages import AGE_GROUPS
from domain.criteria import Criteria, Selection, select
from domain.days import WINDOWS
from domain.people import Right
from handlers import words
from handlers.addresses import UnknownAddress, join, pack, unpack, whole
from handlers.chances import shows_chances
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Screen, Visit, button
from storage import risk
from storage.efficiency import (
    figures_version,
    scheduled_by_age_group,
    scheduled_by_department,
)
from storage.risk import RiskPage, RiskRow

LIST: Final = "risk"
BY_DEPARTMENT: Final = "riskdep"
BY_AGE: Final = "riskage"
BY_WINDOW: Final = "riskwin"
CARD: Final = "card"
EFFICIENCY: Final = "gain"
DRAFT: Final = "draft"

PAGE: Final = 8
DEPARTMENTS_PAGE: Final = 10
_PLACES: Final = 100


async def risk_list(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The list: criteria, page."""
    criteria, page = unpack(arguments[0]), whole(arguments[1])
    selection = selected(visit, criteria)
    version, found, department = await visit.desk.store.read(
        _read_page, criteria, selection, page * PAGE
    )
    pages = Pages(page, found.total, PAGE)
    if page and not found.rows and found.total:
        return await risk_list(visit, [arguments[0], str(pages.last)])
    return Screen(
        text=_list_text(visit, criteria, found, pages, department),
        buttons=_list_buttons(visit, criteria, found, pages),
        address=join(LIST, pack(criteria), page),
        department_id=criteria.department_id,
        version=version,
    )


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments with their counts, longest queue first: criteria, page, what for."""
    criteria, page, purpose = unpack(arguments[0]), whole(arguments[1]), _purpose(arguments[2:])
    anywhere = criteria.in_department(None)
    found = await visit.desk.store.read(_BY_DEPARTMENT[purpose], selected(visit, anywhere))
    pages = Pages(page, len(found), DEPARTMENTS_PAGE)
    total = sum(number for _, _, number in found)
    everywhere = f"{_departments_word(visit)} · {words.number(total)}"
    rows: Buttons = [[button(everywhere, join(purpose, pack(anywhere), 0))]]
    rows += [
        [
            button(
                words.label(name, words.number(number)),
                join(purpose, pack(criteria.in_department(key)), 0),
            )
        ]
        for key, name, number in pages.cut(found)
    ]
    rows += pager(pages, lambda to: join(BY_DEPARTMENT, arguments[0], to, purpose))
    rows.append([_way_back(purpose, arguments[0])])
    return Screen(
        text="\n".join(
            [
                words.bold("Choose a department"),
                f"{words.count(len(found), 'department')} with {_COUNTED[purpose]} appointments, "
                f"{words.window(criteria.days)}, most first",
            ]
        ),
        buttons=rows,
        address=join(BY_DEPARTMENT, arguments[0], page, purpose),
    )


async def choose_age(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The age groups with their counts: criteria, what for."""
    criteria, purpose = unpack(arguments[0]), _purpose(arguments[1:])
    any_age = criteria.in_age_group(None)
    found = await visit.desk.store.read(_BY_AGE_GROUP[purpose], selected(visit, any_age))
    choices = [
        button(
            f"{AGE_GROUPS[group]} · {words.number(found[group])}",
            join(purpose, pack(criteria.in_age_group(group)), 0),
        )
        for group in sorted(found)
    ]
    total = words.number(sum(found.values()))
    rows: Buttons = [[button(f"All ages · {total}", join(purpose, pack(any_age), 0))]]
    rows += [choices[at : at + 2] for at in range(0, len(choices), 2)]
    rows.append([_way_back(purpose, arguments[0])])
    return Screen(
        f"{words.bold('Choose an age group')}\nwith its {_COUNTED[purpose]} appointments, "
        f"{words.window(criteria.days)}",
        rows,
        join(BY_AGE, arguments[0], purpose),
    )


_BY_DEPARTMENT: Final = {LIST: risk.risk_by_department, EFFICIENCY: scheduled_by_department}
_BY_AGE_GROUP: Final = {LIST: risk.risk_by_age_group, EFFICIENCY: scheduled_by_age_group}
_COUNTED: Final = {LIST: "high-risk", EFFICIENCY: "scheduled"}
_NAMES: Final = {LIST: "Risk list", EFFICIENCY: "Efficiency Gain"}
"""What criteria are chosen for: the appointments that are counted, and what it is called."""


def _way_back(purpose: str, packed: str) -> InlineKeyboardButton:
    """`‹ Risk list`: above it a pager may have a `‹ Back` of its own."""
    return button(f"‹ {_NAMES[purpose]}", join(purpose, packed, 0))


def _purpose(rest: Sequence[str]) -> str:
    """The screen that criteria are chosen for: the risk list unless another one is named."""
    purpose = rest[0] if rest else LIST
    if purpose not in _NAMES:
        raise UnknownAddress(purpose)
    return purpose


def criteria_buttons(packed: str, purpose: str) -> list[InlineKeyboardButton]:
    """`Department` and `Age`, for a screen that has criteria."""
    return [
        button("Department", join(BY_DEPARTMENT, packed, 0, purpose)),
        button("Age", join(BY_AGE, packed, purpose)),
    ]


async def choose_window(_visit: Visit, arguments: Sequence[str]) -> Screen:
    """How far ahead to look: criteria."""
    rows = _window_buttons(unpack(arguments[0]))
    rows.append([_way_back(LIST, arguments[0])])
    return Screen(words.bold("How far ahead?"), rows, join(BY_WINDOW, arguments[0]))


def out_of_reach(criteria: Criteria, days: str) -> Screen:
    """The answer to whoever asks for more days than a window may have."""
    return Screen(
        f"{words.bold('How far ahead?')}\n"
        f"The risk list looks 1 to {max(WINDOWS)} days ahead, "
        f"not {words.plain(words.cut(days, 20))}.",
        _window_buttons(criteria),
    )


def _window_buttons(criteria: Criteria) -> Buttons:
    choices = [
        button(words.window(days).capitalize(), join(LIST, pack(criteria.in_window(days)), 0))
        for days in WINDOWS
    ]
    return [choices[:1], choices[1:3], choices[3:]]


def selected(visit: Visit, criteria: Criteria) -> Selection:
    """The criteria as the visitor may apply them now."""
    return select(criteria, visit.member, visit.desk.house, visit.desk.clock.now())


def criteria_line(visit: Visit, criteria: Criteria, department: str | None) -> str:
    """`Cardiology · 40–49`, `All departments · all ages`."""
    ages = "all ages" if criteria.age_group is None else AGE_GROUPS[criteria.age_group]
    return f"{department or _departments_word(visit)} · {ages}"


def list_lines(visit: Visit, rows: Sequence[RiskRow], first: int = 1) -> list[str]:
    """The monospaced lines of appointments in a list, the first of them at place `first`."""
    digits = len(str(first + len(rows) - 1))
    return [
        line
        for place, row in enumerate(rows, first)
        for line in row_lines(visit, f"{place:>{digits}}", row)
    ]


def row_lines(visit: Visit, place: object, row: RiskRow) -> list[str]:
    """The two monospaced lines of an appointment in a list, at most 34 columns wide."""
    rest = f" · {AGE_GROUPS[row.age_group]}"
    if row.action_state:
        rest += f" · {words.STATES[row.action_state]}"
    department = words.cut(row.department, words.WIDTH - 2 - len(rest))
    return [row_line(visit, place, row), f"  {department}{rest}"]


def row_line(visit: Visit, place: object, row: RiskRow) -> str:
    """`1 P-7K3MQD  9×  41%  Mon 30 09:20`; a large place takes gaps, then the weekday."""
    when = words.list_moment(row.start, visit.desk.house.calendar.zone)
    for gap, shown in (("  ", when), (" ", when), (" ", when.partition(" ")[2])):
        marks = words.marks(row.prior_no_shows, row.chance, gap)
        line = f"{place} {row.reference} {marks}{gap}{shown}"
        if len(line) <= words.WIDTH:
            break
    return line


def row_buttons(rows: Sequence[RiskRow], back: str, first: int = 1) -> Buttons:
    """A button for each row, four to a line; the first of them is at place `first`."""
    buttons = [row_button(place, row, back) for place, row in enumerate(rows, first)]
    return [buttons[at : at + 4] for at in range(0, len(buttons), 4)]


def row_button(place: int, row: RiskRow, back: str) -> InlineKeyboardButton:
    """A row's place and reference, `9 7K3MQD`; from 100 on there is no room for both."""
    reference = row.reference.removeprefix("P-")
    label = f"{place} {reference}" if place < _PLACES else reference
    return button(label, join(CARD, row.appointment_id, back))


def _read_page(
    session: Session, criteria: Criteria, selection: Selection, offset: int
) -> tuple[int, RiskPage, str | None]:
    version = figures_version(session, criteria.department_id)
    name = risk.department_name(session, criteria.department_id)
    return version, risk.risk_page(session, selection, offset, PAGE), name


def _list_text(
    visit: Visit, criteria: Criteria, found: RiskPage, pages: Pages, department: str | None
) -> str:
    lines = [
        words.bold(f"High-risk · {words.window(criteria.days)}"),
        words.plain(criteria_line(visit, criteria, department)),
        words.plain(words.gain(found.efficiency)),
        "",
    ]
    if not found.rows:
        threshold = visit.desk.house.threshold
        lines.append(
            "No coming appointment here is high-risk, be it by "
            f"{threshold} or more earlier no-shows or by its chance. "
            "A longer window, another department or new data may hold some."
        )
        return "\n".join(lines)
    decided = found.total - found.undecided
    counted = f"{words.count(found.total, 'appointment')}{pages.part}"
    lines.append(counted + (f", {words.number(decided)} decided" if decided else ""))
    lines.append(words.most_first(likely=shows_chances(found.rows)))
    rows = list_lines(visit, found.rows, pages.first)
    return "\n".join(lines) + "\n" + words.block(rows)


def _list_buttons(visit: Visit, criteria: Criteria, found: RiskPage, pages: Pages) -> Buttons:
    packed = pack(criteria)
    here = join(LIST, packed, pages.page)
    rows = row_buttons(found.rows, here, pages.first)
    rows += pager(pages, lambda to: join(LIST, packed, to))
    rows.append(
        [
            *criteria_buttons(packed, LIST),
            button(_window_label(criteria.days), join(BY_WINDOW, packed)),
        ]
    )
    if found.undecided and visit.member.may(Right.DECIDE):
        rows.append([batch_button(found.undecided, here)])
    rows.append([button("Refresh", here)])
    return rows


def batch_button(number: int, source: str) -> InlineKeyboardButton:
    """`Authorize Risk Transfer (404)`."""
    label = f"Authorize Risk Transfer ({words.number(number)})"
    return button(label, join(DRAFT, number, source), "success")


def _window_label(days: int) -> str:
    return "Today" if days == 1 else f"{days} days"


def _departments_word(visit: Visit) -> str:
    return "Your departments" if visit.member.departments else "All departments"
