"""Balance: the plan over all free slots, and sending what it proposes.

A plan is worked out anew each time from what holds, and changes nothing. `domain/balance` decides.
"""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.balance.assignment import assign
from domain.balance.dispatch import Wave, waves
from domain.balance.fitting import Fitting, fit
from domain.balance.plan import Candidate, FreeSlot, Plan
from domain.criteria import House
from domain.offers import wave_size
from domain.people import Member, Refused, Right
from storage import audit
from storage.free_slots import free_slots
from storage.locks import lock_appointments
from storage.tables import Appointment, BackfillRow, Department
from storage.takers import seen, takers
from storage.waves import send


def plan(
    session: Session,
    departments: frozenset[int],
    house: House,
    now: datetime,
    *,
    confirmed: bool = False,
) -> Plan:
    """The plan that is worth the most over the free slots of some departments.

    Args:
        session: The unit of work.
        departments: Ids; empty means all.
        house: The HMO's calendar and manners.
        now: The present (aware).
        confirmed: Only slots that their patients gave back themselves, none let go in silence.
    """
    slots = free_slots(session, departments, house, now, confirmed=confirmed)
    waiting = takers(session, departments, house, now) if slots else []
    return assign(_fitting(slots, waiting, house, now))


def waves_of(session: Session, plan: Plan, house: House, now: datetime) -> tuple[Wave, ...]:
    """Whom each slot of a plan is offered to at once: as many as make it likely enough to fill."""
    slots = [*(each.slot for each in plan.proposals), *plan.unfilled]
    waiting = [*(each.candidate for each in plan.proposals), *plan.left]
    seats = wave_size(seen(session, now))
    return waves(_fitting(slots, waiting, house, now), plan, lambda _: seats)


def send_plan(session: Session, member: Member, plan: Plan, house: House, now: datetime) -> int:
    """Offer what a plan proposes; what does not hold any more is left out.

    Args:
        session: The unit of work in which the plan was worked out.
        member: Who sends it.
        plan: What they saw.
        house: The HMO's calendar and manners.
        now: The present (aware).

    Returns:
        How many offers were made.

    Raises:
        Refused: The member may not decide in one of the departments.
    """
    for department_id in sorted({each.slot.department_id for each in plan.proposals}):
        if not member.may(Right.DECIDE, department_id):
            raise Refused(Right.DECIDE, session.get_one(Department, department_id).name)
    sent = waves_of(session, plan, house, now)
    which = [wave.slot.backfill_id for wave in sent]
    slots = select(col(BackfillRow.appointment_id)).where(col(BackfillRow.id).in_(which))
    lock_appointments(session, col(Appointment.id).in_(slots))
    made = 0
    for wave in sent:
        chosen = [one.waiting_id for one in wave.candidates]
        made += send(session, wave.slot.backfill_id, chosen, house, now)
    audit.record(session, "send plan", at=now, member_id=member.id, offers=made)
    return made


def _fitting(
    slots: list[FreeSlot], waiting: list[Candidate], house: House, now: datetime
) -> Fitting:
    """Who suits what once offers can go out: notice is counted from the end of quiet hours."""
    sent_at = house.manners.free_at(now, house.calendar)
    return fit(slots, waiting, house.calendar, sent_at)
