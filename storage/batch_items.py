"""What a batch is about: authorising its appointments, and revoking that, by sets.

Thousands of keys would be sent to and fro otherwise. The appointments are locked first
(`storage/locks.py`), so what holds of them holds until the end.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, exists, insert, literal, or_, select, update
from sqlmodel import Session, col

from domain.people import Member
from domain.statuses import NOT_SCHEDULED, Status
from domain.transfers import Kind, State
from storage import backfills
from storage.actions import furthest_state
from storage.batch_views import acted_on
from storage.locks import lock_appointments
from storage.selecting import is_high_risk
from storage.slots import is_given_back
from storage.tables import Action, Appointment, BackfillRow, BatchItem


class Item(NamedTuple):
    """An appointment that a batch has acted on.

    Attributes:
        counts: Whether it has become an actioned slot by that, or is one no longer.
    """

    appointment_id: int
    day: date
    department_id: int
    age_group: int
    counts: bool


def authorize_items(
    session: Session, member: Member, batch_id: int, now: datetime, threshold: int
) -> list[Item]:
    """Authorise what is proposed about the items that are still open; where nothing is, a transfer.

    Those that are not stay the batch's items.

    Returns:
        Those that were authorised, in the order of their keys.
    """
    conditions = _are_open(member, batch_id, now, threshold)
    items = _lock_open(session, conditions)
    _authorize(session, member, batch_id, conditions, now)
    backfills.open_for(session, col(Action.batch_id) == batch_id, now)
    session.execute(
        update(Appointment)
        .where(col(Appointment.id).in_(acted_on(batch_id)))
        .values(action_state=State.AUTHORIZED)
    )
    session.execute(
        delete(BatchItem).where(
            col(BatchItem.batch_id) == batch_id,
            col(BatchItem.appointment_id).in_(acted_on(batch_id)),
        )
    )
    return items


def revoke_items(session: Session, batch_id: int, now: datetime) -> list[Item]:
    """Revoke what the batch authorised and nobody has changed since.

    A slot that a waiting patient has by now stays authorised.

    Returns:
        The appointments, in the order of their keys.
    """
    lock_appointments(session, col(Appointment.id).in_(acted_on(batch_id)))
    revoked = session.scalars(
        update(Action)
        .where(
            col(Action.batch_id) == batch_id,
            col(Action.state) == State.AUTHORIZED,
            ~backfills.has_filled(),
        )
        .values(state=State.REVOKED, revoked_at=now)
        .returning(col(Action.appointment_id))
    ).all()
    of_batch = select(col(Action.id)).where(col(Action.batch_id) == batch_id)
    backfills.end_for(session, col(BackfillRow.action_id).in_(of_batch), now)
    released = session.execute(
        update(Appointment)
        .where(
            col(Appointment.id).in_(acted_on(batch_id)),
            col(Appointment.action_state) == State.AUTHORIZED,
        )
        .values(action_state=furthest_state())
        .returning(*_READ)
    ).all()
    undone = set(revoked)
    return sorted(item for item in _items(released) if item.appointment_id in undone)


_READ: Final = (
    col(Appointment.id),
    col(Appointment.day),
    col(Appointment.department_id),
    col(Appointment.age_group),
    col(Appointment.action_state),
    col(Appointment.status),
)


def _items(rows: Sequence[Sequence[Any]]) -> list[Item]:
    """Rows of `_READ`: of before they are authorised, or after they were revoked."""
    return [
        Item(key, day, place, group, state is not State.AUTHORIZED and status not in NOT_SCHEDULED)
        for key, day, place, group, state, status in rows
    ]


def _are_open(
    member: Member, batch_id: int, now: datetime, threshold: int
) -> list[ColumnElement[bool]]:
    """The conditions of an item that can still be authorised; joins Appointment and BatchItem."""
    conditions: list[ColumnElement[bool]] = [
        col(BatchItem.batch_id) == batch_id,
        or_(
            and_(
                col(Appointment.status) == Status.BOOKED,
                is_high_risk(threshold),
            ),
            is_given_back(),
        ),
        col(Appointment.start) > now,
        col(Appointment.action_state).is_(None) | _has_proposal(),
    ]
    if member.departments:
        conditions.append(col(Appointment.department_id).in_(member.departments))
    return conditions


def _has_proposal() -> ColumnElement[bool]:
    return exists().where(
        col(Action.appointment_id) == col(Appointment.id), col(Action.state) == State.PROPOSED
    )


def _lock_open(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[Item]:
    rows = session.execute(
        select(*_READ)
        .join(BatchItem, col(BatchItem.appointment_id) == col(Appointment.id))
        .where(*conditions)
        .order_by(col(Appointment.id))
        .with_for_update(of=Appointment, key_share=True)
    ).all()
    return _items(rows)


def _authorize(
    session: Session,
    member: Member,
    batch_id: int,
    conditions: Sequence[ColumnElement[bool]],
    now: datetime,
) -> None:
    items = select(col(Appointment.id)).join(
        BatchItem, col(BatchItem.appointment_id) == col(Appointment.id)
    )
    decided: dict[str, Any] = {
        "state": State.AUTHORIZED,
        "decided_by": member.id,
        "decided_at": now,
        "batch_id": batch_id,
    }
    session.execute(
        update(Action)
        .where(
            col(Action.appointment_id).in_(items.where(*conditions)),
            col(Action.state) == State.PROPOSED,
        )
        .values(**decided)
    )
    transfer = {"kind": Kind.TRANSFER, **decided}
    columns = Action.metadata.tables["action"].columns
    values = [literal(value, columns[name].type) for name, value in transfer.items()]
    unproposed = items.where(*conditions, col(Appointment.id).not_in(acted_on(batch_id)))
    session.execute(
        insert(Action).from_select(["appointment_id", *transfer], unproposed.add_columns(*values))
    )
