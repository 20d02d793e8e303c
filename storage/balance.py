"""Balance: the plan over all free slots, and sending what it proposes.

A plan is worked out anew each time from what holds, and changes nothing. `domain/balance` decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.backfills import Stage
from domain.balance.assignment import assign
from domain.balance.cap import Capped, with_cap
from domain.balance.dispatch import Wave, waves
from domain.balance.fitting import Fitting, fit
from domain.balance.idle import idle_hours
from domain.balance.outcome import Change, Outcome, outcome
from domain.balance.plan import Candidate, FreeSlot, Plan, digest
from domain.balance.ways import BALANCED, Way
from domain.criteria import House
from domain.notices import Unsaid
from domain.offers import wave_size
from domain.people import Member, Refused, Right
from storage import audit, sent_plans
from storage.free_slots import free_slots
from storage.locks import lock_appointments
from storage.tables import Appointment, BackfillRow, Department
from storage.takers import seen, takers, unasked
from storage.waves import send


@dataclass(frozen=True)
class Draft:
    """A plan, and what is to be known of it before it is sent.

    Attributes:
        waves: Whom each slot would be offered to at once.
        idle_hours: Of the free slots, by department, as expected once all waves are asked.
        outcome: What the plan changes in waits, its own proposals alone.
        cap: What a cap on the worst-off group's wait costs; `None` without one.
        unasked: How many who wait may not be offered anything now, and why.
    """

    plan: Plan
    waves: tuple[Wave, ...]
    idle_hours: Mapping[int, Change]
    outcome: Outcome
    cap: Capped | None
    unasked: Mapping[Unsaid, int]

    @property
    def slots(self) -> int:
        """How many slots are free."""
        return len(self.plan.proposals) + len(self.plan.unfilled)

    @property
    def offers(self) -> int:
        """To how many patients offers would go."""
        return sum(len(wave.candidates) for wave in self.waves)


@dataclass(frozen=True)
class Confirmed:
    """What became of a plan that was confirmed.

    Attributes:
        sent_plan_id: The plan as it was sent, now or before; `None` if it holds no more.
        offers: How many offers were made now.
    """

    sent_plan_id: int | None
    offers: int


def plan(
    session: Session,
    departments: frozenset[int],
    house: House,
    now: datetime,
    *,
    confirmed: bool = False,
    way: Way = BALANCED,
) -> Plan:
    """The plan that is worth the most over the free slots of some departments.

    Args:
        session: The unit of work.
        departments: Ids; empty means all.
        house: The HMO's calendar and manners.
        now: The present (aware).
        confirmed: Only slots that their patients gave back themselves, none let go in silence.
        way: Another rule, to compare with.
    """
    slots = free_slots(session, departments, house, now, confirmed=confirmed)
    waiting = takers(session, departments, house, now) if slots else []
    return way.plan(_fitting(slots, waiting, house, now))


def draft(
    session: Session,
    departments: frozenset[int],
    house: House,
    now: datetime,
    cap_days: int | None = None,
) -> Draft:
    """The same plan with all that a manager should know of it.

    Args:
        session: The unit of work.
        departments: Ids; empty means all.
        house: The HMO's calendar and manners.
        now: The present (aware).
        cap_days: The longest mean wait of an age group, in days, where one is wanted; that takes
            seconds for a thousand slots.
    """
    slots = free_slots(session, departments, house, now)
    waiting = takers(session, departments, house, now) if slots else []
    fitting = _fitting(slots, waiting, house, now)
    capped = with_cap(fitting, cap_days, now) if cap_days else None
    found = capped.plan if capped else assign(fitting)
    offers = seen(session, now)
    seats = wave_size(offers)
    sent = waves(fitting, found, lambda _: seats)
    return Draft(
        found,
        sent,
        idle_hours(sent, found.unfilled, offers.rate, house.calendar),
        capped.outcome if capped else outcome(found, now),
        capped,
        unasked(session, departments, house, now),
    )


def waves_of(
    session: Session, plan: Plan, house: House, now: datetime, way: Way = BALANCED
) -> tuple[Wave, ...]:
    """Whom each slot of a plan is offered to at once: as many as make it likely enough to fill."""
    slots = [*(each.slot for each in plan.proposals), *plan.unfilled]
    waiting = [*(each.candidate for each in plan.proposals), *plan.left]
    seats = wave_size(seen(session, now))
    return waves(_fitting(slots, waiting, house, now), plan, lambda _: seats, way.following)


def confirm(
    session: Session,
    member: Member,
    departments: frozenset[int],
    cap_days: int | None,
    shown: str,
    house: House,
    now: datetime,
) -> Confirmed:
    """Send the plan that a manager was shown, if it is still the same one.

    Args:
        session: The unit of work.
        member: Who confirms.
        departments: Ids, as the plan was asked for; empty means all.
        cap_days: … and its cap.
        shown: The digest of what they were shown.
        house: The HMO's calendar and manners.
        now: The present (aware).

    Raises:
        Refused: The member may not decide in one of the departments.
    """
    # Held before the plan is worked out: of two who confirm it at once, the second sees it sent.
    slots = select(col(BackfillRow.appointment_id)).where(col(BackfillRow.stage) == Stage.RELEASED)
    within = [col(Appointment.department_id).in_(departments)] if departments else []
    lock_appointments(session, col(Appointment.id).in_(slots), *within)
    by_now = draft(session, departments, house, now, cap_days)
    if by_now.waves and digest(by_now.plan) == shown:
        made = _send(session, member, by_now.plan, by_now.waves, house, now)
        if made:
            return Confirmed(sent_plans.latest(session, shown), made)
    return Confirmed(sent_plans.latest(session, shown), 0)


def send_plan(
    session: Session,
    member: Member,
    plan: Plan,
    house: House,
    now: datetime,
    way: Way = BALANCED,
) -> int:
    """Offer what a plan proposes; what does not hold any more is left out.

    Args:
        session: The unit of work in which the plan was worked out.
        member: Who sends it.
        plan: What they saw.
        house: The HMO's calendar and manners.
        now: The present (aware).
        way: By which rule the plan was made.

    Returns:
        How many offers were made.

    Raises:
        Refused: The member may not decide in one of the departments.
    """
    return _send(session, member, plan, waves_of(session, plan, house, now, way), house, now)


def _send(
    session: Session,
    member: Member,
    plan: Plan,
    sent: Sequence[Wave],
    house: House,
    now: datetime,
) -> int:
    for department_id in sorted({each.slot.department_id for each in plan.proposals}):
        if not member.may(Right.DECIDE, department_id):
            raise Refused(Right.DECIDE, session.get_one(Department, department_id).name)
    which = [wave.slot.backfill_id for wave in sent]
    slots = select(col(BackfillRow.appointment_id)).where(col(BackfillRow.id).in_(which))
    lock_appointments(session, col(Appointment.id).in_(slots))
    made: dict[int, int] = {}
    for wave in sent:
        chosen = [one.waiting_id for one in wave.candidates]
        offers = send(session, wave.slot.backfill_id, chosen, house, now)
        if offers:
            made[wave.slot.backfill_id] = offers
    offers = sum(made.values())
    if made:
        sent_plans.note(session, digest(plan), member.id, made, now)
        audit.record(session, "send plan", at=now, member_id=member.id, offers=offers)
    return offers


def _fitting(
    slots: list[FreeSlot], waiting: list[Candidate], house: House, now: datetime
) -> Fitting:
    """Who suits what once offers can go out: notice is counted from the end of quiet hours."""
    sent_at = house.manners.free_at(now, house.calendar)
    return fit(slots, waiting, house.calendar, sent_at)
