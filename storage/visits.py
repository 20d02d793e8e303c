"""What patients are told and shown: their visit, and what a notice is about, found by the notice.

Nothing in here leaves the house but to the patient themselves: departments and times, no names.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.answers import Holds
from domain.backfills import Stage
from domain.notices import Channel, NoticeKind
from domain.policies import Silence
from domain.statuses import Status
from storage import answers, backfills, notices, policies
from storage.tables import (
    Appointment,
    Department,
    Notice,
    OfferRow,
    Patient,
    key_of,
)


@dataclass(frozen=True)
class Addressee:
    """Whom a notice was written to.

    Attributes:
        channel: How it reached them.
        offer_id: The offer that it makes, if it makes one.
        language: As the feed tells it.
        stopped: Whether they want no messages any more.
    """

    patient_id: int
    channel: Channel
    offer_id: int | None
    language: str | None
    stopped: bool


@dataclass(frozen=True)
class VisitView:
    """A patient's own visit.

    Attributes:
        department: Its name.
        start: When it starts (aware).
        holds: What holds of it now.
        language: The patient's, as the feed tells it.
        deadline: By when they were asked to answer, while an answer is waited for (aware).
        released_by_silence: Whether the slot may go to another patient without one.
    """

    appointment_id: int
    department: str
    start: datetime
    holds: Holds
    language: str | None
    deadline: datetime | None = None
    released_by_silence: bool = False


@dataclass(frozen=True)
class NoticeView:
    """What a notice tells.

    Attributes:
        department: The name of the department of the visit or the slot.
        start: When that starts (aware).
        language: The patient's, as the feed tells it.
        until: By when an answer is waited for: to a question its deadline, to an offer its expiry
            (aware).
        released_by_silence: Whether the slot may go to another patient without an answer.
        own_start: When the visit starts that the patient would give up for an offered slot (aware).
    """

    notice_id: int
    kind: NoticeKind
    channel: Channel
    department: str
    start: datetime
    language: str | None
    until: datetime | None = None
    released_by_silence: bool = False
    own_start: datetime | None = None


def addressee(session: Session, notice_id: int) -> Addressee | None:
    """Whom a notice was written to, or `None` if there is none of that id any more."""
    notice = session.get(Notice, notice_id)
    if notice is None:
        return None
    patient = session.get_one(Patient, notice.patient_id)
    return Addressee(
        patient_id=notice.patient_id,
        channel=notice.channel,
        offer_id=notice.offer_id,
        language=patient.language,
        stopped=notices.has_stopped(session, patient),
    )


def look(session: Session, notice_id: int, now: datetime) -> VisitView | None:
    """The visit that a notice asks about, as it stands.

    `None` if there is no such notice any more, or if the visit is not that of whom it was written
    to: an offer's slot is another patient's, who alone may speak for it.
    """
    notice = session.get(Notice, notice_id)
    if notice is None:
        return None
    appointment = session.get_one(Appointment, notice.appointment_id)
    if appointment.patient_id != notice.patient_id:
        return None
    until, by_silence = _deadline(session, appointment)
    return VisitView(
        appointment_id=notice.appointment_id,
        department=_department(session, appointment),
        start=appointment.start,
        holds=answers.look(session, notice.appointment_id, now).holds,
        language=session.get_one(Patient, notice.patient_id).language,
        deadline=until,
        released_by_silence=by_silence,
    )


def told(session: Session, notice_id: int) -> NoticeView | None:
    """What a notice tells, as of now; `None` if there is none of that id any more."""
    notice = session.get(Notice, notice_id)
    if notice is None:
        return None
    appointment = session.get_one(Appointment, notice.appointment_id)
    until, by_silence, own_start = None, False, None
    if notice.kind is NoticeKind.OFFER and notice.offer_id is not None:
        until = session.get_one(OfferRow, notice.offer_id).expires_at
        own_start = _own_start(session, notice.patient_id, appointment)
    elif notice.kind is NoticeKind.CONFIRM:
        until, by_silence = _deadline(session, appointment)
    return NoticeView(
        notice_id=key_of(notice),
        kind=notice.kind,
        channel=notice.channel,
        department=_department(session, appointment),
        start=appointment.start,
        language=session.get_one(Patient, notice.patient_id).language,
        until=until,
        released_by_silence=by_silence,
        own_start=own_start,
    )


def _department(session: Session, appointment: Appointment) -> str:
    return session.get_one(Department, appointment.department_id).name


def _deadline(session: Session, appointment: Appointment) -> tuple[datetime | None, bool]:
    """By when an answer is waited for, and whether the slot may go to another without one."""
    backfill = backfills.open_of(session, key_of(appointment))
    if backfill is None or backfill.stage is not Stage.ASKING or backfill.deadline_at is None:
        return None, False
    policy = policies.policy_of(session, appointment.department_id)
    return backfill.deadline_at, policy.silence is Silence.RELEASE


def _own_start(session: Session, patient_id: int, slot: Appointment) -> datetime | None:
    """When the patient's own visit to the slot's department starts, the first one after it."""
    own = (
        select(col(Appointment.start))
        .where(
            col(Appointment.patient_id) == patient_id,
            col(Appointment.start) > slot.start,
            col(Appointment.department_id) == slot.department_id,
            col(Appointment.status) == Status.BOOKED,
        )
        .order_by(col(Appointment.start))
        .limit(1)
    )
    return session.scalars(own).first()
