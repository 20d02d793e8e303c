"""Replies by SMS: which question each answers, and what follows.

An SMS names no visit. So it decides only where no doubt is possible; otherwise a person calls.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlmodel import Session, col

from domain.answers import ANSWERABLE, Answer, Holds, Reply, Source, Stop, meaning
from domain.criteria import House
from domain.notices import Channel, NoticeKind, same_number
from domain.offers import OfferState
from storage import answers, notices, offers
from storage.locks import lock_appointments
from storage.tables import Appointment, Notice, Patient, ReplyRow

ANSWERED_WITHIN: Final = timedelta(days=21)
"""An SMS answers a notice of so long ago at most: reminders come up to 14 days ahead."""

_TEXTED: Final = text("notice.channel = 'sms' AND notice.state IN ('sent', 'doubtful')")
"""Spelled out, not bound, as the partial index has it."""

_QUESTIONS: Final = frozenset({NoticeKind.CONFIRM, NoticeKind.REMINDER, NoticeKind.OFFER})
"""What an SMS can answer; other notices only tell something."""


def take_reply(
    session: Session, sender: str, words: str, reply_id: str, house: House, now: datetime
) -> Reply:
    """Take an SMS: it answers the last question that went to its sender's number.

    One that its provider brings again changes nothing. Nothing is decided either where the words
    are not plain, where several patients share the number, where another question waits for its
    answer too, or where the last one can no longer be answered: who was asked about a visit is
    called. Nothing of the text is kept.

    Args:
        session: The unit of work.
        sender: The sender's number (E.164).
        words: What they wrote.
        reply_id: The provider's id of it, of 200 characters at most.
        house: The HMO's calendar and threshold.
        now: The present (aware).
    """
    if session.get(ReplyRow, reply_id) is not None:
        return Reply.REPEATED
    session.add(ReplyRow(id=reply_id, at=now))
    session.flush()
    said, texted = meaning(words), _texted(session, sender, now)
    patients = {notice.patient_id for notice in texted}
    if isinstance(said, Stop):
        notices.stop(session, Channel.SMS, sender, now)
        lock_appointments(session, *answers.are_asked(patients))
        for patient_id in sorted(patients):
            answers.stop_for(session, patient_id, Channel.SMS, now)
        return Reply.STOPPED
    if not texted:
        return Reply.NOBODY
    asked = _questions(texted)
    if said and len(patients) == 1 and _is_sure(session, asked, said, now):
        _take(session, asked[-1], said, house, now)
        return Reply.ANSWERED
    _leave_to_a_person(session, asked, said, house, now)
    return Reply.NOT_UNDERSTOOD


def _texted(session: Session, number: str, now: datetime) -> list[Notice]:
    """What was sent to a number lately, oldest first.

    Numbers are written in many ways, so that those with the same two last digits are compared.
    """
    same = same_number(number)
    if not same:
        return []
    rows = session.execute(
        select(Notice, col(Patient.phone))
        .join(Patient, col(Patient.id) == col(Notice.patient_id))
        .where(
            _TEXTED,
            col(Notice.ended_at) > now - ANSWERED_WITHIN,
            col(Patient.phone).like(f"%{same[-2:]}"),
        )
        .order_by(col(Notice.ended_at), col(Notice.id))
    ).all()
    return [notice for notice, phone in rows if same_number(phone) == same]


def _questions(texted: list[Notice]) -> list[Notice]:
    """The questions among them, each as it was put last."""
    last: dict[tuple[int, int | None], Notice] = {}
    for notice in texted:
        if notice.kind in _QUESTIONS:
            about = (notice.appointment_id, notice.offer_id)
            last.pop(about, None)
            last[about] = notice
    return list(last.values())


def _is_sure(session: Session, asked: list[Notice], said: Answer, now: datetime) -> bool:
    """Whether plain words can only mean the last of these questions."""
    if not asked or any(_waits(session, notice, now) for notice in asked[:-1]):
        return False
    if asked[-1].offer_id is not None:
        barrier = offers.look(session, asked[-1].offer_id).barrier(now)
        return barrier is None and said is not Answer.CALL_ME
    return _holds(session, asked[-1], now) in ANSWERABLE


def _waits(session: Session, notice: Notice, now: datetime) -> bool:
    """Whether a question waits for its answer; a reminder does not."""
    if notice.offer_id is not None:
        offer = offers.look(session, notice.offer_id)
        return offer.state is OfferState.OPEN and offer.barrier(now) is None
    is_question = notice.kind is NoticeKind.CONFIRM
    return is_question and _holds(session, notice, now) is Holds.UNANSWERED


def _holds(session: Session, notice: Notice, now: datetime) -> Holds:
    """What holds of the visit that its patient was asked about, if it still is theirs."""
    appointment = session.get_one(Appointment, notice.appointment_id)
    if appointment.patient_id != notice.patient_id:
        return Holds.CHANGED
    return answers.look(session, notice.appointment_id, now).holds


def _take(session: Session, notice: Notice, said: Answer, house: House, now: datetime) -> None:
    if notice.offer_id is None:
        answers.answer_visit(session, notice.appointment_id, said, Source.SMS, house, now)
    elif said is Answer.CONFIRM:
        offers.accept(session, notice.offer_id, house, now, Source.SMS)
    else:
        offers.decline(session, notice.offer_id, house, now)


def _leave_to_a_person(
    session: Session, asked: list[Notice], said: Answer | None, house: House, now: datetime
) -> None:
    """Have whoever was asked about a visit called.

    Words that say nothing overturn no earlier answer; plain ones may be a second thought.
    """
    undecided = {Holds.UNANSWERED, Holds.COMING} if said else {Holds.UNANSWERED}
    visits = [notice for notice in asked if notice.offer_id is None]
    about = [notice.appointment_id for notice in visits]
    lock_appointments(session, col(Appointment.id).in_(about))
    for notice in visits:
        if _holds(session, notice, now) in undecided:
            call_me = (notice.appointment_id, Answer.CALL_ME, Source.SMS)
            answers.answer_visit(session, *call_me, house, now)
