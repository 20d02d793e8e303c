"""`To confirm by phone`, of `/today`: patients of authorised slots whom a person has to ask."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.people import Right
from handlers import words
from handlers.addresses import join, whole
from handlers.call_list import TO_CONFIRM, TODAY
from handlers.paging import Pages, pager
from handlers.risk_list import row_buttons
from handlers.screens import Buttons, Screen, Visit, button
from storage import to_confirm as storage
from storage.efficiency import figures_version
from storage.to_confirm import ToConfirm, ToConfirmPage

PAGE: Final = 8


async def to_confirm(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Whom to call, who asked for it first, then the soonest: page."""
    visit.member.require(Right.CALL)
    page = whole(arguments[0])
    version, found = await visit.desk.store.read(_read, visit, page)
    pages = Pages(page, found.total, PAGE)
    if page > pages.last:
        return await to_confirm(visit, [str(pages.last)])
    here = join(TO_CONFIRM, page)
    return Screen(_text(visit, found, pages), _buttons(found, pages, here), here, version=version)


def _read(session: Session, visit: Visit, page: int) -> tuple[int, ToConfirmPage]:
    version = figures_version(session, None)
    now, part = visit.desk.clock.now(), (page * PAGE, PAGE)
    return version, storage.to_confirm(session, visit.member.departments, now, part)


def _text(visit: Visit, found: ToConfirmPage, pages: Pages) -> str:
    lines = [words.bold("To confirm by phone")]
    if not found.rows:
        lines.append(
            "Nobody is left to be called. Patients of authorized slots who cannot be asked by "
            "message, or do not answer, appear here."
        )
        return "\n".join(lines)
    lines += [
        f"{words.count(found.total, 'appointment')}{pages.part}",
        "Who asks to be called first, then the soonest. Open a card to note how the call ended.",
    ]
    block = [
        line
        for place, each in enumerate(found.rows, pages.first)
        for line in _row(visit, place, each)
    ]
    return "\n".join(lines) + "\n" + words.block(block)


def _row(visit: Visit, place: int, each: ToConfirm) -> list[str]:
    """The two or three monospaced lines of an appointment, at most 34 columns wide."""
    zone, now = visit.desk.house.calendar.zone, visit.desk.clock.now()
    why = f" · {each.why.value}"
    lines = [
        words.cut(
            f"{place} {each.row.reference} {words.short_moment(each.row.start, zone)}", words.WIDTH
        ),
        f"  {words.cut(each.row.department, words.WIDTH - 2 - len(why))}{why}",
    ]
    if each.last:
        when = words.clock_time(each.last.at, zone, now)
        told = f"{words.CALLS[each.last.outcome]} {when} {each.last.by}"
        lines.append(f"  {words.cut(told, words.WIDTH - 2)}")
    return lines


def _buttons(found: ToConfirmPage, pages: Pages, here: str) -> Buttons:
    rows = row_buttons([each.row for each in found.rows], here, pages.first)
    rows += pager(pages, lambda to: join(TO_CONFIRM, to))
    rows.append([button("Call list", join(TODAY, 0)), button("Refresh", here)])
    return rows
