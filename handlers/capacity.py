"""`Singled out by chance`, of `/settings`: how many of a day a department lists for their chance.

Only who may decide sees it. Every button names the number that is to hold.
"""

from collections.abc import Sequence
from typing import Final

from domain.people import Refused, Right
from handlers import words
from handlers.addresses import UnknownAddress, join, whole
from handlers.paging import Pages, pager
from handlers.screens import Answer, Buttons, Screen, Visit, button
from handlers.settings import CAPACITIES, SETTINGS
from storage import capacities
from storage.capacities import Capacity
from storage.model_uses import has_model

CAPACITY: Final = "capacity"
SET: Final = "setcapacity"

CHOICES: Final = (0, 3, 5, 10, 20)
"""Appointments a day."""
PAGE: Final = 10

_ABOUT: Final = (
    "Whoever missed enough before is high-risk. Beside them, the most likely no-shows of each "
    "day are listed, so many in each department."
)


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments with their numbers: page."""
    visit.member.require(Right.DECIDE)
    found = await visit.desk.store.read(capacities.capacities, visit.member.departments)
    pages = Pages(whole(arguments[0]), len(found), PAGE)
    pages = Pages(min(pages.page, pages.last), pages.total, PAGE)
    rows: Buttons = [
        [
            button(
                words.label(each.department, _a_day(each)),
                join(CAPACITY, each.department_id, pages.page),
            )
        ]
        for each in pages.cut(found)
    ]
    rows += pager(pages, lambda to: join(CAPACITIES, to))
    rows.append([button("‹ Settings", SETTINGS)])
    lines = [words.bold("Singled out by chance"), _ABOUT]
    if not await visit.desk.store.read(has_model):
        lines.append("No model is in charge now, so nobody is; what you choose holds once one is.")
    return Screen("\n".join(lines), rows, join(CAPACITIES, pages.page))


async def choose_number(visit: Visit, arguments: Sequence[str]) -> Screen:
    """How many a day: the department, then the page to go back to."""
    found, page = await _found(visit, whole(arguments[0])), whole(arguments[1])
    choices = [
        button(words.marked(str(number), number == found.a_day), _address(found, number, page))
        for number in CHOICES
    ]
    usual = ", the default" if found.is_usual else ""
    lines = [
        words.bold("Singled out by chance"),
        words.plain(f"{found.department}: {_a_day(found)}{usual}"),
        _ABOUT if found.a_day else "Nobody is listed for a chance alone here.",
    ]
    return Screen(
        "\n".join(lines),
        [choices, [button("‹ Departments", join(CAPACITIES, page))]],
        join(CAPACITY, found.department_id, page),
    )


async def choose(visit: Visit, arguments: Sequence[str]) -> Answer:
    """A choice: the department, how many a day, then the page to go back to."""
    key, number = whole(arguments[0]), whole(arguments[1])
    whole(arguments[2])
    if number not in CHOICES:
        raise UnknownAddress(arguments[1])
    await _found(visit, key)
    calendar, now = visit.desk.house.calendar, visit.desk.clock.now()
    changed = await visit.desk.store.write(
        capacities.change, visit.member, key, number, calendar, now
    )
    visit.desk.changed.set()
    screen = await choose_number(visit, [arguments[0], arguments[2]])
    return Answer(screen, f"{number} a day. Lists follow shortly." if changed else None)


async def _found(visit: Visit, department_id: int) -> Capacity:
    visit.member.require(Right.DECIDE)
    found = await visit.desk.store.read(capacities.capacities, [department_id])
    if not found:
        raise UnknownAddress(str(department_id))
    if not visit.member.may(Right.DECIDE, department_id):
        raise Refused(Right.DECIDE, found[0].department)
    return found[0]


def _a_day(found: Capacity) -> str:
    return f"{found.a_day} a day"


def _address(found: Capacity, number: int, page: int) -> str:
    return join(SET, found.department_id, number, page)
