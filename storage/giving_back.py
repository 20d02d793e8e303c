"""Slots that a patient gives back, takes back or keeps, and what that means for their backfill.

Calls (`storage/calls.py`) and messages (`storage/answers.py`) come to the same. Whoever calls
these holds the appointment.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlmodel import Session, col

from domain.answers import Answer
from domain.backfills import Release, Stage, Step, next_stage
from domain.calls import CallOutcome
from domain.notices import NoticeKind
from domain.people import Member
from storage import actions, backfills, notices
from storage.tables import (
    Action,
    Appointment,
    BackfillRow,
    Call,
    Notice,
    OfferRow,
    PatientAnswer,
    key_of,
)


def hand_on(session: Session, appointment_id: int, now: datetime) -> BackfillRow | None:
    """Hold off a feed that does not know yet, and release a slot that was just given back.

    Args:
        session: The unit of work; the call or answer that says so is in it.
        appointment_id: The slot, which is cancelled by now.
        now: The present (aware).

    Returns:
        The backfill that follows it up from here on; `None`: no transfer of it is authorised yet.
    """
    session.execute(
        update(Appointment).where(col(Appointment.id) == appointment_id).values(released_at=now)
    )
    asked = col(Notice.kind).in_([NoticeKind.CONFIRM, NoticeKind.REMINDER])
    notices.drop(session, col(Notice.appointment_id) == appointment_id, asked, now=now)
    backfills.open_for(session, col(Action.appointment_id) == appointment_id, now)
    backfill = backfills.open_of(session, appointment_id)
    if backfill and backfill.release is not Release.WORD:
        backfills.move(
            session,
            backfill,
            Step.GAVE_BACK,
            now,
            due_at=backfill.due_at if backfill.stage is Stage.OFFERING else now,
            release=Release.WORD,
            released_at=backfill.released_at or now,
        )
    return backfill


def stay(
    session: Session, appointment: Appointment, now: datetime, step: Step = Step.CONFIRMED
) -> bool:
    """Offer a slot no longer: its patient comes after all, or a person has to ask them.

    Whoever may know of an offer is owed a word, which makes the backfill due.

    Args:
        session: The unit of work.
        appointment: The slot.
        now: The present (aware).
        step: `CONFIRMED`, or `CALL` where a person has to ask.

    Returns:
        Whether that is news.
    """
    backfill = backfills.open_of(session, key_of(appointment))
    if backfill is None or next_stage(backfill.stage, step) is None:
        return False
    key = key_of(backfill)
    question = (col(Notice.backfill_id) == key, col(Notice.kind) == NoticeKind.CONFIRM)
    notices.drop(session, *question, now=now)
    owed = backfills.withdraw(session, col(OfferRow.backfill_id) == key, now)
    later = appointment.start if step is Step.CALL else None
    due_at = now if owed else later
    return backfills.move(
        session, backfill, step, now, due_at=due_at, release=None, released_at=None
    )


def take_back(
    session: Session, member: Member | None, appointment_id: int, now: datetime, why: str
) -> None:
    """Whatever gave a slot back holds no longer, and a transfer only proposed for it falls.

    Args:
        session: The unit of work.
        member: Who noted it; `None`: the patient said it themselves.
        appointment_id: The slot.
        now: The present (aware).
        why: What is told to who proposed the transfer.
    """
    retract_calls(session, member, appointment_id, now, why)
    _let_fall(session, member, overtake(session, appointment_id, now, *Answer), now, why)


def retract_calls(
    session: Session, member: Member | None, appointment_id: int, now: datetime, why: str
) -> None:
    """The same for what was said in calls alone."""
    proposed = session.scalars(
        update(Call)
        .where(
            col(Call.appointment_id) == appointment_id,
            col(Call.outcome) == CallOutcome.CANCELS,
            col(Call.undone_at).is_(None),
        )
        .values(undone_at=now)
        .returning(col(Call.action_id))
    ).all()
    _let_fall(session, member, proposed, now, why)


def overtake(
    session: Session, appointment_id: int, now: datetime, *said: Answer
) -> Sequence[int | None]:
    """Answers in force about an appointment that are overtaken by what the patient says now.

    Returns:
        The transfers that belong to them.
    """
    return session.scalars(
        update(PatientAnswer)
        .where(
            col(PatientAnswer.appointment_id) == appointment_id,
            col(PatientAnswer.answer).in_(said),
            col(PatientAnswer.undone_at).is_(None),
        )
        .values(undone_at=now)
        .returning(col(PatientAnswer.action_id))
        .execution_options(synchronize_session=False)
    ).all()


def answers_in_force(session: Session, appointment_id: int) -> frozenset[Answer]:
    """What the patient has answered about an appointment and not taken back since."""
    return frozenset(
        session.scalars(
            select(col(PatientAnswer.answer)).where(
                col(PatientAnswer.appointment_id) == appointment_id,
                col(PatientAnswer.undone_at).is_(None),
            )
        )
    )


def has_confirmed(session: Session, appointment_id: int) -> bool:
    """Whether the patient has said that they come, by message or in a call, and not taken it back.

    Who asks to be called afterwards wants to say something else.
    """
    by_message = answers_in_force(session, appointment_id)
    by_call = exists().where(
        col(Call.appointment_id) == appointment_id,
        col(Call.outcome) == CallOutcome.CONFIRMED,
        col(Call.undone_at).is_(None),
    )
    if Answer.CALL_ME in by_message:
        return False
    return Answer.CONFIRM in by_message or bool(session.scalar(select(by_call)))


def _let_fall(
    session: Session,
    member: Member | None,
    proposed: Iterable[int | None],
    now: datetime,
    why: str,
) -> None:
    for action_id in proposed:
        if action_id is not None:
            actions.let_fall(session, member, action_id, now, why)
