"""`Advice`, of `/balance`: who is overloaded and who could help, and what a day would bear.

Proposals to people: Slotwise carries out none of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlmodel import Session

from domain.balance.overbooking import MOST_COLLISIONS
from domain.days import Span
from domain.people import Right
from handlers import words
from handlers.addresses import join, maybe_whole
from handlers.balance_view import ADVICE, ADVICE_BY_DEPARTMENT, View
from handlers.department_pick import AVAILABILITY, WAITLIST, named_department, pick_department
from handlers.screens import Buttons, Screen, Visit, button
from storage import risk
from storage.overbooking import DayAdvice, overbooking
from storage.overload import Help, Overloads, Shortage, overloads

DAYS: Final = 14
"""Days ahead, from tomorrow on, in which time for who waits is looked for."""
DAYS_BOOKED: Final = 7
"""Days ahead, from tomorrow on, that are looked at for what they would bear."""

_SHORT: Final = 8
_HELPS: Final = 8
_NAME: Final = 45
_HEAD: Final = f"{'':10}{'booked':>7}{'miss':>6}{'more':>5}{'coll.':>6}"


@dataclass(frozen=True)
class _Found:
    overloads: Overloads
    days: list[DayAdvice]
    names: Mapping[int, str]


async def advice(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What could be done beside offering free slots: a department or all."""
    visit.member.require(Right.DECIDE)
    department_id = maybe_whole(arguments[0])
    where = await named_department(visit, department_id)
    found = await visit.desk.store.read(_read, visit, department_id)
    lines = [
        words.bold(f"Advice · {words.cut(where, words.LABEL)}"),
        *_overload_lines(visit, found, department_id),
        "",
        *_overbooking_lines(found.days, department_id),
    ]
    return Screen(
        "\n".join(lines), _buttons(department_id), join(ADVICE, department_id), department_id
    )


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments to choose from: page."""
    visit.member.require(Right.DECIDE)
    return await pick_department(visit, ADVICE, ADVICE_BY_DEPARTMENT, "Advice", arguments[0])


def _read(session: Session, visit: Visit, department_id: int | None) -> _Found:
    calendar, today = visit.desk.house.calendar, _today(visit)
    ahead = Span(today + timedelta(days=1), today + timedelta(days=DAYS))
    booked = Span(ahead.first, today + timedelta(days=DAYS_BOOKED))
    found = overloads(session, visit.member.departments, ahead, calendar)
    days = [] if department_id is None else overbooking(session, department_id, booked)
    return _Found(_about(found, department_id), days, risk.departments(session))


def _about(found: Overloads, department_id: int | None) -> Overloads:
    """What concerns one department, whether it is short of time or could help."""
    if department_id is None:
        return found
    return Overloads(
        tuple(it for it in found.shortages if it.overload.department_id == department_id),
        tuple(it for it in found.helps if department_id in (it.move.to, it.move.from_department)),
    )


def _overload_lines(visit: Visit, found: _Found, department_id: int | None) -> list[str]:
    shortages, helps = found.overloads.shortages, found.overloads.helps
    if not shortages:
        whom = "This department has" if department_id is not None else "All departments have"
        return [f"{whom} time for who waits in the next {DAYS} days, as far as sessions tell."]
    lines = [f"Short of time in the next {DAYS} days:"]
    lines += [_shortage_line(each, found.names) for each in shortages[:_SHORT]]
    lines += _more(len(shortages) - _SHORT)
    if not helps:
        lines.append("No clinician of another department has free time for the same visits.")
    else:
        zone = visit.desk.house.calendar.zone
        lines += ["", "Who could help:"]
        lines += [_help_line(each, found.names, zone) for each in helps[:_HELPS]]
        lines += _more(len(helps) - _HELPS)
        lines.append("Slotwise moves nothing: change it in the HMO's own system.")
    if visit.member.departments:
        lines.append("Other departments than yours are not looked at.")
    return lines


def _more(number: int) -> list[str]:
    return [f"and {words.number(number)} more"] if number > 0 else []


def _shortage_line(shortage: Shortage, names: Mapping[int, str]) -> str:
    """`Cardiology, follow-up: 41 waiting, 0.0 h free, 13.7 h short`."""
    about = shortage.overload
    name = words.cut(names.get(about.department_id, "?"), _NAME)
    kind = f", {about.visit_type}" if about.visit_type else ""
    return words.plain(
        f"{name}{kind}: {words.number(shortage.waiting)} waiting, "
        f"{shortage.free_hours:,.1f} h free, {about.hours:,.1f} h short"
    )


def _help_line(found: Help, names: Mapping[int, str], zone: ZoneInfo) -> str:
    """`Dr. Levi Tue 01 Dec 10:00–12:00 Neurology → Cardiology (41 waiting, 0.0 h free)`."""
    move, start, until = found.move, found.start.astimezone(zone), found.until.astimezone(zone)
    from_, to = (words.cut(names.get(key, "?"), _NAME) for key in (move.from_department, move.to))
    return words.plain(
        f"{words.cut(found.clinician, _NAME)} {start:%a %d %b %H:%M}–{until:%H:%M} {from_} → {to} "
        f"({move.visit_type}, {move.hours:,.1f} h; {words.number(found.shortage.waiting)} waiting, "
        f"{found.shortage.free_hours:,.1f} h free)"
    )


def _overbooking_lines(days: Sequence[DayAdvice], department_id: int | None) -> list[str]:
    if department_id is None:
        return ["Choose a department to see how many more its coming days would bear."]
    if not any(each.known for each in days):
        return [
            "How many more its days would bear cannot be told: no booked visit of the next "
            f"{DAYS_BOOKED} days has a no-show chance."
        ]
    return [
        f"What the next {DAYS_BOOKED} days would bear:",
        words.block([_HEAD, *(day_line(each) for each in days)]),
        "miss = expected no-shows; more = visits beyond the seats, as many as collide on "
        f"{MOST_COLLISIONS:.0%} of such days at most; coll. = expected collisions",
        "Slotwise books none of it: those would wait who are thought least likely to come.",
    ]


def day_line(each: DayAdvice) -> str:
    """A line of 34 columns: `Tue 01 Dec     24   3.1   +1  0.05`."""
    found = each.advice
    more = f"+{found.extra}"
    return (
        f"{words.short_day(each.day):10}{words.number(each.booked):>7}"
        f"{found.expected_no_shows:>6.1f}{more:>5}{found.expected_collisions:>6.2f}"
    )


def _today(visit: Visit) -> date:
    return visit.desk.house.calendar.day_of(visit.desk.clock.now())


def _buttons(department_id: int | None) -> Buttons:
    return [
        [
            button("Waitlist", join(WAITLIST, department_id, 0)),
            button("Capacity", join(AVAILABILITY, department_id, 0)),
        ],
        [
            button("‹ Balance", View(department_id).address()),
            button("Department", join(ADVICE_BY_DEPARTMENT, 0)),
            button("Refresh", join(ADVICE, department_id)),
        ],
    ]
