"""The queue of notices: which one is whose to send now, and what became of each.

A messenger *claims* what is due, *begins* right before it calls the provider, which is committed
first, and *ends* with what became of it. So a notice that was begun and never ended, since who sent
it has died, is known: it is doubtful, and not sent again (`domain/notices.py`).

Much may have changed since a notice was written. Beginning holds its appointment, so that what it
says is true in the moment in which it leaves.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select, text, update
from sqlmodel import Session, col

from domain.criteria import House
from domain.notices import (
    TRIES,
    Channel,
    NoticeEvent,
    NoticeKind,
    NoticeState,
    back_off,
    next_state,
)
from storage import actions, outbox, slot_steps, visits
from storage.locks import locked_appointment
from storage.notices import address_of
from storage.sendable import barrier, is_true
from storage.tables import Appointment, Notice, Patient, key_of
from storage.visits import NoticeView

CLAIMED_FOR: Final = timedelta(seconds=60)
"""A notice that was claimed and not begun is claimed anew after this time."""

BEGUN_FOR: Final = timedelta(minutes=5)
"""A notice that was begun and not ended after this time is doubtful: more than any try takes."""

DIED: Final = "the program ended while it was being sent"

_IS_OPEN: Final = text("notice.state IN ('waiting', 'sending')")
"""Spelled out, not bound, as the partial index has it."""

_AT_ANY_HOUR: Final = frozenset({NoticeKind.BOOKED})
"""What answers somebody who has just pressed a button."""


@dataclass(frozen=True)
class DueNotice:
    """A notice that is this process's to send.

    Attributes:
        until: When it is no longer this process's.
    """

    id: int
    channel: Channel
    until: datetime


@dataclass(frozen=True)
class Outgoing:
    """A notice that is about to be sent.

    Attributes:
        address: Phone number or e-mail address, as the feed has it.
        until: When it counts as doubtful if nobody says what became of it.
    """

    id: int
    channel: Channel
    address: str
    view: NoticeView
    until: datetime


def is_due(session: Session, house: House, now: datetime) -> bool:
    """Whether anything is to be claimed or given up: cheap enough for every second."""
    waits = (col(Notice.state) == NoticeState.WAITING) & (col(Notice.due_at) <= now)
    begun = (col(Notice.state) == NoticeState.SENDING) & (col(Notice.claimed_until) <= now)
    may_leave = waits & or_(*_may_leave(house, now))
    wanted = select(col(Notice.id)).where(_IS_OPEN, may_leave | begun).limit(1)
    return session.scalar(wanted) is not None


def claim(
    session: Session,
    house: House,
    now: datetime,
    channel: Channel,
    limit: int,
    busy: Collection[int] = (),
) -> list[DueNotice]:
    """Claim notices that are due by a channel; no other process gets them for `CLAIMED_FOR`.

    What somebody waits for comes before reminders, then the oldest comes first. In quiet hours all
    but the answer to who is awake is left for the morning, however late it is already.

    Args:
        session: A unit of work of its own.
        house: The HMO's calendar and manners.
        now: The present (aware).
        channel: By which they are sent.
        limit: How many at most.
        busy: Notices that this process has in hand, or leaves to later.
    """
    _give_up_begun(session, now)
    until = _round_up(now + CLAIMED_FOR)
    claimed: list[DueNotice] = []
    for group in _may_leave(house, now):
        wanted = _due(now, channel, busy).where(group).limit(limit - len(claimed))
        for row in session.scalars(wanted.with_for_update(skip_locked=True, of=Notice)).all():
            row.claimed_until = until
            claimed.append(DueNotice(key_of(row), row.channel, until))
    return claimed


def release(session: Session, claims: Iterable[DueNotice]) -> None:
    """Give back what was claimed and not begun; what others have claimed meanwhile stays theirs."""
    for claim in claims:
        session.execute(
            update(Notice)
            .where(
                col(Notice.id) == claim.id,
                col(Notice.state) == NoticeState.WAITING,
                col(Notice.claimed_until) == claim.until,
            )
            .values(claimed_until=None)
            .execution_options(synchronize_session=False)
        )


def begin(session: Session, claim: DueNotice, house: House, now: datetime) -> Outgoing | None:
    """Note that a notice is about to be sent, if what it says is still true and wanted.

    Args:
        session: A unit of work of its own.
        claim: The notice, as it was claimed.
        house: The HMO's calendar and manners.
        now: The present (aware).

    Returns:
        What to send and to whom. `None`: it is not sent, since it is no longer this process's, or
        was dropped or has failed just now.
    """
    notice, appointment = _held(session, claim.id)
    if notice.state is not NoticeState.WAITING or notice.claimed_until != claim.until:
        return None
    patient = session.get_one(Patient, notice.patient_id, populate_existing=True)
    view = visits.told(session, claim.id)
    if view is None or not is_true(session, notice, appointment, now):
        _settle(notice, NoticeEvent.DROP, now)
        return None
    why_not = barrier(session, notice, patient, house)
    if why_not is not None:
        # Who is not told that their slot is lost comes in vain.
        is_alarming = notice.kind is NoticeKind.RELEASED
        _fail(session, notice, why_not.value, house, now, is_alarming=is_alarming)
        return None
    notice.state = _moved(notice, NoticeEvent.BEGIN)
    notice.claimed_until = until = _round_up(now + BEGUN_FOR)
    session.flush()
    address = address_of(patient, notice.channel) or ""
    return Outgoing(claim.id, notice.channel, address, view, until)


def arrived(session: Session, sent: Outgoing, now: datetime) -> None:
    """The provider took it, even if it was given up meanwhile."""
    notice, appointment = _held(session, sent.id)
    if next_state(notice.state, NoticeEvent.ARRIVED) is not None:
        _settle(notice, NoticeEvent.ARRIVED, now)
        _renew(session, notice, appointment)


def end(
    session: Session,
    sent: Outgoing,
    event: NoticeEvent,
    problem: str,
    house: House,
    now: datetime,
    *,
    counts: bool = True,
) -> None:
    """Record how a try ended that did not succeed, and what follows if the notice has failed.

    Args:
        session: A unit of work of its own.
        sent: What was sent.
        event: `NOT_YET`, `LOST` or `HOPELESS`.
        problem: In a few words, without an address.
        house: The HMO's calendar and manners.
        now: The present (aware).
        counts: Whether it was a try: not while nobody's message is taken.
    """
    notice, appointment = _held(session, sent.id)
    if notice.state is not NoticeState.SENDING or notice.claimed_until != sent.until:
        return
    if event is NoticeEvent.HOPELESS:
        _fail(session, notice, problem, house, now, is_alarming=True)
    elif event is NoticeEvent.LOST:
        _settle(notice, event, now, problem)
    else:
        notice.state, notice.problem = _moved(notice, event), problem[:200]
        notice.claimed_until = None
        if counts:
            _count_try(session, notice, house, now)
    session.flush()
    _renew(session, notice, appointment)


def count_try(session: Session, notice_id: int, house: House, now: datetime) -> None:
    """A try that was ended without being counted was one, as is known by now.

    Args:
        session: A unit of work of its own.
        notice_id: The notice; one that does not wait any more stays as it is.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    notice, appointment = _held(session, notice_id)
    if notice.state is NoticeState.WAITING:
        notice.claimed_until = None
        _count_try(session, notice, house, now)
        session.flush()
        _renew(session, notice, appointment)


def _count_try(session: Session, notice: Notice, house: House, now: datetime) -> None:
    """It waits for its next try, or there were enough."""
    notice.tries += 1
    notice.due_at = _round_up(now + back_off(notice.tries))
    if notice.tries >= TRIES:
        problem = f"no success in {TRIES} tries: {notice.problem}"
        _fail(session, notice, problem, house, now, is_alarming=True)


def _renew(session: Session, notice: Notice, appointment: Appointment) -> None:
    """Have what is open renewed for a question alone: reminders go out by the thousand."""
    if notice.kind is NoticeKind.CONFIRM:
        actions.touch_figures(session, [appointment.department_id])


def _may_leave(house: House, now: datetime) -> list[ColumnElement[bool]]:
    """Conditions of what may be sent at this hour, the most urgent first."""
    if house.manners.free_at(now, house.calendar) > now:
        return [col(Notice.kind).in_(_AT_ANY_HOUR)]
    is_reminder = col(Notice.kind) == NoticeKind.REMINDER
    return [~is_reminder, is_reminder]


def _due(now: datetime, channel: Channel, busy: Collection[int]) -> Any:
    return (
        select(Notice)
        .where(
            _IS_OPEN,
            col(Notice.state) == NoticeState.WAITING,
            col(Notice.due_at) <= now,
            or_(col(Notice.claimed_until).is_(None), col(Notice.claimed_until) <= now),
            col(Notice.channel) == channel,
            col(Notice.id).not_in(busy),
        )
        .order_by(col(Notice.due_at), col(Notice.id))
    )


def _give_up_begun(session: Session, now: datetime) -> None:
    """Who began these and never said what became of them has died."""
    died: ColumnElement[bool] = col(Notice.claimed_until) <= now
    begun = select(Notice).where(_IS_OPEN, col(Notice.state) == NoticeState.SENDING, died)
    for row in session.scalars(begun.with_for_update(skip_locked=True)).all():
        _settle(row, NoticeEvent.LOST, now, DIED)


def _held(session: Session, notice_id: int) -> tuple[Notice, Appointment]:
    """A notice as it stands, with its appointment, which is held first (`storage/locks.py`)."""
    about = session.get_one(Notice, notice_id).appointment_id
    appointment = locked_appointment(session, about)
    notice = session.get_one(Notice, notice_id, with_for_update=True, populate_existing=True)
    return notice, appointment


def _fail(
    session: Session,
    notice: Notice,
    problem: str,
    house: House,
    now: datetime,
    *,
    is_alarming: bool = False,
) -> None:
    """It is not sent any more: what it asked or offered goes another way, or to a person."""
    _settle(notice, NoticeEvent.HOPELESS, now, problem)
    session.flush()
    slot_steps.undeliverable(session, key_of(notice), house, now)
    if is_alarming:
        outbox.alert(session, now)


def _settle(notice: Notice, event: NoticeEvent, now: datetime, problem: str | None = None) -> None:
    notice.state = _moved(notice, event)
    notice.ended_at, notice.claimed_until = now, None
    notice.problem = problem[:200] if problem else None


def _moved(notice: Notice, event: NoticeEvent) -> NoticeState:
    moved = next_state(notice.state, event)
    if moved is None:
        raise ValueError(f"{notice.state} does not follow on {event}")
    return moved


def _round_up(moment: datetime) -> datetime:
    """Moments are kept in whole seconds; a wait must not become shorter by that."""
    whole = moment.replace(microsecond=0)
    return moment if whole == moment else whole + timedelta(seconds=1)
