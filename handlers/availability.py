"""`/capacity`: how full clinicians' sessions are, what is still open, and what was used."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlmodel import Session

from domain.days import Calendar, Span
from domain.monospace import fit
from domain.sessions import Fill, Use
from handlers import words
from handlers.addresses import join, maybe_whole, whole
from handlers.department_pick import (
    AVAILABILITY,
    AVAILABILITY_DEPARTMENTS,
    WAITLIST,
    named_department,
    pick_department,
)
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Screen, Visit, button
from storage import sessions
from storage.sessions import DepartmentFill

DAYS: Final = 7
"""Days ahead, from tomorrow on: today is half over."""
WEEKS: Final = 4
"""Weeks back, up to yesterday."""
PAGE: Final = 12

_NAME: Final = 15
_HEAD: Final = f"{'':{_NAME}}{'fill':>5}{'free h':>8}{'third':>6}"
_WEEKS_HEAD: Final = f"{'week from':{_NAME}}{'fill':>5}{'used':>6}{'of h':>8}"
_FILLED_BY: Final = (
    "A file of sessions fills this: clinician, department, start and end. "
    "An admin imports it, or sends it to me."
)

_Third = dict[int, datetime | None]
_Week = tuple[date, Fill, Use]


async def availability(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What is open: a department or all, page."""
    department_id, page = maybe_whole(arguments[0]), whole(arguments[1])
    where = await named_department(visit, department_id)
    if department_id is None:
        return await _all(visit, where, page)
    return await _one(visit, where, department_id)


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments to choose from: page."""
    chooser = AVAILABILITY_DEPARTMENTS
    return await pick_department(visit, AVAILABILITY, chooser, "Capacity", arguments[0])


async def _all(visit: Visit, where: str, page: int) -> Screen:
    now = visit.desk.clock.now()
    calendar = visit.desk.house.calendar
    found, thirds, pages = await visit.desk.store.read(
        _read_page, visit.member.sees(()), calendar, now, page
    )
    total = sum((each.fill for each in found), Fill(0, 0, 0))
    lines = [*_heading(where), *_fill_lines(total)]
    if total.slots:
        counted = words.count(len(found), "department")
        today = calendar.day_of(now)
        rows = [
            department_line(each, third and calendar.day_of(third), today)
            for each in pages.cut(found)
            for third in [thirds[each.department_id]]
        ]
        lines += [
            "",
            f"{counted}{pages.part}, most free time first",
            words.block([_HEAD, *rows]),
            "third = days to the third open slot",
        ]
    here = join(AVAILABILITY, None, pages.page)
    return Screen("\n".join(lines), _buttons(None, pages, here), here)


async def _one(visit: Visit, where: str, department_id: int) -> Screen:
    calendar, now = visit.desk.house.calendar, visit.desk.clock.now()
    fill, third, weeks = await visit.desk.store.read(_read_one, department_id, calendar, now)
    lines = [*_heading(where), *_fill_lines(fill)]
    if fill.slots or third:
        lines.append(_third_line(third, calendar, now))
    used = sum((use for _, _, use in weeks), Use(0, 0))
    if used.available:
        lines += [
            "",
            f"Utilisation {_rate(used.rate)} "
            f"({used.attended / 60:,.1f} ÷ {used.available / 60:,.1f} hours)",
            f"attended ÷ available time, past {WEEKS} weeks",
            words.block([_WEEKS_HEAD, *(week_line(*week) for week in weeks)]),
        ]
    here = join(AVAILABILITY, department_id, 0)
    return Screen("\n".join(lines), _buttons(department_id, Pages(0, 1, PAGE), here), here)


def _read_page(
    session: Session, departments: frozenset[int], calendar: Calendar, now: datetime, page: int
) -> tuple[list[DepartmentFill], _Third, Pages]:
    found = sessions.fills(session, departments, _ahead(calendar, now), calendar)
    pages = Pages(page, len(found), PAGE)
    pages = Pages(min(page, pages.last), pages.total, PAGE)
    # Only of those that are shown: it takes a look into the schedule of each.
    thirds = {
        each.department_id: sessions.third_next(session, each.department_id, calendar, now)
        for each in pages.cut(found)
    }
    return found, thirds, pages


def _read_one(
    session: Session, department_id: int, calendar: Calendar, now: datetime
) -> tuple[Fill, datetime | None, list[_Week]]:
    past = calendar.back(now, 7 * WEEKS)
    weeks = []
    for number in range(WEEKS):
        first = past.first + timedelta(days=7 * number)
        span = Span(first, first + timedelta(days=6))
        fill = _fill(session, department_id, span, calendar)
        weeks.append((first, fill, sessions.use(session, department_id, span, calendar)))
    return (
        _fill(session, department_id, _ahead(calendar, now), calendar),
        sessions.third_next(session, department_id, calendar, now),
        weeks,
    )


def _fill(session: Session, department_id: int, span: Span, calendar: Calendar) -> Fill:
    found = sessions.fills(session, [department_id], span, calendar)
    return found[0].fill if found else Fill(0, 0, 0)


def _ahead(calendar: Calendar, now: datetime) -> Span:
    today = calendar.day_of(now)
    return Span(today + timedelta(days=1), today + timedelta(days=DAYS))


def _heading(where: str) -> list[str]:
    return [words.bold(f"Capacity · {DAYS} days from tomorrow"), words.plain(where)]


def _fill_lines(fill: Fill) -> list[str]:
    if not fill.slots:
        return ["No clinician's session is known for these days.", _FILLED_BY]
    return [
        f"Fill rate {_rate(fill.rate)} "
        f"({words.number(fill.scheduled)} ÷ {words.number(fill.slots)})",
        "scheduled ÷ template slots",
        f"{words.count(fill.free, 'free slot')}, {_free(fill)} hours",
    ]


def _third_line(third: datetime | None, calendar: Calendar, now: datetime) -> str:
    if third is None:
        return f"Fewer than three open slots in {sessions.HORIZON_DAYS} days"
    days = (calendar.day_of(third) - calendar.day_of(now)).days
    ahead = f"in {words.count(days, 'day')}" if days else "today"
    return f"Third next available {ahead}: {words.short_moment(third, calendar.zone)}"


def department_line(found: DepartmentFill, third: date | None, today: date) -> str:
    """A line of 34 columns."""
    days = "–" if third is None else f"{(third - today).days} d"
    rest = f"{_short(found.fill.rate):>5}{_free(found.fill):>8}{days:>6}"
    return f"{fit(found.department, words.WIDTH - len(rest))}{rest}"


def week_line(first: date, fill: Fill, use: Use) -> str:
    """A line of 34 columns."""
    hours = _hours(use.available)
    return f"{words.short_day(first):{_NAME}}{_short(fill.rate):>5}{_short(use.rate):>6}{hours:>8}"


def _rate(rate: float | None) -> str:
    return "–" if rate is None else words.per_cent(rate)


def _short(rate: float | None) -> str:
    """`92%`."""
    return "–" if rate is None else f"{min(round(rate), 999)}%"


def _free(fill: Fill) -> str:
    return f"{fill.free_hours:,.1f}" if fill.free_hours < 1_000 else _hours(fill.free_hours * 60)


def _hours(minutes: float) -> str:
    return f"{round(minutes / 60):,}"


def _buttons(department_id: int | None, pages: Pages, here: str) -> Buttons:
    rows = pager(pages, lambda to: join(AVAILABILITY, department_id, to))
    if department_id is not None:
        rows.append([button("‹ Back", join(AVAILABILITY, None, 0))])
    rows.append(
        [
            button("Department", join(AVAILABILITY_DEPARTMENTS, 0)),
            button("Waitlist", join(WAITLIST, department_id, 0)),
        ]
    )
    rows.append([button("Refresh", here)])
    return rows
