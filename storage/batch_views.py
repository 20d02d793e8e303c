"""Reading batches: what one asks about, what became of it, and of whose proposals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from domain.criteria import Selection
from domain.efficiency import Efficiency
from domain.risk import is_high_risk
from domain.statuses import NOT_SCHEDULED
from domain.transfers import Barrier, State, barrier_of_appointment
from storage.efficiency import efficiency
from storage.expectations import expected_in_batch
from storage.risk import is_undecided
from storage.slots import is_given_back
from storage.tables import (
    Action,
    Appointment,
    Batch,
    BatchItem,
    Department,
    MemberRow,
    Patient,
)

NAMED_AT_MOST: Final = 20
"""How many of those left out are named one by one."""


@dataclass(frozen=True)
class LeftOut:
    """An appointment that a batch could not authorise, and why (in a few words)."""

    reference: str
    start: datetime
    why: str


@dataclass(frozen=True)
class BatchView:
    """A batch as it stands.

    Attributes:
        source: The address of the screen whose content it is.
        size: How many appointments it asked about.
        done: How many were authorised (and, if revoked, had been).
        departments: Names of the departments among them, most appointments first.
        before: The figure within the batch's criteria now.
        after: What it becomes, or became, by the batch.
        revoked_at: When it was undone; `None` if it was not.
        proposals: How many proposals it has decided.
        filled: How many of a batch that was undone have gone to other patients, and stay.
        left_out: The first few of those left out.
        left_out_total: How many were left out in all.
        expected: No-shows to expect among what it asks about; `None` while nobody can say, or
            once it is decided.
    """

    id: int
    member_id: int
    source: str
    state: State
    size: int
    done: int
    decided_by: str
    decided_at: datetime | None
    departments: list[str]
    before: Efficiency
    after: Efficiency
    revoked_at: datetime | None
    proposals: int
    filled: int
    left_out: list[LeftOut]
    left_out_total: int
    expected: float | None


def batch_view(session: Session, batch_id: int, selection: Selection) -> BatchView | None:
    """A batch as it stands, with the figures within `selection`; `None` for no such batch."""
    batch = session.get(Batch, batch_id, populate_existing=True)
    if batch is None:
        return None
    figure = efficiency(session, selection)
    decided = batch.state is not State.PROPOSED
    gained = 0 if decided else _would_gain(session, batch_id, selection)
    left_out = _left_out(session, batch_id, selection) if decided else []
    revoked_at, proposals, authorized = _of_actions(session, batch_id)
    return BatchView(
        id=batch_id,
        member_id=batch.member_id,
        source=batch.source,
        state=batch.state,
        size=batch.size,
        done=batch.done,
        decided_by=session.get_one(MemberRow, batch.member_id).name,
        decided_at=batch.decided_at,
        departments=_departments(session, batch_id),
        before=figure,
        after=figure.after(gained),
        revoked_at=revoked_at if batch.state is State.REVOKED else None,
        proposals=proposals,
        filled=authorized if batch.state is State.REVOKED else 0,
        left_out=left_out,
        left_out_total=batch.size - batch.done if batch.state is State.AUTHORIZED else 0,
        expected=None if decided else expected_in_batch(session, batch_id),
    )


def batch_owner(session: Session, batch_id: int) -> tuple[int, str] | None:
    """Whose a batch is, and the address of the screen whose content it is."""
    batch = session.get(Batch, batch_id)
    return (batch.member_id, batch.source) if batch else None


def proposals_in(session: Session, batch_id: int, member_id: int) -> list[str]:
    """The references of what `member_id` had proposed and the batch has decided."""
    return list(
        session.scalars(
            select(col(Patient.reference))
            .join(Appointment, col(Appointment.patient_id) == col(Patient.id))
            .join(Action, col(Action.appointment_id) == col(Appointment.id))
            .where(col(Action.batch_id) == batch_id, col(Action.proposed_by) == member_id)
            .order_by(col(Appointment.start), col(Action.id))
        )
    )


def _of_actions(session: Session, batch_id: int) -> tuple[datetime | None, int, int]:
    """When the last of a batch's actions was revoked, how many had been proposed, and hold."""
    revoked_at, proposals, authorized = session.execute(
        select(
            func.max(col(Action.revoked_at)),
            func.count(col(Action.proposed_by)),
            func.count().filter(col(Action.state) == State.AUTHORIZED),
        ).where(col(Action.batch_id) == batch_id)
    ).one()
    return revoked_at, proposals, authorized


def _would_gain(session: Session, batch_id: int, selection: Selection) -> int:
    """How many of the items would newly count as actioned within the selection's days."""
    conditions = [
        col(BatchItem.batch_id) == batch_id,
        col(Appointment.day).between(selection.span.first, selection.span.last),
        col(Appointment.status).not_in(NOT_SCHEDULED),
        is_undecided(),
    ]
    return (
        session.scalar(
            select(func.count())
            .select_from(BatchItem)
            .join(Appointment, col(Appointment.id) == col(BatchItem.appointment_id))
            .where(*conditions)
        )
        or 0
    )


def _left_out(session: Session, batch_id: int, selection: Selection) -> list[LeftOut]:
    rows = session.execute(
        select(Appointment, col(Patient.reference), is_given_back())
        .join(BatchItem, col(BatchItem.appointment_id) == col(Appointment.id))
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .where(col(BatchItem.batch_id) == batch_id)
        .order_by(col(Appointment.start), col(Appointment.id))
        .limit(NAMED_AT_MOST)
    ).all()
    return [
        LeftOut(reference, appointment.start, _why(appointment, selection, free))
        for appointment, reference, free in rows
    ]


def _why(appointment: Appointment, selection: Selection, free: bool) -> str:
    barrier = barrier_of_appointment(
        appointment.status,
        appointment.start,
        high_risk=is_high_risk(
            appointment.prior_no_shows, picked=appointment.picked, threshold=selection.threshold
        ),
        now=selection.after,
        free=free,
    )
    return (barrier or Barrier.ALREADY).value


def _departments(session: Session, batch_id: int) -> list[str]:
    number = func.count()
    items = select(col(BatchItem.appointment_id)).where(col(BatchItem.batch_id) == batch_id)
    rows = session.execute(
        select(col(Department.name), number)
        .join(Appointment, col(Appointment.department_id) == col(Department.id))
        .where(col(Appointment.id).in_(items.union(acted_on(batch_id))))
        .group_by(col(Department.name))
        .order_by(number.desc(), col(Department.name))
    ).all()
    return [name for name, _ in rows]


def acted_on(batch_id: int) -> Select[int]:
    """The appointments that the batch has acted on."""
    return select(col(Action.appointment_id)).where(col(Action.batch_id) == batch_id)
