"""Answers: what patients say about their visits by page or SMS, and what follows in one step.

An answer holds until the patient says otherwise, by whatever way, or the HMO does. Giving a slot
back is theirs alone to undo, and only while nobody else has it.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session, col

from domain.answers import ANSWERABLE, Answer, Holds, Source, Told
from domain.backfills import FREE, Release, Stage, Step
from domain.criteria import House
from domain.notices import Channel, NoticeKind
from domain.statuses import Status
from storage import actions, audit, backfills, counters, giving_back, notices
from storage.locks import lock_appointments, locked_appointment
from storage.notices import address_of
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
) -> Told:
    """Take what a patient says about their visit; the same twice changes nothing more.

    Args:
        session: The unit of work.
        appointment_id: The visit.
        answer: What they say.
        source: By which way.
        house: The HMO's calendar and threshold.
        now: The present (aware).

    Returns:
        What holds now.
    """
    appointment = locked_appointment(session, appointment_id)
    told = _told(session, appointment, now)
    known = giving_back.answers_in_force(session, appointment_id)
    repeated = answer in known and told.holds is _HOLDS[answer]
    if told.holds not in ANSWERABLE or repeated:
        return told
    row = PatientAnswer(appointment_id=appointment_id, answer=answer, source=source, at=now)
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
    theirs = are_asked([patient_id])
    lock_appointments(session, *theirs)
    patient = session.get_one(Patient, patient_id)
    for way in Channel:
        address = address_of(patient, way)
        if address:
            notices.stop(session, way, address, now)
    # That a slot is lost has to be told: as it cannot be written any more, it fails, and is seen.
    wanted = col(Notice.kind) != NoticeKind.RELEASED
    notices.drop(session, col(Notice.patient_id) == patient_id, wanted, now=now)
    for appointment in session.scalars(select(Appointment).where(*theirs)).all():
        giving_back.stay(session, appointment, now, Step.CALL)
        actions.touch_figures(session, [appointment.department_id])
    audit.record(session, "stop messages", at=now, channel=channel)


def are_asked(patients: Collection[int]) -> list[ColumnElement[bool]]:
    """The conditions of visits that these patients are asked about, or may lose by silence."""
    asked = select(col(BackfillRow.appointment_id)).where(
        or_(
            col(BackfillRow.stage) == Stage.ASKING,
            and_(col(BackfillRow.stage).in_(FREE), col(BackfillRow.release) == Release.SILENCE),
        ),
        col(BackfillRow.appointment_id) == col(Appointment.id),
    )
    return [col(Appointment.patient_id).in_(patients), asked.correlate(Appointment).exists()]


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
