"""`/corrections`: how many recorded no-shows were excused, by reason and by department."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.corrections import IN_WORDS, Excuse
from domain.days import Span
from domain.people import Right
from handlers import words
from handlers.addresses import UnknownAddress, join, whole
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Screen, Visit, button
from storage import corrections
from storage.corrections import Corrected
from storage.efficiency import figures_version

REPORT: Final = "corrections"

PAGE: Final = 12
PERIODS: Final = (30, 90, 365)


async def report(visit: Visit, arguments: Sequence[str]) -> Screen:
    """How many recorded no-shows are excused, by department: days back, page."""
    visit.member.require(Right.AUDIT)
    days, page = whole(arguments[0]), whole(arguments[1])
    if days not in PERIODS:
        raise UnknownAddress(arguments[0])
    span = visit.desk.house.calendar.back(visit.desk.clock.now(), days)
    version, found = await visit.desk.store.read(_read_report, visit, span)
    pages = Pages(min(page, Pages(0, len(found), PAGE).last), len(found), PAGE)
    return Screen(
        text=_report_text(days, span, found, pages),
        buttons=_report_buttons(days, pages),
        address=join(REPORT, days, pages.page),
        version=version,
    )


def _read_report(session: Session, visit: Visit, span: Span) -> tuple[int, list[Corrected]]:
    begin = visit.desk.house.calendar.start_of(span.first)
    version = figures_version(session, None)
    return version, corrections.corrected(session, visit.member.sees(()), span, begin)


def _report_text(days: int, span: Span, found: Sequence[Corrected], pages: Pages) -> str:
    recorded, excused = sum(each.recorded for each in found), sum(each.excused for each in found)
    lines = [
        f"{words.bold('Corrections')} · last {days} days",
        f"Appointments of {span.first:%d %b %Y} – {span.last:%d %b %Y}",
    ]
    if not found:
        lines.append("\nNo recorded no-show here. A longer period or new data may hold some.")
        return "\n".join(lines)
    reasons = [
        f"{IN_WORDS[reason]} {words.number(sum(each.reasons.get(reason, 0) for each in found))}"
        for reason in Excuse
    ]
    share = f"{words.per_cent(100 * excused / recorded)} ({words.number(excused)}"
    lines += [
        f"Excused {share} ÷ {words.count(recorded, 'recorded no-show')})",
        ", ".join(reasons).capitalize(),
        "",
        f"{words.count(len(found), 'department')}, most excused first",
    ]
    shown = [(each.department, each.excused, each.recorded) for each in pages.cut(found)]
    return "\n".join(lines) + "\n" + words.block(words.share_lines(shown))


def _report_buttons(days: int, pages: Pages) -> Buttons:
    periods = [
        button(f"• {each} d" if each == days else f"{each} d", join(REPORT, each, 0))
        for each in PERIODS
    ]
    turning = pager(pages, lambda to: join(REPORT, days, to))
    return [periods, *turning, [button("Refresh", join(REPORT, days, pages.page))]]
