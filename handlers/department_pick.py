"""Choosing the department that `/waitlist` and `/capacity` are about."""

from typing import Final

from handlers import words
from handlers.addresses import UnknownAddress, join, whole
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Screen, Visit, button
from storage import risk

WAITLIST: Final = "waitlist"
WAITLIST_DEPARTMENTS: Final = "waitlistdep"
AVAILABILITY: Final = "availability"
AVAILABILITY_DEPARTMENTS: Final = "availabilitydep"

PAGE: Final = 10


async def named_department(visit: Visit, department_id: int | None) -> str:
    """The name of the department, or `All departments`.

    Raises:
        UnknownAddress: There is no such department.
        domain.people.Refused: The visitor may not see it.
    """
    if department_id is None:
        return everywhere(visit)
    visit.member.sees((department_id,))
    name = await visit.desk.store.read(risk.department_name, department_id)
    if name is None:
        raise UnknownAddress(str(department_id))
    return name


def everywhere(visit: Visit) -> str:
    """`All departments`, or `Your departments` for who is limited to some."""
    return "Your departments" if visit.member.departments else "All departments"


async def pick_department(
    visit: Visit, purpose: str, chooser: str, title: str, argument: str
) -> Screen:
    """The departments by name.

    Args:
        visit: Who looks.
        purpose: The screen that the choice leads to: a department or `-`, then a page.
        chooser: This screen's own word.
        title: What the screen is called.
        argument: The page.
    """
    names = await visit.desk.store.read(risk.departments)
    seen = visit.member.sees(())
    found = sorted((name, key) for key, name in names.items() if not seen or key in seen)
    pages = Pages(whole(argument), len(found), PAGE)
    pages = Pages(min(pages.page, pages.last), pages.total, PAGE)
    rows: Buttons = [[button(everywhere(visit), join(purpose, None, 0))]]
    rows += [
        [button(words.cut(name, words.LABEL), join(purpose, key, 0))]
        for name, key in pages.cut(found)
    ]
    rows += pager(pages, lambda to: join(chooser, to))
    rows.append([button(f"‹ {title}", join(purpose, None, 0))])
    return Screen(words.bold("Choose a department"), rows, join(chooser, pages.page))
