"""The summary for staff: whom to think of today and tomorrow."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlmodel import Session

from domain.criteria import Criteria, Selection
from domain.days import Span
from domain.gains import Realised
from handlers import won_back, words
from handlers.addresses import join, pack
from handlers.call_list import TODAY, confirm_buttons
from handlers.chances import shows_chances
from handlers.moments import told_alike
from handlers.risk_list import (
    LIST,
    criteria_line,
    row_buttons,
    row_lines,
    selected,
)
from handlers.screens import Buttons, Screen, Visit, button
from handlers.transfers import PENDING
from storage import proposals, risk
from storage.expectations import expected
from storage.mornings import PUSHED_SUMMARY
from storage.risk import RiskRow
from storage.to_confirm import number_to_confirm

ROWS: Final = 8
"""Appointments that are shown, …"""
_OF_TODAY: Final = 5
"""… and of today at most."""

Expected = list[float | None]
"""Expected no-shows of today and tomorrow; `None` where there is no telling."""

_TODAY: Final = Criteria(1)
_WEEK: Final = Criteria()


@dataclass(frozen=True)
class _Found:
    """How many high-risk appointments there are, and the most urgent of either day."""

    today: int
    tomorrow: int
    week: int
    expected: Expected
    rows_today: list[RiskRow]
    rows_tomorrow: list[RiskRow]
    waiting: int
    won: Realised
    unsure: int

    @property
    def rows(self) -> list[RiskRow]:
        return self.rows_today + self.rows_tomorrow


async def summary(visit: Visit) -> Screen:
    """The counts, and the most urgent appointments with a button each."""
    found = await told_alike(visit, PUSHED_SUMMARY, lambda: visit.desk.store.read(_read, visit))
    lines = [
        days_line(found.today, found.tomorrow),
        *expected_lines(found.expected),
        words.plain(criteria_line(visit, _TODAY, None)),
    ]
    if found.rows:
        likely = shows_chances(found.rows)
        lines += [words.most_first(likely=likely), words.block(_block(visit, found))]
    elif found.week:
        lines.append(f"{words.number(found.week)} in the next {_WEEK.days} days, on the risk list")
    else:
        lines.append(f"None in the next {_WEEK.days} days either")
    if found.waiting:
        lines.append(f"{words.count(found.waiting, 'proposal')} waiting for a manager")
    lines += unsure_lines(found.unsure)
    lines += won_back.summary_lines(found.won)
    return Screen("\n".join(lines), _buttons(found))


def days_line(today: int, tomorrow: int) -> str:
    """`5 high-risk appointments today, 12 tomorrow`."""
    if not (today or tomorrow):
        return "No high-risk appointment today or tomorrow"
    first = words.count(today, "high-risk appointment") if today else "No high-risk appointment"
    return f"{first} today, {words.number(tomorrow) if tomorrow else 'none'} tomorrow"


def expected_lines(numbers: Expected) -> list[str]:
    """`Expected no-shows among them: 2 today, 4 tomorrow`; nothing while no model can say."""
    told = [
        f"{words.expected(number)} {day}"
        for number, day in zip(numbers, ("today", "tomorrow"), strict=True)
        if number is not None
    ]
    return [f"Expected no-shows among them: {', '.join(told)}"] if told else []


def unsure_lines(number: int) -> list[str]:
    """`3 to confirm by phone`; nothing if there is nobody."""
    return [f"{words.number(number)} to confirm by phone"] if number else []


def expected_of(session: Session, *days: Selection) -> Expected:
    """The no-shows to expect of each day's high-risk appointments."""
    found = [expected(session, day) for day in days]
    return [number[0] if number else None for number in found]


def today_and_tomorrow(visit: Visit) -> tuple[Selection, Selection]:
    """What is still to come today, and what comes tomorrow."""
    calendar, today = visit.desk.house.calendar, selected(visit, _TODAY)
    day = today.span.last + timedelta(days=1)
    tomorrow = Span(day, day)
    just_before = calendar.start_of(day) - timedelta(seconds=1)
    return today, replace(today, span=tomorrow, after=just_before, before=calendar.end_of(tomorrow))


def _read(session: Session, visit: Visit) -> _Found:
    today, tomorrow = today_and_tomorrow(visit)
    rows = risk.risk_rows(session, today, 0, _OF_TODAY)
    return _Found(
        today=risk.risk_totals(session, today)[0],
        tomorrow=risk.risk_totals(session, tomorrow)[0],
        week=risk.risk_totals(session, selected(visit, _WEEK))[0],
        expected=expected_of(session, today, tomorrow),
        rows_today=rows,
        rows_tomorrow=risk.risk_rows(session, tomorrow, 0, ROWS - len(rows)),
        waiting=proposals.waiting(session, visit.member, visit.desk.clock.now(), 0, 0).total,
        won=won_back.of_late(session, today, visit.desk.house.calendar),
        unsure=number_to_confirm(session, visit.member.departments, visit.desk.clock.now()),
    )


def _block(visit: Visit, found: _Found) -> list[str]:
    """The monospaced lines: what is most urgent of either day."""
    lines: list[str] = []
    place = 0
    for name, total, rows in (
        ("Today", found.today, found.rows_today),
        ("Tomorrow", found.tomorrow, found.rows_tomorrow),
    ):
        if rows:
            some = f", the first {len(rows)} of {words.number(total)}" if len(rows) < total else ""
            lines.append(f"{name}{some}")
        for row in rows:
            place += 1
            lines += row_lines(visit, place, row)
    return lines


def _buttons(found: _Found) -> Buttons:
    last = [button("Call list", join(TODAY, 0)), button("Risk list", join(LIST, pack(_WEEK), 0))]
    if found.waiting:
        last.append(button(words.see_proposals(found.waiting), join(PENDING, 0)))
    return [*row_buttons(found.rows, PUSHED_SUMMARY), *confirm_buttons(found.unsure), last]
