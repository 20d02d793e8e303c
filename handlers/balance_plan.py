"""A plan as it is worked out for one screen, and the buttons that send it or leave it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from domain.people import Right
from handlers import words
from handlers.balance_view import LEAVE, SEND, Shown, View
from handlers.department_pick import named_department
from handlers.screens import Buttons, Visit, button
from storage import risk
from storage.balance import Draft, draft
from storage.free_slots import number_offered


@dataclass(frozen=True)
class Found:
    """A plan with all that is told of it.

    Attributes:
        where: The departments in words.
        offered: Slots that are being offered now.
        names: Of all departments.
    """

    view: View
    where: str
    draft: Draft
    offered: int
    names: Mapping[int, str]


async def worked_out(visit: Visit, view: View) -> Found:
    """The plan as of now.

    Raises:
        domain.people.Refused: The visitor may not decide there.
    """
    visit.member.require(Right.DECIDE)
    where = await named_department(visit, view.department_id)
    return await visit.desk.store.read(_read, visit, view, where)


def _read(session: Session, visit: Visit, view: View, where: str) -> Found:
    departments = departments_of(visit, view)
    house, now = visit.desk.house, visit.desk.clock.now()
    return Found(
        view,
        where,
        draft(session, departments, house, now, view.cap or None),
        number_offered(session, departments),
        risk.departments(session),
    )


def departments_of(visit: Visit, view: View) -> frozenset[int]:
    """The departments that a view is about; none means all."""
    return visit.member.sees(() if view.department_id is None else (view.department_id,))


def title_of(found: Found) -> str:
    """The first line."""
    return words.bold(f"Balance · {words.cut(found.where, words.LABEL)}")


def confirm_row(found: Found) -> Buttons:
    """`Confirm 9` and `Cancel`; no row if nobody would be offered anything."""
    if not found.draft.offers:
        return []
    confirm = found.view.address(SEND, *Shown.of(found.draft).packed())
    return [
        [
            button(f"Confirm {words.number(found.draft.offers)}", confirm, "success"),
            button("Cancel", found.view.address(LEAVE)),
        ]
    ]
