"""Reading actions: what waits for a decision, and what was decided about an appointment."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain.people import Member
from domain.statuses import Status
from domain.transfers import Kind, State
from storage import backfills
from storage.risk import RiskRow
from storage.slots import is_given_back
from storage.tables import Action, Appointment, Department, MemberRow, Patient, key_of


@dataclass(frozen=True)
class ActionView:
    """An action with the names a person reads. Times are UTC.

    Attributes:
        decided_by: Who authorised, declined or withdrew it.
        decided_at: When it was authorised or declined.
        reason: Why it was declined, or withdrawn because its cause is gone.
        proposed_by: `None` where Slotwise did: the patient gave the slot back by message.
        filled: Whether a waiting patient has the slot by now.
    """

    id: int
    appointment_id: int
    kind: Kind
    state: State
    note: str | None
    proposed_by: str | None
    proposed_by_id: int | None
    proposed_at: datetime | None
    decided_by: str | None
    decided_by_id: int | None
    decided_at: datetime | None
    reason: str | None
    revoked_at: datetime | None
    batch_id: int | None
    filled: bool = False


@dataclass(frozen=True)
class Waiting:
    """Proposals that wait for a decision."""

    rows: list[tuple[ActionView, RiskRow]] = field(default_factory=list)
    total: int = 0
    appointments: int = 0
    """How many appointments they are about; one may have a transfer and a call proposed."""


def waiting(session: Session, member: Member, now: datetime, offset: int, limit: int) -> Waiting:
    """Proposals about coming appointments in the member's departments, oldest first."""
    conditions = is_waiting(member, now)
    total, appointments = session.execute(
        select(func.count(), func.count(col(Action.appointment_id).distinct()))
        .select_from(Action)
        .join(Appointment, col(Appointment.id) == col(Action.appointment_id))
        .where(*conditions)
    ).one()
    rows = session.execute(
        select(Action, Appointment, col(Patient.reference), col(Department.name))
        .join(Appointment, col(Appointment.id) == col(Action.appointment_id))
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(Department, col(Department.id) == col(Appointment.department_id))
        .where(*conditions)
        .order_by(col(Action.proposed_at), col(Action.id))
        .offset(offset)
        .limit(limit)
    ).all()
    views = {found.id: found for found in _views(session, [key_of(row[0]) for row in rows])}
    return Waiting(
        [
            (
                views[key_of(action)],
                RiskRow(
                    key_of(appointment),
                    reference,
                    department,
                    appointment.age_group,
                    appointment.start,
                    appointment.prior_no_shows,
                    appointment.action_state,
                    appointment.chance,
                    appointment.picked,
                ),
            )
            for action, appointment, reference, department in rows
        ],
        total,
        appointments,
    )


def is_waiting(member: Member, now: datetime) -> list[ColumnElement[bool]]:
    """The conditions of a proposal that `member` may see waiting; joins Action and Appointment."""
    conditions: list[ColumnElement[bool]] = [
        col(Action.state) == State.PROPOSED,
        or_(
            col(Appointment.status) == Status.BOOKED,
            and_(col(Action.kind) == Kind.TRANSFER, is_given_back()),
        ),
        col(Appointment.start) > now,
    ]
    if member.departments:
        conditions.append(col(Appointment.department_id).in_(member.departments))
    return conditions


def view(session: Session, action_id: int) -> ActionView | None:
    """One action, or `None`."""
    return next(iter(_views(session, [action_id])), None)


def actions_about(session: Session, appointment_id: int) -> list[ActionView]:
    """All actions about an appointment, oldest first."""
    ids = session.scalars(
        select(col(Action.id))
        .where(col(Action.appointment_id) == appointment_id)
        .order_by(col(Action.id))
    ).all()
    return _views(session, ids)


def _views(session: Session, ids: Iterable[int | None]) -> list[ActionView]:
    proposer, decider = aliased(MemberRow), aliased(MemberRow)
    rows = session.execute(
        select(Action, col(proposer.name), col(decider.name), backfills.has_filled())
        .join(proposer, col(proposer.id) == col(Action.proposed_by), isouter=True)
        .join(decider, col(decider.id) == col(Action.decided_by), isouter=True)
        .where(col(Action.id).in_([key for key in ids if key]))
        .order_by(col(Action.id))
        .execution_options(populate_existing=True)
    ).all()
    return [
        ActionView(
            id=key_of(action),
            appointment_id=action.appointment_id,
            kind=action.kind,
            state=action.state,
            note=action.note,
            proposed_by=proposed_by,
            proposed_by_id=action.proposed_by,
            proposed_at=action.proposed_at,
            decided_by=decided_by,
            decided_by_id=action.decided_by,
            decided_at=action.decided_at,
            reason=action.reason,
            revoked_at=action.revoked_at,
            batch_id=action.batch_id,
            filled=filled,
        )
        for action, proposed_by, decided_by, filled in rows
    ]
