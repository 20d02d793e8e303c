"""Asking patients whether they keep an authorised slot, and what follows from their silence."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.answers import Answer
from domain.backfills import Release, Stage, Step
from domain.criteria import House
from domain.notices import Channel, NoticeKind, NoticeState, Unsaid
from domain.policies import ANSWER_WITHIN, OFFER_UNTIL, Silence, ask_again_at, deadline_of
from storage import actions, backfills, giving_back, notices
from storage.notices import ANOTHER_WAY, About
from storage.policies import policy_of
from storage.tables import Appointment, BackfillRow, Notice, key_of

AGAIN = "again"
"""Tells what is put later from the first question."""

_ON_THE_WAY = (
    NoticeState.WAITING,
    NoticeState.SENDING,
    NoticeState.SENT,
    NoticeState.DOUBTFUL,
)


def step(session: Session, backfill_id: int, house: House, now: datetime) -> None:
    """Do what is due about a slot whose patient is asked, or to be called.

    They are asked, asked once more, and their silence is acted on at the deadline. Once the visit
    has started there is nothing left to ask.

    Args:
        session: A unit of work of its own.
        backfill_id: The backfill; if somebody was quicker, nothing is done.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    backfill, appointment = backfills.locked(session, backfill_id)
    if backfill.due_at is None or backfill.due_at > now:
        return
    if appointment.start <= now:
        notices.drop(session, col(Notice.backfill_id) == backfill_id, now=now)
        backfills.move(session, backfill, Step.ENDED, now)
        actions.touch_figures(session, [appointment.department_id])
    elif backfill.stage is Stage.CALLING:
        backfills.wait_until(session, backfill_id, appointment.start)
    elif backfill.stage is Stage.ASKING:
        _ask(session, (backfill, appointment), house, now)


def undeliverable(session: Session, notice_id: int, house: House, now: datetime) -> None:
    """A notice has failed: if it was the question, it is put another way, or else by a person.

    Args:
        session: A unit of work of its own, since an appointment is locked before its notices.
        notice_id: The notice, which has failed by now.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    notice = session.get_one(Notice, notice_id)
    if notice.backfill_id is None or notice.kind is not NoticeKind.CONFIRM:
        return
    backfill, appointment = backfills.locked(session, notice.backfill_id)
    if backfill.stage is not Stage.ASKING or _asked(session, backfill, *_ON_THE_WAY):
        return
    found = (backfill, appointment)
    too_late = backfill.deadline_at is None or now > backfill.deadline_at - ANSWER_WITHIN
    if too_late or isinstance(
        _write(session, found, house, now, ANOTHER_WAY, notice.channel), Unsaid
    ):
        _call(session, found, now)


def _ask(
    session: Session, found: tuple[BackfillRow, Appointment], house: House, now: datetime
) -> None:
    backfill, appointment = found
    if backfill.deadline_at is None:
        _ask_first(session, found, house, now)
    elif now < backfill.deadline_at:
        # What still waits for a provider that is away would otherwise come twice at once.
        if _asked(session, backfill, NoticeState.SENT, NoticeState.DOUBTFUL):
            _write(session, found, house, now, AGAIN)
        backfills.wait_until(session, key_of(backfill), backfill.deadline_at)
    elif _may_let_go(session, found, now):
        notices.drop(session, col(Notice.backfill_id) == key_of(backfill), now=now)
        silent = {"release": Release.SILENCE, "released_at": now}
        backfills.move(session, backfill, Step.LET_GO, now, due_at=now, **silent)
        actions.touch_figures(session, [appointment.department_id])
    else:
        _call(session, found, now)


def _ask_first(
    session: Session, found: tuple[BackfillRow, Appointment], house: House, now: datetime
) -> None:
    """Put the question, unless its answer is known, or a person has to put it."""
    backfill, appointment = found
    if giving_back.has_confirmed(session, key_of(appointment)):
        giving_back.stay(session, appointment, now)
        actions.touch_figures(session, [appointment.department_id])
        return
    policy = policy_of(session, appointment.department_id)
    asked = notices.due_at(NoticeKind.CONFIRM, house, now)
    deadline = deadline_of(policy, appointment.start, asked)
    wants_a_call = Answer.CALL_ME in giving_back.answers_in_force(session, key_of(appointment))
    if deadline is None or wants_a_call or isinstance(_write(session, found, house, now), Unsaid):
        _call(session, found, now)
        return
    backfill.deadline_at = deadline
    session.flush()
    again = ask_again_at(appointment.start, asked, deadline)
    backfills.wait_until(session, key_of(backfill), again or deadline)
    actions.touch_figures(session, [appointment.department_id])


def _write(
    session: Session,
    found: tuple[BackfillRow, Appointment],
    house: House,
    now: datetime,
    which: str = "",
    but: Channel | None = None,
) -> Channel | Unsaid:
    """Put the question, not by the channel `but`."""
    backfill, appointment = found
    about = About(NoticeKind.CONFIRM, key_of(appointment), key_of(backfill))
    return notices.write(session, appointment.patient_id, about, house, now, which=which, but=but)


def _may_let_go(session: Session, found: tuple[BackfillRow, Appointment], now: datetime) -> bool:
    """Whether silence releases the slot: by policy, if they surely had time to answer."""
    backfill, appointment = found
    policy = policy_of(session, appointment.department_id)
    if policy.silence is not Silence.RELEASE or now > appointment.start - OFFER_UNTIL:
        return False
    return _asked(session, backfill, NoticeState.SENT, in_time=True)


def _asked(
    session: Session, backfill: BackfillRow, *states: NoticeState, in_time: bool = False
) -> bool:
    """Whether a question of this backfill has come as far as one of these states."""
    wanted = (
        select(func.count())
        .select_from(Notice)
        .where(
            col(Notice.backfill_id) == key_of(backfill),
            col(Notice.kind) == NoticeKind.CONFIRM,
            col(Notice.state).in_(states),
        )
    )
    if in_time and backfill.deadline_at is not None:
        wanted = wanted.where(col(Notice.ended_at) <= backfill.deadline_at - ANSWER_WITHIN)
    return bool(session.scalar(wanted))


def _call(session: Session, found: tuple[BackfillRow, Appointment], now: datetime) -> None:
    giving_back.stay(session, found[1], now, Step.CALL)
    actions.touch_figures(session, [found[1].department_id])
