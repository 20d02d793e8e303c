"""`/today`: whom to call about today's high-risk appointments, in an order that stays all day."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlmodel import Session

from domain.criteria import Criteria
from domain.people import Refused, Right
from domain.statuses import Status
from handlers import words
from handlers.addresses import UnknownAddress, join, pack, whole
from handlers.paging import Pages, pager
from handlers.risk_list import CARD, LIST
from handlers.screens import Answer, Buttons, Screen, Visit, button
from storage import call_lists, risk
from storage.call_lists import CallPage, CallRow, Choice
from storage.efficiency import figures_version
from storage.to_confirm import number_to_confirm

TODAY: Final = "today"
BY_DEPARTMENT: Final = "calldep"
OPEN: Final = "callopen"
CALLS: Final = "calls"
ADD: Final = "calladd"
TO_CONFIRM: Final = "toconfirm"

PAGE: Final = 8
DEPARTMENTS_PAGE: Final = 10


async def today(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Today's list where there is one department to choose from, else the choice: page."""
    whole(arguments[0])
    _version, found = await _choices(visit)
    if len(found) == 1:
        return Answer(await _opened(visit, found[0].department_id))
    return Answer(await choose_department(visit, arguments))


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Today's departments, and how far their lists are: page."""
    page = whole(arguments[0])
    version, found = await _choices(visit)
    unsure = confirm_buttons(await visit.desk.store.read(_number_to_confirm, visit))
    pages = Pages(page, len(found), DEPARTMENTS_PAGE)
    here = join(BY_DEPARTMENT, page)
    day = _today(visit)
    if not found:
        return Screen(
            f"{words.bold(f'Call list · {words.short_day(day)}')}\n"
            "No high-risk appointment is left to call about today. "
            "The risk list has the coming days.",
            [
                *unsure,
                [button("Risk list", join(LIST, pack(Criteria()), 0))],
                [button("Refresh", here)],
            ],
            here,
            version=version,
        )
    rows: Buttons = [
        [button(_choice_words(choice), join(OPEN, choice.department_id))]
        for choice in pages.cut(found)
    ]
    rows += pager(pages, lambda to: join(BY_DEPARTMENT, to))
    rows += [*unsure, [button("Refresh", here)]]
    return Screen(
        f"{words.bold(f'Call lists · {words.short_day(day)}')}\n"
        f"{words.count(len(found), 'department')} with high-risk appointments today",
        rows,
        here,
        version=version,
    )


async def open_today(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Open today's list of a department, which freezes it: the department."""
    return Answer(await _opened(visit, whole(arguments[0])))


async def call_list(visit: Visit, arguments: Sequence[str]) -> Screen:
    """A call list: the list, page."""
    key, page = whole(arguments[0]), whole(arguments[1])
    version, found = await visit.desk.store.read(_read, visit, key, page)
    unsure = await visit.desk.store.read(_number_to_confirm, visit)
    pages = Pages(page, found.total, PAGE)
    if page > pages.last:
        return await call_list(visit, [arguments[0], str(pages.last)])
    return Screen(
        text=_text(visit, found, pages),
        buttons=_buttons(visit, found, pages, unsure),
        address=join(CALLS, key, page),
        department_id=found.department_id,
        version=version,
    )


async def add_new(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Put what has come in since at the end of a list: the list."""
    key = whole(arguments[0])
    await visit.desk.store.read(_read, visit, key, 0)
    added, last = await visit.desk.store.write(
        call_lists.add_new, key, visit.desk.clock.now(), visit.desk.house.threshold
    )
    visit.desk.changed.set()
    toast = (
        f"Added {words.count(added, 'appointment')}."
        if added
        else "Nothing new: somebody was quicker."
    )
    return Answer(await call_list(visit, [arguments[0], str(last // PAGE)]), toast)


def confirm_buttons(number: int) -> Buttons:
    """A row with `To confirm by phone (3)`; no row if there is nobody."""
    label = f"To confirm by phone ({words.number(number)})"
    return [[button(label, join(TO_CONFIRM, 0))]] if number else []


def _number_to_confirm(session: Session, visit: Visit) -> int:
    return number_to_confirm(session, visit.member.departments, visit.desk.clock.now())


def _today(visit: Visit) -> date:
    return visit.desk.house.calendar.day_of(visit.desk.clock.now())


async def _choices(visit: Visit) -> tuple[int, list[Choice]]:
    visit.member.require(Right.CALL)
    return await visit.desk.store.read(_read_choices, visit)


def _read_choices(session: Session, visit: Visit) -> tuple[int, list[Choice]]:
    now, threshold = visit.desk.clock.now(), visit.desk.house.threshold
    wanted = visit.member.departments
    found = call_lists.choices(session, wanted, _today(visit), now, threshold)
    return figures_version(session, None), found


def _choice_words(choice: Choice) -> str:
    total = words.number(choice.total)
    if choice.reached is None:
        return words.label(choice.department, f"{total} to call")
    return words.label(choice.department, f"{words.number(choice.reached)} of {total} reached")


async def _opened(visit: Visit, department_id: int) -> Screen:
    store, now = visit.desk.store, visit.desk.clock.now()
    name = await store.read(risk.department_name, department_id)
    if name is None:
        raise UnknownAddress(str(department_id))
    if not visit.member.may(Right.CALL, department_id):
        raise Refused(Right.CALL, name)
    key = await store.write(
        call_lists.freeze, department_id, _today(visit), now, visit.desk.house.threshold
    )
    return await call_list(visit, [str(key), "0"])


def _read(session: Session, visit: Visit, key: int, page: int) -> tuple[int, CallPage]:
    about = call_lists.department_of(session, key)
    if about is None:
        raise UnknownAddress(str(key))
    department_id, name = about
    if not visit.member.may(Right.CALL, department_id):
        raise Refused(Right.CALL, name)
    version = figures_version(session, department_id)
    now, threshold = visit.desk.clock.now(), visit.desk.house.threshold
    found = call_lists.call_page(session, key, now, threshold, (page * PAGE, PAGE))
    if found is None:
        raise UnknownAddress(str(key))
    return version, found


def _text(visit: Visit, found: CallPage, pages: Pages) -> str:
    heading = f"Call list · {found.department} · {words.short_day(found.day)}"
    lines = [words.bold(heading)]
    if not found.rows:
        lines.append("No high-risk appointment was left to call about when it was opened.")
        return "\n".join(lines)
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    likely = any(row.chance is not None for row in found.rows)
    lines += [
        f"{words.count(found.total, 'appointment')}: {words.number(found.reached)} reached, "
        f"{words.number(found.tried)} tried{pages.part}",
        f"{words.most_first(likely=likely)}, as of {words.clock_time(found.made_at, zone, now)}",
    ]
    block = [line for row in found.rows for line in call_row_lines(visit, row, found.next_up)]
    return "\n".join(lines) + "\n" + words.block(block)


def call_row_lines(visit: Visit, row: CallRow, next_up: tuple[int, int] | None) -> list[str]:
    """The one or two monospaced lines of a call list's row, at most 34 columns wide."""
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    is_next = next_up is not None and next_up[0] == row.place
    mark = "›" if is_next else "✓" if row.reached else "○" if row.tried else "·"
    at = words.clock_time(row.start, zone, row.start)
    marks = words.marks(row.prior_no_shows, row.chance)
    lines = [f"{row.place:>2} {mark} {row.reference} {at} {marks}"]
    if row.last:
        when = words.clock_time(row.last.at, zone, now)
        told = f"{words.CALLS[row.last.outcome]} {when} {row.last.by}"
        lines.append(f"   {words.cut(told, words.WIDTH - 3)}")
    elif row.status is not Status.BOOKED:
        lines.append("   no longer booked")
    return lines


def _buttons(visit: Visit, found: CallPage, pages: Pages, unsure: int) -> Buttons:
    here = join(CALLS, found.id, pages.page)
    rows: Buttons = []
    if found.next_up:
        place, appointment_id = found.next_up
        there = join(CALLS, found.id, (place - 1) // PAGE)
        rows.append([button("Next to call ›", join(CARD, appointment_id, there), "success")])
    cards = [
        button(
            f"{row.place} {row.reference.removeprefix('P-')}", join(CARD, row.appointment_id, here)
        )
        for row in found.rows
    ]
    rows += [cards[at : at + 4] for at in range(0, len(cards), 4)]
    rows += pager(pages, lambda to: join(CALLS, found.id, to))
    if found.fresh:
        label = f"Add {words.count(found.fresh, 'new appointment')}"
        rows.append([button(label, join(ADD, found.id))])
    if found.day != _today(visit):
        rows.append([button("Today's list", join(OPEN, found.department_id))])
    rows += confirm_buttons(unsure)
    others = [] if len(visit.member.departments) == 1 else [button("Departments", join(TODAY, 0))]
    rows.append([*others, button("Refresh", here)])
    return rows
