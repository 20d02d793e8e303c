"""Answers: what patients say about their visits by page or SMS, and what follows in one step.

An answer holds until the patient says otherwise, by whatever way, or the HMO does. Giving a slot
back is theirs alone to undo, and only while nobody else has it.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select
from sqlmodel import Session, col

from domain.answers import ANSWERABLE, Answer, Holds, Reply, Source, Stop, Told, meaning
from domain.backfills import Stage, Step
from domain.criteria import House
from domain.notices import Channel, NoticeKind
from domain.statuses import Status
from storage import actions, audit, backfills, counters, giving_back, notices, offers
from storage.locks import lock_appointments, locked_appointment
from storage.notices import address_of
from storage.replies import last_notices
from storage.slots import given_back
from storage.tables import Appointment, BackfillRow, Notice, Patient, PatientAnswer, key_of

NOTE: Final = "patient cancelled by message"
TAKEN_BACK: Final = "the patient takes the slot back"

_HOLDS: Final = {
    Answer.CONFIRM: Holds.COMING,
    Answer.CANCEL: Holds.GIVEN_BACK,
    Answer.CALL_ME: Holds.TO_BE_CALLED,
}
"""What an answer brings about."""


def look(session: Session, appointment_id: int, now: datetime) -> Told:
    """What holds of a visit, as its patient is told."""
    return _told(session, session.get_one(Appointment, appointment_id), now)


def answer_visit(
    session: Session,
    appointment_id: int,
    answer: Answer,
    source: Source,
    house: House,
    now: datetime,
    reply_id: str | None = None,
) -> Told:
    """Take what a patient says about their visit; the same twice changes nothing more.

    Args:
        session: The unit of work.
        appointment_id: The visit.
        answer: What they say.
        source: By which way.
        house: The HMO's calendar and threshold.
        now: The present (aware).
        reply_id: The provider's id of an SMS, which it may bring twice.

    Returns:
        What holds now.
    """
    appointment = locked_appointment(session, appointment_id)
    told = _told(session, appointment, now)
    known = giving_back.answers_in_force(session, appointment_id)
    repeated = answer in known and told.holds is _HOLDS[answer]
    if told.holds not in ANSWERABLE or repeated or _is_known(session, reply_id):
        return told
    row = PatientAnswer(
        appointment_id=appointment_id, answer=answer, source=source, at=now, reply_id=reply_id
    )
    take = {Answer.CONFIRM: _keep, Answer.CANCEL: _cancel, Answer.CALL_ME: _ask_for_a_call}[answer]
    take(session, appointment, row, house, now)
    actions.touch_figures(session, [appointment.department_id])
    audit.record(
        session, "answer", at=now, appointment_id=appointment_id, answer=answer, source=source
    )
    return replace(_told(session, appointment, now), changed=True)


def stop_for(session: Session, patient_id: int, channel: Channel, now: datetime) -> None:
    """Never write to a patient again, whichever way; what they are asked is left to a person.

    Args:
        session: The unit of work.
        patient_id: Who said so.
        channel: By which way.
        now: The present (aware).
    """
    theirs = _are_asked([patient_id])
    lock_appointments(session, *theirs)
    patient = session.get_one(Patient, patient_id)
    for way in Channel:
        address = address_of(patient, way)
        if address:
            notices.stop(session, way, address, now)
    notices.drop(session, col(Notice.patient_id) == patient_id, now=now)
    for appointment in session.scalars(select(Appointment).where(*theirs)).all():
        giving_back.stay(session, appointment, now, Step.CALL)
        actions.touch_figures(session, [appointment.department_id])
    audit.record(session, "stop messages", at=now, channel=channel)


def take_reply(
    session: Session, sender: str, text: str, reply_id: str, house: House, now: datetime
) -> Reply:
    """Take an SMS: it answers the last notice that went to its sender's number.

    Where the words are not plain, or several patients share the number, nothing is decided by
    them: who was asked is called. Nothing of the text is kept.

    Args:
        session: The unit of work.
        sender: The sender's number (E.164).
        text: What they wrote.
        reply_id: The provider's id of it.
        house: The HMO's calendar and threshold.
        now: The present (aware).
    """
    if _is_known(session, reply_id):
        return Reply.ANSWERED
    said, last = meaning(text), last_notices(session, sender, now)
    if isinstance(said, Stop):
        notices.stop(session, Channel.SMS, sender, now)
        lock_appointments(session, *_are_asked([notice.patient_id for notice in last]))
        for notice in last:
            stop_for(session, notice.patient_id, Channel.SMS, now)
        return Reply.STOPPED
    if not last:
        return Reply.NOBODY
    if said is None or len(last) > 1:
        about = [notice.appointment_id for notice in last]
        lock_appointments(session, col(Appointment.id).in_(about))
        for notice in last:
            _leave_to_a_person(session, notice, house, now)
        return Reply.NOT_UNDERSTOOD
    return _take(session, last[0], said, reply_id, house, now)


_QUESTIONS: Final = frozenset({NoticeKind.CONFIRM, NoticeKind.REMINDER})


def _take(
    session: Session,
    notice: Notice,
    said: Answer,
    reply_id: str,
    house: House,
    now: datetime,
) -> Reply:
    if notice.kind in _QUESTIONS:
        about = (notice.appointment_id, said, Source.SMS)
        answer_visit(session, *about, house, now, reply_id)
        return Reply.ANSWERED
    if notice.offer_id is None or notice.kind is not NoticeKind.OFFER or said is Answer.CALL_ME:
        return Reply.NOT_UNDERSTOOD
    if said is Answer.CONFIRM:
        offers.accept(session, notice.offer_id, house, now, Source.SMS)
    else:
        offers.decline(session, notice.offer_id, house, now)
    return Reply.ANSWERED


def _leave_to_a_person(session: Session, notice: Notice, house: House, now: datetime) -> None:
    """Have whoever was asked called, unless they have answered before."""
    visit = notice.appointment_id
    if notice.kind in _QUESTIONS and look(session, visit, now).holds is Holds.UNANSWERED:
        answer_visit(session, visit, Answer.CALL_ME, Source.SMS, house, now)


def _are_asked(patients: Collection[int]) -> list[ColumnElement[bool]]:
    """The conditions of visits about which these patients are being asked."""
    asked = select(col(BackfillRow.appointment_id)).where(
        col(BackfillRow.stage) == Stage.ASKING,
        col(BackfillRow.appointment_id) == col(Appointment.id),
    )
    return [col(Appointment.patient_id).in_(patients), asked.correlate(Appointment).exists()]


def _is_known(session: Session, reply_id: str | None) -> bool:
    if reply_id is None:
        return False
    known = select(col(PatientAnswer.id)).where(col(PatientAnswer.reply_id) == reply_id)
    return session.scalar(known) is not None


def _told(session: Session, appointment: Appointment, now: datetime) -> Told:
    return Told(_holds(session, appointment, now), appointment.start)


def _holds(session: Session, appointment: Appointment, now: datetime) -> Holds:
    if backfills.is_filled(session, appointment):
        return Holds.TAKEN
    if appointment.start <= now:
        return Holds.STARTED
    is_free = given_back(session, key_of(appointment))
    if appointment.status is not Status.BOOKED and not is_free:
        return Holds.CHANGED
    return _said(session, key_of(appointment), is_free=is_free)


def _said(session: Session, appointment_id: int, *, is_free: bool) -> Holds:
    """What the patient has said of a visit that is theirs, or free to be taken back."""
    said = giving_back.answers_in_force(session, appointment_id)
    backfill = backfills.open_of(session, appointment_id)
    if Answer.CALL_ME in said:
        return Holds.TO_BE_CALLED
    if is_free:
        return Holds.GIVEN_BACK
    kept = backfill is not None and backfill.stage is Stage.KEPT
    return Holds.COMING if kept or Answer.CONFIRM in said else Holds.UNANSWERED


def _keep(
    session: Session, appointment: Appointment, row: PatientAnswer, _house: House, now: datetime
) -> None:
    """The patient comes: also to a slot that they gave back and nobody has yet."""
    key = key_of(appointment)
    if given_back(session, key):
        counters.apply_status_change(session, key, Status.BOOKED, now)
    giving_back.take_back(session, None, key, now, TAKEN_BACK)
    session.add(row)
    session.flush()
    session.refresh(appointment)
    giving_back.stay(session, appointment, now)


def _cancel(
    session: Session, appointment: Appointment, row: PatientAnswer, house: House, now: datetime
) -> None:
    """The patient does not come: the slot is free, for waiting patients or for managers first."""
    key = key_of(appointment)
    was_given_back = given_back(session, key)
    giving_back.overtake(session, key, now, Answer.CONFIRM, Answer.CALL_ME)
    session.add(row)
    session.flush()
    if was_given_back:
        return
    counters.apply_status_change(session, key, Status.CANCELLED, now)
    backfill = giving_back.hand_on(session, key, now)
    if backfill is not None:
        row.action_id = backfill.action_id
    else:
        proposed = actions.propose_given_back(session, key, NOTE, now, house.threshold)
        row.action_id = proposed.action.id if proposed.action else None
    session.flush()
    session.refresh(appointment)


def _ask_for_a_call(
    session: Session, appointment: Appointment, row: PatientAnswer, _house: House, now: datetime
) -> None:
    """The patient wants to talk: until then the slot is theirs, unless they gave it back."""
    key = key_of(appointment)
    giving_back.overtake(session, key, now, Answer.CONFIRM)
    session.add(row)
    session.flush()
    if not given_back(session, key):
        giving_back.stay(session, appointment, now, Step.CALL)
