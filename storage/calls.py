"""Calls: noting how one ended, undoing that, and what was said about an appointment.

What a call means for the slot happens in the same transaction: a "cancels" cancels the
appointment and proposes a transfer of its slot to the managers, or releases it where a transfer is
authorised already; a "confirmed" keeps it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, exists, func, select
from sqlmodel import Session, col

from domain.answers import Answer
from domain.backfills import Step
from domain.calls import (
    TWICE_WITHIN,
    CallBarrier,
    CallOutcome,
    Made,
    Slot,
    barrier_of_call,
    barrier_of_undo,
    status_after,
)
from domain.people import Member, Refused, Right
from domain.statuses import Status
from domain.transfers import Kind, State
from storage import actions, audit, backfills, counters, giving_back
from storage.locks import locked_appointment
from storage.slots import given_back
from storage.tables import Action, Appointment, Call, Department, MemberRow, key_of

NOTE: Final = "patient cancelled by phone"
TAKEN_BACK: Final = "the patient takes the slot back"
NOTED_IN_ERROR: Final = "the call was noted in error"


@dataclass(frozen=True)
class CallView:
    """A call with the name that a person reads. Times are UTC.

    Attributes:
        undone_at: Since when it no longer holds; `None` while it is in force.
        decided: Whether a manager has decided since on a transfer of the slot.
    """

    id: int
    appointment_id: int
    outcome: CallOutcome
    at: datetime
    by: str
    by_id: int
    undone_at: datetime | None
    decided: bool

    @property
    def made(self) -> Made:
        """The same for the rules."""
        return Made(self.by_id, self.at, self.undone_at is None, self.decided)


@dataclass(frozen=True)
class Noted:
    """What became of noting or undoing a call.

    Attributes:
        appointment_id: What it was about.
        outcome: How it ended.
        barrier: Why nothing was done; `None` if it was, or had been by the same press before.
        told: How many managers a transfer of the slot was pushed to.
        released: Whether the slot is free for waiting patients: a transfer was authorised before.
    """

    appointment_id: int
    outcome: CallOutcome
    barrier: CallBarrier | None = None
    told: int = 0
    released: bool = False


def record_call(
    session: Session,
    member: Member,
    appointment_id: int,
    outcome: CallOutcome,
    now: datetime,
    threshold: int,
) -> Noted:
    """Note how a call about an appointment ended; a double press notes one call.

    Raises:
        Refused: The member may not note calls there.
    """
    appointment = _locked(session, member, appointment_id)
    if _is_second_press(session, member, appointment_id, outcome, now):
        return Noted(appointment_id, outcome)
    slot = _slot(session, appointment)
    barrier = barrier_of_call(outcome, slot, now)
    if barrier:
        return Noted(appointment_id, outcome, barrier)
    becomes = status_after(outcome, slot)
    if becomes:
        counters.apply_status_change(session, appointment_id, becomes, now)
        giving_back.take_back(session, member, appointment_id, now, TAKEN_BACK)
    elif outcome is CallOutcome.CONFIRMED:
        giving_back.overtake(session, appointment_id, now, Answer.CALL_ME)
    call = Call(appointment_id=appointment_id, member_id=member.id, outcome=outcome, at=now)
    session.add(call)
    session.flush()
    _note(session, member, call, "call", now)
    if becomes is Status.CANCELLED:
        return _release(session, member, call, now, threshold)
    if outcome is CallOutcome.CONFIRMED:
        giving_back.stay(session, appointment, now)
    return Noted(appointment_id, outcome)


def undo_call(session: Session, member: Member, call_id: int, now: datetime) -> Noted:
    """Undo a call that was noted in error: a slot that it gave back is booked again.

    What the patient wants is then not known, so that a person has to ask, unless they have said it
    otherwise.

    Raises:
        Refused: The member may not note calls there.
    """
    call = session.get_one(Call, call_id)
    appointment = _locked(session, member, call.appointment_id)
    session.refresh(call)
    (view,) = _views(session, [col(Call.id) == call_id])
    barrier = barrier_of_undo(view.made, by_id=member.id, now=now)
    if barrier is None and backfills.is_filled(session, appointment):
        barrier = CallBarrier.FILLED
    if barrier:
        return Noted(call.appointment_id, call.outcome, barrier)
    if call.outcome is CallOutcome.CANCELS:
        _book_again(session, member, appointment, now)
    else:
        call.undone_at = now
        session.flush()
    if call.outcome is CallOutcome.CONFIRMED and not giving_back.has_confirmed(
        session, call.appointment_id
    ):
        giving_back.stay(session, appointment, now, Step.CALL)
    _note(session, member, call, "undo call", now)
    return Noted(call.appointment_id, call.outcome)


def calls_about(session: Session, appointment_id: int) -> list[CallView]:
    """All calls about an appointment, oldest first."""
    return _views(session, [col(Call.appointment_id) == appointment_id])


def calls_in_force(session: Session, appointment_ids: Collection[int]) -> dict[int, list[CallView]]:
    """The calls in force about each of some appointments, oldest first."""
    in_force = [col(Call.appointment_id).in_(appointment_ids), col(Call.undone_at).is_(None)]
    found: dict[int, list[CallView]] = {}
    for view in _views(session, in_force):
        found.setdefault(view.appointment_id, []).append(view)
    return found


def _locked(session: Session, member: Member, appointment_id: int) -> Appointment:
    """The appointment, locked, if the member may note calls about it."""
    appointment = locked_appointment(session, appointment_id)
    if not member.may(Right.CALL, appointment.department_id):
        department = session.get_one(Department, appointment.department_id)
        raise Refused(Right.CALL, department.name)
    return appointment


def _is_second_press(
    session: Session, member: Member, appointment_id: int, outcome: CallOutcome, now: datetime
) -> bool:
    before = exists().where(
        col(Call.appointment_id) == appointment_id,
        col(Call.member_id) == member.id,
        col(Call.outcome) == outcome,
        col(Call.at) > now - TWICE_WITHIN,
        col(Call.undone_at).is_(None),
    )
    return bool(session.scalar(select(before)))


def _slot(session: Session, appointment: Appointment) -> Slot:
    key = key_of(appointment)
    return Slot(
        appointment.status,
        appointment.start,
        given_back=given_back(session, key),
        filled=backfills.is_filled(session, appointment),
    )


def _release(session: Session, member: Member, call: Call, now: datetime, threshold: int) -> Noted:
    """Hand the slot on: to waiting patients, or first to the managers, who have not decided yet."""
    released = giving_back.hand_on(session, call.appointment_id, now) is not None
    offered = actions.propose(session, member, call.appointment_id, Kind.TRANSFER, now, threshold)
    if offered.barrier is None and offered.action:
        call.action_id = offered.action.id
        session.get_one(Action, offered.action.id).note = NOTE
        session.flush()
    return Noted(call.appointment_id, call.outcome, told=offered.told, released=released)


def _book_again(session: Session, member: Member, appointment: Appointment, now: datetime) -> None:
    """What a call gave back in error is the patient's again, unless they have written so too."""
    key = key_of(appointment)
    was_given_back = given_back(session, key)
    giving_back.retract_calls(session, member, key, now, NOTED_IN_ERROR)
    if was_given_back and not given_back(session, key):
        counters.apply_status_change(session, key, Status.BOOKED, now)
        giving_back.stay(session, appointment, now, Step.CALL)


def _note(session: Session, member: Member, call: Call, event: str, now: datetime) -> None:
    """The audit row, and the open messages that show the call."""
    appointment = session.get_one(Appointment, call.appointment_id)
    actions.touch_figures(session, [appointment.department_id])
    audit.record(
        session,
        event,
        at=now,
        member_id=member.id,
        appointment_id=call.appointment_id,
        call=call.id,
        outcome=call.outcome,
    )


def _views(session: Session, conditions: Collection[ColumnElement[bool]]) -> list[CallView]:
    decided = exists().where(
        col(Action.appointment_id) == col(Call.appointment_id),
        col(Action.kind) == Kind.TRANSFER,
        col(Action.state).in_([State.AUTHORIZED, State.DECLINED]),
        col(Action.decided_at) >= col(Call.at),
        col(Call.outcome) == CallOutcome.CANCELS,
    )
    rows = session.execute(
        select(Call, func.coalesce(col(MemberRow.name), "?"), decided)
        .join(MemberRow, col(MemberRow.id) == col(Call.member_id), isouter=True)
        .where(*conditions)
        .order_by(col(Call.id))
        .execution_options(populate_existing=True)
    ).all()
    return [
        CallView(
            id=key_of(call),
            appointment_id=call.appointment_id,
            outcome=call.outcome,
            at=call.at,
            by=name,
            by_id=call.member_id,
            undone_at=call.undone_at,
            decided=bool(was_decided),
        )
        for call, name, was_decided in rows
    ]
