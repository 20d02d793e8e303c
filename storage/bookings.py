"""Bookings: a freed slot is booked for who accepted it, and what they held before is given back."""

from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, select, update
from sqlmodel import Session, col

from domain.ages import age_group, age_on
from domain.answers import Answer, Source
from domain.criteria import House
from domain.notices import NoticeKind
from domain.statuses import Status
from domain.transfers import Kind, State
from storage import actions, counters, giving_back, notices
from storage.selecting import IS_BOOKED
from storage.tables import (
    Action,
    Appointment,
    BackfillRow,
    Notice,
    Patient,
    PatientAnswer,
    Waiting,
    key_of,
)

OURS: Final = "slotwise-"
"""What the external ids of our bookings begin with, until the HMO has booked them too."""

REPLACEMENT: Final = "replacement"
"""The reason of the action that a replacement counts by."""

SWAPPED: Final = "patient accepted an earlier slot"

_ABOUT_THE_VISIT: Final = (NoticeKind.CONFIRM, NoticeKind.REMINDER)


def own_booking(session: Session, waiting: Waiting, slot: Appointment) -> Appointment | None:
    """What a waiting patient has booked in the slot's department, after it: the next one."""
    return session.scalars(
        select(Appointment)
        .where(
            IS_BOOKED,
            col(Appointment.patient_id) == waiting.patient_id,
            col(Appointment.department_id) == slot.department_id,
            col(Appointment.start) > slot.start,
        )
        .order_by(col(Appointment.start), col(Appointment.id))
        .limit(1)
    ).first()


def is_busy(session: Session, patient_id: int, slot: Appointment) -> bool:
    """Whether a patient has another visit booked at the very start of a slot."""
    other = exists().where(
        IS_BOOKED,
        col(Appointment.patient_id) == patient_id,
        col(Appointment.start) == slot.start,
        col(Appointment.id) != key_of(slot),
    )
    return bool(session.scalar(select(other)))


def book(
    session: Session, backfill: BackfillRow, slot: Appointment, waiting: Waiting, now: datetime
) -> Appointment:
    """Book a slot for a waiting patient; it counts by an action of its own.

    That action takes over who authorised the slot's transfer and when, so the Efficiency Gain
    goes on counting the slot once the first patient's appointment is cancelled.
    """
    age, group = _age(session, waiting.patient_id, slot)
    booking = Appointment(
        external_id=f"{OURS}{key_of(backfill)}",
        patient_id=waiting.patient_id,
        department_id=slot.department_id,
        clinician_id=slot.clinician_id,
        start=slot.start,
        day=slot.day,
        status=Status.BOOKED,
        booked_at=now,
        age=age,
        age_group=group,
        duration=slot.duration,
    )
    counters.add_booked(session, booking)
    first = session.get_one(Action, backfill.action_id)
    session.add(
        Action(
            appointment_id=key_of(booking),
            kind=Kind.TRANSFER,
            state=State.AUTHORIZED,
            decided_by=first.decided_by,
            decided_at=first.decided_at,
            reason=REPLACEMENT,
        )
    )
    session.flush()
    actions.refresh_state(session, booking)
    return booking


def cancel(session: Session, appointment: Appointment, now: datetime) -> None:
    """Cancel an appointment, also while the feed still says that it is booked.

    Nothing more is asked or said about the visit.
    """
    key = key_of(appointment)
    notices.drop(
        session,
        col(Notice.appointment_id) == key,
        col(Notice.kind).in_(_ABOUT_THE_VISIT),
        now=now,
    )
    counters.apply_status_change(session, key, Status.CANCELLED, now)
    session.execute(update(Appointment).where(col(Appointment.id) == key).values(released_at=now))
    session.refresh(appointment)


def give_back(
    session: Session, booking: Appointment, source: Source, house: House, now: datetime
) -> None:
    """What a patient held before they accepted another slot is free for others.

    If its transfer was authorised it is offered on; otherwise managers are asked.
    """
    key = key_of(booking)
    giving_back.overtake(session, key, now, *Answer)
    counters.apply_status_change(session, key, Status.CANCELLED, now)
    answer = PatientAnswer(appointment_id=key, answer=Answer.CANCEL, source=source, at=now)
    session.add(answer)
    session.flush()
    following = giving_back.hand_on(session, key, now)
    if following is not None:
        answer.action_id = following.action_id
    else:
        proposed = actions.propose_given_back(session, key, SWAPPED, now, house.threshold)
        answer.action_id = proposed.action.id if proposed.action else None
    session.flush()


def _age(session: Session, patient_id: int, slot: Appointment) -> tuple[int | None, int]:
    """A patient's age on the day of the slot, as far as it is known, and its group."""
    patient = session.get_one(Patient, patient_id)
    if patient.birth_date:
        age: int | None = age_on(slot.day, patient.birth_date)
    else:
        age = session.scalar(
            select(func.max(col(Appointment.age))).where(col(Appointment.patient_id) == patient_id)
        )
    return age, age_group(age)
