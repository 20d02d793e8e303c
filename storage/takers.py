"""Takers: the waiting patients who may be offered a slot now, and how likely each would come.

Who may be written to is decided as for every notice (`storage/notices.py`), by whole sets. A
patient with an open offer is not asked about another slot, and about each slot once.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS, age_group, age_on
from domain.backfills import FREE
from domain.balance.plan import Candidate
from domain.criteria import House
from domain.notices import Unsaid
from domain.offers import SEEN_WITHIN, OfferState, Seen
from domain.waiting import WaitState
from storage import notices
from storage.selecting import IS_BOOKED
from storage.tables import Appointment, BackfillRow, OfferRow, Patient, Waiting, key_of
from storage.visited import Pasts

_ENDED: Final = (OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED)


@dataclass(frozen=True)
class _Coming:
    """The next visit that a patient has in a department."""

    start: datetime
    chance: int
    """That they miss it, in thousandths; 0: not known."""


def takers(
    session: Session, departments: frozenset[int], house: House, now: datetime
) -> list[Candidate]:
    """Who waits and may be offered a slot now.

    Args:
        session: The unit of work.
        departments: Ids; empty means all.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    of_whom = _patients(departments)
    rows = session.execute(
        select(Waiting, Patient)
        .join(Patient, col(Patient.id) == col(Waiting.patient_id))
        .where(*_waits(departments), col(Patient.consent).is_(True))
        .order_by(col(Waiting.id))
    ).all()
    patients = {key_of(patient): patient for _, patient in rows}
    writable = notices.writable(session, patients.values(), house, now)
    free = writable.keys() - _with_open_offer(session, of_whom)
    pasts, coming = Pasts(session, of_whom, house.calendar), _comings(session, of_whom, now)
    barred, accepts = _barred(session, of_whom), seen(session, now).rate
    found = []
    for waiting, patient in rows:
        key, booked = key_of(patient), coming.get((waiting.patient_id, waiting.department_id))
        if key in free:
            one = Candidate(
                waiting_id=key_of(waiting),
                patient_id=key,
                department_id=waiting.department_id,
                urgency=waiting.urgency,
                since=waiting.since,
                earliest=waiting.earliest,
                latest=waiting.latest,
                notice_hours=waiting.notice_hours,
                visit_type=waiting.visit_type,
                p_accept_and_come=_chance(waiting, accepts, pasts, booked),
                times=pasts.times(key, waiting.department_id),
                group=_age_group(patient, pasts, house, now),
                has_booking_on=booked.start if booked else None,
                barred=barred.get(key, frozenset()),
            )
            found.append(one)
    return found


def unasked(
    session: Session, departments: frozenset[int], house: House, now: datetime
) -> dict[Unsaid, int]:
    """How many waiting patients may not be offered anything now, by the reason; most first.

    Args:
        session: The unit of work.
        departments: Ids; empty means all.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    patients = session.scalars(
        select(Patient).where(col(Patient.id).in_(_patients(departments)))
    ).all()
    channels = notices.channels_of(session, patients, house)
    open_to = [key for key, channel in channels.items() if not isinstance(channel, Unsaid)]
    had = notices.recent(session, open_to, now)
    why = Counter(channel for channel in channels.values() if isinstance(channel, Unsaid))
    why[Unsaid.ENOUGH] = sum(number >= house.manners.a_week for number in had.values())
    return {reason: number for reason, number in why.most_common() if number}


def seen(session: Session, now: datetime) -> Seen:
    """What became of the offers that ended lately."""
    accepted = func.count().filter(col(OfferRow.state) == OfferState.ACCEPTED)
    row = session.execute(
        select(func.count(), accepted).where(
            col(OfferRow.answered_at) > now - SEEN_WITHIN, col(OfferRow.state).in_(_ENDED)
        )
    ).one()
    return Seen(*row)


def _waits(departments: frozenset[int]) -> list[Any]:
    conditions: list[Any] = [col(Waiting.state) == WaitState.WAITING]
    if departments:
        conditions.append(col(Waiting.department_id).in_(departments))
    return conditions


def _patients(departments: frozenset[int]) -> Select[int]:
    return select(col(Waiting.patient_id)).where(*_waits(departments))


def _with_open_offer(session: Session, of_whom: Select[int]) -> set[int]:
    """Patients who have one, also through another place on a waitlist."""
    wanted = (
        select(col(Waiting.patient_id))
        .join(OfferRow, col(OfferRow.waiting_id) == col(Waiting.id))
        .where(col(Waiting.patient_id).in_(of_whom), col(OfferRow.state) == OfferState.OPEN)
    )
    return set(session.scalars(wanted))


def _barred(session: Session, of_whom: Select[int]) -> Mapping[int, frozenset[int]]:
    """Of each patient, the slots that they were offered before, and those that were their own."""
    offered = (
        select(col(Waiting.patient_id), col(OfferRow.backfill_id))
        .join(OfferRow, col(OfferRow.waiting_id) == col(Waiting.id))
        .join(BackfillRow, col(BackfillRow.id) == col(OfferRow.backfill_id))
        .where(col(Waiting.patient_id).in_(of_whom), col(BackfillRow.stage).in_(FREE))
    )
    own = (
        select(col(Appointment.patient_id), col(BackfillRow.id))
        .join(BackfillRow, col(BackfillRow.appointment_id) == col(Appointment.id))
        .where(col(Appointment.patient_id).in_(of_whom), col(BackfillRow.stage).in_(FREE))
    )
    found: dict[int, set[int]] = defaultdict(set)
    for patient_id, backfill_id in session.execute(offered.union(own)):
        found[patient_id].add(backfill_id)
    return {patient_id: frozenset(which) for patient_id, which in found.items()}


def _comings(
    session: Session, of_whom: Select[int], now: datetime
) -> dict[tuple[int, int], _Coming]:
    """The next booked visits, by patient and department."""
    rows = session.execute(
        select(
            col(Appointment.patient_id),
            col(Appointment.department_id),
            col(Appointment.start),
            col(Appointment.chance),
        )
        .where(IS_BOOKED, col(Appointment.patient_id).in_(of_whom), col(Appointment.start) > now)
        .order_by(col(Appointment.start).desc())
    )
    return {(patient, where): _Coming(start, chance) for patient, where, start, chance in rows}


def _age_group(patient: Patient, pasts: Pasts, house: House, now: datetime) -> str:
    if patient.birth_date:
        age: int | None = age_on(house.calendar.day_of(now), patient.birth_date)
    else:
        age = pasts.oldest(key_of(patient))
    return AGE_GROUPS[age_group(age)]


def _chance(waiting: Waiting, accepts: float, pasts: Pasts, booked: _Coming | None) -> float:
    """That a patient accepts an offer and then comes."""
    by_model = booked.chance / 1000 if booked else 0
    return accepts * (1 - (by_model or pasts.chance_to_miss(waiting.patient_id)))
