"""A plan of free slots that was sent: until when its offers hold, and what became of them."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.offers import OfferState
from domain.people import Member, Right
from handlers import words
from handlers.addresses import join, whole
from handlers.balance_view import SENT, View
from handlers.screens import Screen, Visit, button
from storage import sent_plans
from storage.efficiency import figures_version
from storage.sent_plans import SentPlanView

NAMED: Final = 10
"""References that are told one by one."""

_STATES: Final = {
    OfferState.OPEN: "open",
    OfferState.ACCEPTED: "accepted",
    OfferState.DECLINED: "declined",
    OfferState.GONE: "too late, another patient was first",
    OfferState.EXPIRED: "expired",
    OfferState.WITHDRAWN: "withdrawn",
}


async def sent_plan(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What became of a plan: which."""
    visit.member.require(Right.DECIDE)
    version, found = await visit.desk.store.read(_read, visit.member, whole(arguments[0]))
    here = join(SENT, found.id)
    return Screen(
        "\n".join([words.bold("Offers sent"), *_lines(visit, found)]),
        [[button("Balance", View().address()), button("Refresh", here)]],
        here,
        version=version,
        keeps_picture=True,
    )


def _read(session: Session, member: Member, sent_plan_id: int) -> tuple[int, SentPlanView]:
    return figures_version(session, None), sent_plans.sent_plan(session, member, sent_plan_id)


def _lines(visit: Visit, found: SentPlanView) -> list[str]:
    house, now = visit.desk.house, visit.desk.clock.now()
    zone = house.calendar.zone
    made = words.count(sum(found.offers.values()), "offer")
    sent = words.clock_time(found.sent_at, zone, now)
    lines = [
        f"{made} for {words.count(found.slots, 'slot')}, {sent} by {words.plain(found.sent_by)}"
    ]
    out_at = house.manners.free_at(found.sent_at, house.calendar)
    if out_at > found.sent_at:
        lines.append(f"They go out after quiet hours, {words.clock_time(out_at, zone, now)}")
    if found.until is not None:
        lines.append(f"They hold until {words.clock_time(found.until, zone, now)} at the latest")
    told = [
        f"{words.number(found.offers[state])} {said}"
        for state, said in _STATES.items()
        if found.offers.get(state)
    ]
    lines += [*([", ".join(told)] if told else []), *_unreached_lines(found), ""]
    lines.append("The first to accept a slot is booked, and you are told.")
    return lines


def _unreached_lines(found: SentPlanView) -> list[str]:
    """`Could not be reached: P-7K3MQD, P-Q2D8XN …`."""
    if not found.unreached:
        return []
    more = len(found.unreached) - NAMED
    named = ", ".join(found.unreached[:NAMED])
    return [
        f"Could not be reached: {named}" + (f" and {words.number(more)} more" if more > 0 else "")
    ]
