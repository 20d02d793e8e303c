"""Backfills: opened with an authorised transfer, moved by what happens, ended with its cause.

A stage is moved by an UPDATE that names the stage it expects, so of two that move it at once one
does. Whoever moves a backfill holds its appointment first (`storage/locks.py`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlmodel import Session, col

from domain.backfills import OPEN, Release, Stage, Step, next_stage
from domain.notices import NoticeState
from domain.offers import OfferState
from domain.statuses import Status
from domain.transfers import Kind, State
from storage import audit, notices
from storage.locks import locked_appointment
from storage.slots import is_given_back
from storage.tables import Action, Appointment, BackfillRow, Notice, OfferRow, key_of
from storage.taken import beside

EVENTS: Final = {
    Stage.CALLING: "slot to call",
    Stage.KEPT: "slot kept",
    Stage.RELEASED: "slot released",
    Stage.OFFERING: "slot offered",
    Stage.FILLED: "slot filled",
    Stage.UNFILLED: "slot unfilled",
    Stage.OVER: "slot over",
}
"""What the audit trail calls it when a backfill reaches a stage."""

_ENDINGS: Final = frozenset({Stage.FILLED, Stage.UNFILLED, Stage.OVER})


def open_for(session: Session, which: ColumnElement[bool], now: datetime) -> None:
    """Open a backfill for each authorised transfer among the actions that fulfil a condition.

    It begins by asking the patient, which is due at once, or, if they have given the slot back
    already, as released. An appointment that has an open one keeps it.
    """
    session.flush()
    free = is_given_back()
    opened: dict[str, ColumnElement[Any]] = {
        "appointment_id": _column(Action.appointment_id),
        "action_id": _column(Action.id),
        "day": _column(Appointment.day),
        "start": _column(Appointment.start),
        "stage": case((free, Stage.RELEASED.value), else_=Stage.ASKING.value),
        "opened_at": _value("opened_at", now),
        "due_at": _value("due_at", now),
        "release": case((free, Release.WORD.value), else_=None),
        "released_at": case((free, _value("released_at", now)), else_=None),
        "waves": literal(0),
        "beside": beside(),
    }
    has_one = exists().where(
        col(BackfillRow.appointment_id) == col(Action.appointment_id),
        col(BackfillRow.stage).in_(OPEN),
    )
    wanted: Select[Any] = (
        select(*opened.values())
        .join(Appointment, col(Appointment.id) == col(Action.appointment_id))
        .where(
            which,
            col(Action.kind) == Kind.TRANSFER,
            col(Action.state) == State.AUTHORIZED,
            ~has_one.correlate(Action),
        )
    )
    session.execute(insert(BackfillRow).from_select(list(opened), wanted))


def end_for(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    """End the open backfills that fulfil a condition: nothing more is sent, no offer holds.

    Where somebody may know of an offer, it is due to tell them that the slot is gone.

    Args:
        session: The unit of work; it holds the appointments.
        which: A condition on `BackfillRow`.
        now: The present (aware).

    Returns:
        How many there were.
    """
    ended = session.scalars(
        update(BackfillRow)
        .where(which, col(BackfillRow.stage).in_(OPEN))
        .values(stage=Stage.OVER, due_at=None, ended_at=now)
        .returning(col(BackfillRow.id))
        .execution_options(synchronize_session=False)
    ).all()
    owed: list[int] = []
    for some in notices.portions(ended):
        notices.drop(session, col(Notice.backfill_id).in_(some), now=now)
        owed += withdraw(session, col(OfferRow.backfill_id).in_(some), now)
    for some_owed in notices.portions(owed):
        offered = select(col(OfferRow.backfill_id)).where(col(OfferRow.id).in_(some_owed))
        session.execute(
            update(BackfillRow)
            .where(col(BackfillRow.id).in_(offered))
            .values(due_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(ended)


def withdraw(session: Session, which: ColumnElement[bool], now: datetime) -> list[int]:
    """Withdraw the open offers that fulfil a condition; what was not sent of them is dropped.

    Returns:
        The withdrawn offers that their patients surely or maybe know of, who are owed a word.
    """
    offers = session.scalars(
        update(OfferRow)
        .where(which, col(OfferRow.state) == OfferState.OPEN)
        .values(state=OfferState.WITHDRAWN, answered_at=now)
        .returning(col(OfferRow.id))
        .execution_options(synchronize_session=False)
    ).all()
    withdrawn = [key for key in offers if key is not None]
    return tell_gone(session, withdrawn, now)


def tell_gone(session: Session, offers: Sequence[int], now: datetime) -> list[int]:
    """Drop what was not sent of these offers; which of them may be known to their patients?"""
    found: set[int | None] = set()
    for some in notices.portions(offers):
        notices.drop(session, col(Notice.offer_id).in_(some), now=now)
        known = select(col(Notice.offer_id)).where(
            col(Notice.offer_id).in_(some),
            col(Notice.state).in_([NoticeState.SENDING, NoticeState.SENT, NoticeState.DOUBTFUL]),
        )
        found.update(session.scalars(known))
    return sorted(key for key in found if key is not None)


def due(session: Session, now: datetime, at_most: int) -> list[int]:
    """Backfills of which something is to be done by itself, the longest due first."""
    wanted = (
        select(col(BackfillRow.id))
        .where(col(BackfillRow.due_at).is_not(None), col(BackfillRow.due_at) <= now)
        .order_by(col(BackfillRow.due_at), col(BackfillRow.id))
        .limit(at_most)
    )
    return [key for key in session.scalars(wanted) if key is not None]


def of_appointment(session: Session, appointment_id: int) -> BackfillRow | None:
    """The open backfill of an appointment, or else the last one."""
    is_open = case((col(BackfillRow.stage).in_(OPEN), 1), else_=0)
    return session.scalars(
        select(BackfillRow)
        .where(col(BackfillRow.appointment_id) == appointment_id)
        .order_by(is_open.desc(), col(BackfillRow.id).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()


def open_of(session: Session, appointment_id: int) -> BackfillRow | None:
    """The open backfill of an appointment, if it has one."""
    found = of_appointment(session, appointment_id)
    return found if found and found.stage in OPEN else None


def is_filled(session: Session, appointment: Appointment) -> bool:
    """Whether a waiting patient has the slot, and its first one no longer."""
    last = of_appointment(session, key_of(appointment))
    return (
        last is not None and last.stage is Stage.FILLED and appointment.status is not Status.BOOKED
    )


def has_filled() -> ColumnElement[bool]:
    """The condition that the slot of an action has gone to a waiting patient; needs Action.

    That holds of the first patient's transfer, and of the one that the replacement counts by.
    """
    filled = exists().where(
        col(BackfillRow.stage) == Stage.FILLED,
        or_(
            col(BackfillRow.action_id) == col(Action.id),
            col(BackfillRow.replacement_id) == col(Action.appointment_id),
        ),
    )
    return and_(col(Action.kind) == Kind.TRANSFER, filled.correlate(Action))


def wait_until(session: Session, backfill_id: int, due_at: datetime | None) -> None:
    """Have nothing done about a backfill by itself until then; `None`: until a person acts."""
    session.execute(
        update(BackfillRow)
        .where(col(BackfillRow.id) == backfill_id)
        .values(due_at=due_at)
        .execution_options(synchronize_session=False)
    )


def look_again(session: Session, department_id: int, now: datetime) -> None:
    """Have the released slots of a department looked at now: how they are offered has changed."""
    slots = select(col(Appointment.id)).where(
        col(Appointment.id) == col(BackfillRow.appointment_id),
        col(Appointment.department_id) == department_id,
    )
    session.execute(
        update(BackfillRow)
        .where(col(BackfillRow.stage) == Stage.RELEASED, slots.correlate(BackfillRow).exists())
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def put_off(session: Session, backfill_id: int, until: datetime) -> None:
    """Look later at a backfill that is due, and that something is wrong with."""
    session.execute(
        update(BackfillRow)
        .where(col(BackfillRow.id) == backfill_id, col(BackfillRow.due_at) < until)
        .values(due_at=until)
        .execution_options(synchronize_session=False)
    )


def locked(session: Session, backfill_id: int) -> tuple[BackfillRow, Appointment]:
    """A backfill and its appointment as they stand, held until the transaction ends."""
    backfill = session.get_one(BackfillRow, backfill_id)
    appointment = locked_appointment(session, backfill.appointment_id)
    session.refresh(backfill)
    return backfill, appointment


def move(
    session: Session,
    backfill: BackfillRow,
    step: Step,
    now: datetime,
    *,
    due_at: datetime | None = None,
    **values: object,
) -> bool:
    """Move a backfill, with its audit row; `False` if the table or somebody else forbids it.

    Args:
        session: The unit of work; it holds the appointment.
        backfill: As it was read; refreshed.
        step: What happens.
        now: The present (aware).
        due_at: When something is to be done next by itself; `None`: never.
        values: Other columns to set.
    """
    was, becomes = backfill.stage, next_stage(backfill.stage, step)
    if becomes is None:
        return False
    if becomes in _ENDINGS:
        values["ended_at"] = now
    moved = session.execute(
        update(BackfillRow)
        .where(col(BackfillRow.id) == key_of(backfill), col(BackfillRow.stage) == was)
        .values(stage=becomes, due_at=due_at, **values)
        .returning(col(BackfillRow.id))
        .execution_options(synchronize_session=False)
    ).first()
    session.refresh(backfill)
    if moved is None:
        return False
    if becomes is not was:
        audit.record(
            session,
            EVENTS[becomes],
            at=now,
            appointment_id=backfill.appointment_id,
            backfill=backfill.id,
        )
    return True


def _value(column: str, value: object) -> ColumnElement[Any]:
    return literal(value, BackfillRow.metadata.tables["backfill"].columns[column].type)


def _column(of: Any) -> ColumnElement[Any]:
    """A model's attribute as any other column."""
    return cast(ColumnElement[Any], col(of))
