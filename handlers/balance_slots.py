"""`Slots`, of `/balance`: whom each free slot is for."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from domain.balance.plan import in_order
from handlers import words
from handlers.addresses import whole
from handlers.balance_figures import proposal_lines, unfilled_lines
from handlers.balance_plan import confirm_row, title_of, worked_out
from handlers.balance_view import SLOTS, View
from handlers.no_provider import no_provider_lines
from handlers.paging import Pages, pager
from handlers.screens import Screen, Visit, button
from storage.tables import Patient

PAGE: Final = 10


async def slots(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Whom each slot is for: a department or all, the cap, page."""
    view, page = View.read(arguments), whole(arguments[2])
    found = await worked_out(visit, view)
    calendar, now = visit.desk.house.calendar, visit.desk.clock.now()
    plan = found.draft.plan
    proposed = {proposal.slot.backfill_id: proposal for proposal in plan.proposals}
    every = in_order([*(proposal.slot for proposal in plan.proposals), *plan.unfilled])
    pages = Pages(page, len(every), PAGE)
    pages = Pages(min(page, pages.last), pages.total, PAGE)
    shown = pages.cut(every)
    patients = [
        proposed[slot.backfill_id].candidate.patient_id
        for slot in shown
        if slot.backfill_id in proposed
    ]
    references = await visit.desk.store.read(references_of, patients)
    rows: list[str] = []
    for slot in shown:
        proposal, department = proposed.get(slot.backfill_id), found.names[slot.department_id]
        if proposal is None:
            rows += unfilled_lines(slot, department, calendar)
        else:
            reference = references[proposal.candidate.patient_id]
            rows += proposal_lines(proposal, department, reference, calendar, now)
    lines = [title_of(found), f"{words.count(len(every), 'free slot')}{pages.part}, soonest first"]
    lines += no_provider_lines(visit.desk.house.manners)
    if rows:
        lines.append(words.block(rows))
        lines.append("% = accepts and comes; others are asked too, and the first to accept has it")
    return Screen(
        "\n".join(lines),
        [
            *confirm_row(found),
            *pager(pages, lambda to: view.address(SLOTS, to)),
            [button("‹ Balance", view.address())],
        ],
        view.address(SLOTS, pages.page),
        view.department_id,
        keeps_picture=True,
    )


def references_of(session: Session, patients: Sequence[int]) -> dict[int, str]:
    """The references of some patients, by key."""
    wanted = select(col(Patient.id), col(Patient.reference)).where(col(Patient.id).in_(patients))
    return dict(session.execute(wanted).all())
