"""Actions: proposing, authorising, declining, withdrawing and undoing, each one transaction.

The database decides: a state is moved by an UPDATE that names the state it expects, so of two
presses, or two managers, one moves it and the other is told what was decided.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ScalarSelect, case, select, update
from sqlmodel import Session, col

from domain.people import Member, Refused, Right
from domain.pushes import PushKind
from domain.risk import is_high_risk
from domain.statuses import NOT_SCHEDULED
from domain.transfers import (
    NEEDS,
    OPEN,
    REASONS_AT_MOST,
    Act,
    Barrier,
    Decided,
    Kind,
    State,
    barrier_of_appointment,
    barrier_of_undo,
    next_state,
)
from storage import audit, backfills, outbox, people
from storage.locks import locked_appointment
from storage.proposals import ActionView, view
from storage.slots import given_back
from storage.tables import Action, Appointment, BackfillRow, DailyCount, Department, key_of

PUSHED_PROPOSAL: Final = "proposal"
PUSHED_DECISION: Final = "told"
"""Addresses (with the action's id) of the screens that are pushed."""


_FIRST_STATES: Final = {act: state for act in Act if (state := next_state(None, act)) is not None}


@dataclass(frozen=True)
class Outcome:
    """What became of an act.

    Attributes:
        action: The action as it stands now; `None` if nothing was ever proposed.
        barrier: Why the act was not done; `None` if it was.
        told: How many managers a new proposal is pushed to.
    """

    action: ActionView | None
    barrier: Barrier | None = None
    told: int = 0


def propose(
    session: Session, member: Member, appointment_id: int, kind: Kind, now: datetime, threshold: int
) -> Outcome:
    """Propose an action and tell the managers of the department.

    Raises:
        Refused: The member may not propose there.
    """
    return _begin(session, member, appointment_id, kind, (Act.PROPOSE, now, threshold))


def propose_given_back(
    session: Session, appointment_id: int, note: str, now: datetime, threshold: int
) -> Outcome:
    """Propose, as Slotwise, the transfer of a slot that its patient gave back without a call.

    Args:
        session: The unit of work; what gave it back is in it.
        appointment_id: The slot.
        note: Why, as managers read it.
        now: The present (aware).
        threshold: Earlier no-shows from which a patient is high-risk.
    """
    request = (Act.PROPOSE, now, threshold)
    proposed = _begin(session, None, appointment_id, Kind.TRANSFER, request)
    if proposed.barrier is None and proposed.action:
        session.get_one(Action, proposed.action.id).note = note
        session.flush()
    return proposed


def authorize_directly(
    session: Session, member: Member, appointment_id: int, kind: Kind, now: datetime, threshold: int
) -> Outcome:
    """Authorise an action about an appointment, whether or not it was proposed before.

    Raises:
        Refused: The member may not decide there.
    """
    return _begin(session, member, appointment_id, kind, (Act.AUTHORIZE, now, threshold))


def authorize(
    session: Session, member: Member, action_id: int, now: datetime, threshold: int
) -> Outcome:
    """Authorise a proposed action and tell who proposed it.

    Raises:
        Refused: The member may not decide there.
    """
    action, appointment = _locked(session, action_id)
    _require(session, member, Act.AUTHORIZE, appointment.department_id)
    if action.state is State.PROPOSED:
        barrier = _barrier(session, appointment, action.kind, now, threshold)
        if barrier:
            return Outcome(view(session, action_id), barrier)
    return _decide(session, member, (action, appointment), Act.AUTHORIZE, now)


def decline(
    session: Session, member: Member, action_id: int, now: datetime, reason: str | None = None
) -> Outcome:
    """Decline a proposed action and tell who proposed it.

    Raises:
        Refused: The member may not decide there.
    """
    found = _locked(session, action_id)
    _require(session, member, Act.DECLINE, found[1].department_id)
    return _decide(session, member, found, Act.DECLINE, now, reason)


def withdraw(session: Session, member: Member, action_id: int, now: datetime) -> Outcome:
    """Withdraw a proposal, by who made it and while it waits.

    Raises:
        Refused: The member may not propose there.
    """
    action, appointment = _locked(session, action_id)
    _require(session, member, Act.WITHDRAW, appointment.department_id)
    if action.state is State.PROPOSED and action.proposed_by != member.id:
        return Outcome(view(session, action_id), Barrier.NOT_PROPOSED_BY_YOU)
    return _decide(session, member, (action, appointment), Act.WITHDRAW, now)


def let_fall(
    session: Session, member: Member | None, action_id: int, now: datetime, reason: str
) -> Outcome:
    """Withdraw a proposal whose cause is gone, whoever made it, and tell who did.

    Args:
        session: The unit of work.
        member: Who noted that it is gone; `None`: the patient said so themselves.
        action_id: The proposal.
        now: The present (aware).
        reason: Why it is gone.
    """
    return _decide(session, member, _locked(session, action_id), Act.WITHDRAW, now, reason)


def undo(session: Session, member: Member, action_id: int, now: datetime) -> Outcome:
    """Revoke an authorised action, by who authorised it and within the time allowed.

    Raises:
        Refused: The member may not decide there.
    """
    action, appointment = _locked(session, action_id)
    _require(session, member, Act.UNDO, appointment.department_id)
    if action.state is State.AUTHORIZED and action.decided_by and action.decided_at:
        decided = Decided(action.decided_by, action.decided_at)
        filled = bool(
            session.scalar(
                select(col(Action.id)).where(col(Action.id) == action_id, backfills.has_filled())
            )
        )
        barrier = barrier_of_undo(decided, by_id=member.id, now=now, filled=filled)
        if barrier:
            return Outcome(view(session, action_id), barrier)
    return _decide(session, member, (action, appointment), Act.UNDO, now)


def add_note(
    session: Session, member: Member, appointment_id: int, note: str, now: datetime
) -> bool:
    """Put a note on the member's own waiting proposal about an appointment.

    Raises:
        Refused: The member may no longer propose there.
    """
    appointment = locked_appointment(session, appointment_id)
    changed = session.execute(
        update(Action)
        .where(
            col(Action.appointment_id) == appointment_id,
            col(Action.state) == State.PROPOSED,
            col(Action.proposed_by) == member.id,
        )
        .values(note=note[:REASONS_AT_MOST])
        .returning(col(Action.id))
    ).all()
    if changed:
        _require(session, member, Act.PROPOSE, appointment.department_id)
        touch_figures(session, [appointment.department_id])
        audit.record(session, "note", at=now, member_id=member.id, appointment_id=appointment_id)
    return bool(changed)


def furthest_state() -> ScalarSelect[State | None]:
    """Where the furthest of an appointment's actions stands, for an UPDATE of appointments."""
    rank = case(
        {State.AUTHORIZED: 3, State.PROPOSED: 2, State.DECLINED: 1}, value=col(Action.state)
    )
    return (
        select(col(Action.state))
        .where(
            col(Action.appointment_id) == col(Appointment.id),
            col(Action.state) != State.REVOKED,
        )
        .order_by(rank.desc())
        .limit(1)
        .correlate(Appointment)
        .scalar_subquery()
    )


def refresh_state(session: Session, appointment: Appointment) -> None:
    """Set `action_state` to where the furthest action stands, and the rollup with it."""
    was = appointment.action_state
    furthest = session.scalar(
        update(Appointment)
        .where(col(Appointment.id) == appointment.id)
        .values(action_state=furthest_state())
        .returning(col(Appointment.action_state))
    )
    gained = (furthest is State.AUTHORIZED) - (was is State.AUTHORIZED)
    if gained and appointment.status not in NOT_SCHEDULED:
        session.execute(
            update(DailyCount)
            .where(
                col(DailyCount.day) == appointment.day,
                col(DailyCount.department_id) == appointment.department_id,
                col(DailyCount.age_group) == appointment.age_group,
            )
            .values(actioned=col(DailyCount.actioned) + gained)
        )


def touch_figures(session: Session, department_ids: Iterable[int]) -> None:
    """Let open messages about these departments be renewed."""
    for department_id in sorted(set(department_ids)):
        session.execute(
            update(Department)
            .where(col(Department.id) == department_id)
            .values(figures=col(Department.figures) + 1)
        )


def _begin(
    session: Session,
    member: Member | None,
    appointment_id: int,
    kind: Kind,
    request: tuple[Act, datetime, int],
) -> Outcome:
    """Move the open action of that kind, or make one; without a member, as Slotwise itself."""
    act, now, threshold = request
    appointment = locked_appointment(session, appointment_id)
    if member is not None:
        _require(session, member, act, appointment.department_id)
    action = session.scalars(
        select(Action).where(
            col(Action.appointment_id) == appointment_id,
            col(Action.kind) == kind,
            col(Action.state).in_(OPEN),
        )
    ).first()
    barrier = _barrier(session, appointment, kind, now, threshold)
    if action is not None:
        if barrier or next_state(action.state, act) is None:
            return Outcome(view(session, key_of(action)), barrier or Barrier.ALREADY)
        return _decide(session, member, (action, appointment), act, now)
    if barrier:
        return Outcome(None, barrier)
    action = Action(appointment_id=appointment_id, kind=kind, state=_FIRST_STATES[act])
    by_id = member.id if member else None
    if act is Act.PROPOSE:
        action.proposed_by, action.proposed_at = by_id, now
    else:
        action.decided_by, action.decided_at = by_id, now
    session.add(action)
    session.flush()
    _settle(session, member, (action, appointment), act, now)
    told = 0
    if act is Act.PROPOSE:
        told = _tell_managers(session, member, action, appointment, now)
    return Outcome(view(session, key_of(action)), told=told)


def _decide(
    session: Session,
    member: Member | None,
    found: tuple[Action, Appointment],
    act: Act,
    now: datetime,
    reason: str | None = None,
) -> Outcome:
    action, _ = found
    by_id = member.id if member else None
    action_id, becomes = key_of(action), next_state(action.state, act)
    if becomes is None:
        return Outcome(view(session, action_id), Barrier.ALREADY)
    values: dict[str, object] = {"state": becomes}
    if becomes is State.REVOKED:
        values["revoked_at"] = now
        if action.decided_by is None:
            values["decided_by"] = by_id
        if reason:
            values["reason"] = _short(reason)
    else:
        values |= {"decided_by": by_id, "decided_at": now, "reason": _short(reason)}
    moved = session.execute(
        update(Action)
        .where(col(Action.id) == action_id, col(Action.state) == action.state)
        .values(**values)
        .returning(col(Action.id))
    ).first()
    if moved is None:
        return Outcome(view(session, action_id), Barrier.ALREADY)
    session.refresh(action)
    _settle(session, member, found, act, now)
    _tell_proposer(session, member, action, now)
    return Outcome(view(session, action_id))


def _settle(
    session: Session,
    member: Member | None,
    found: tuple[Action, Appointment],
    act: Act,
    now: datetime,
) -> None:
    """What every move does: the kept-up-to-date columns, the figures' version, the audit row.

    An authorised transfer is followed up from here on, and one that is revoked no longer.
    """
    action, appointment = found
    refresh_state(session, appointment)
    if action.state is State.AUTHORIZED:
        backfills.open_for(session, col(Action.id) == key_of(action), now)
    elif action.state is State.REVOKED:
        backfills.end_for(session, col(BackfillRow.action_id) == key_of(action), now)
    touch_figures(session, [appointment.department_id])
    audit.record(
        session,
        act.value,
        at=now,
        member_id=member.id if member else None,
        appointment_id=appointment.id,
        action=action.id,
        kind=action.kind,
    )


def _tell_managers(
    session: Session,
    proposer: Member | None,
    action: Action,
    appointment: Appointment,
    now: datetime,
) -> int:
    managers = people.members_with(session, Right.DECIDE, appointment.department_id)
    others = [it for it in managers if proposer is None or it.id != proposer.id]
    address, kind = f"{PUSHED_PROPOSAL}:{action.id}", PushKind.PROPOSAL
    return sum(
        outbox.enqueue(session, to.id, address, now, key=f"{address}:{to.id}", kind=kind)
        for to in others
    )


def _tell_proposer(session: Session, decider: Member | None, action: Action, now: datetime) -> None:
    if action.proposed_by not in {None, decider.id if decider else None}:
        assert action.proposed_by is not None  # noqa: S101 - excluded above
        key = f"{PUSHED_DECISION}:{action.id}:{action.state}"
        address = f"{PUSHED_DECISION}:{action.id}"
        kind = PushKind.DECISION
        outbox.enqueue(session, action.proposed_by, address, now, key=key, kind=kind)


def _locked(session: Session, action_id: int) -> tuple[Action, Appointment]:
    """An action and its appointment, which is locked first (`storage/locks.py`)."""
    action = session.get_one(Action, action_id)
    appointment = locked_appointment(session, action.appointment_id)
    session.refresh(action)
    return action, appointment


def _require(session: Session, member: Member, act: Act, department_id: int) -> None:
    right = NEEDS[act]
    if not member.may(right, department_id):
        department = session.get_one(Department, department_id)
        raise Refused(right, department.name)


def _barrier(
    session: Session, appointment: Appointment, kind: Kind, now: datetime, threshold: int
) -> Barrier | None:
    return barrier_of_appointment(
        appointment.status,
        appointment.start,
        high_risk=is_high_risk(
            appointment.prior_no_shows, picked=appointment.picked, threshold=threshold
        ),
        now=now,
        free=kind is Kind.TRANSFER and given_back(session, key_of(appointment)),
    )


def _short(text: str | None) -> str | None:
    return text[:REASONS_AT_MOST] if text else None
