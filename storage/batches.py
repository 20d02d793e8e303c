"""Batches: many authorisations by one press, all in one transaction.

`draft` freezes exactly the appointments that the screen stood for when the button was pressed;
`confirm` authorises those of them that are still open, and keeps the others as the batch's items,
so that they can be named.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlmodel import Session, col

from domain.criteria import Selection
from domain.people import Member, Right
from domain.pushes import PushKind
from domain.statuses import NOT_SCHEDULED, Status
from domain.transfers import UNDO_WITHIN, Barrier, Kind, State
from storage import audit, outbox
from storage.actions import furthest_state, touch_figures
from storage.batch_views import acted_on
from storage.proposals import is_waiting
from storage.risk import is_undecided
from storage.selecting import at_risk, is_high_risk, shape_of, values_of
from storage.slots import is_given_back
from storage.tables import (
    Action,
    Appointment,
    Batch,
    BatchItem,
    DailyCount,
    key_of,
)

PUSHED_BATCH: Final = "toldbatch"
AUTHORIZED: Final = "authorize batch"
UNDONE: Final = "undo batch"
"""The events of an audit row that names many appointments."""

DRAFT_KEPT_FOR: Final = timedelta(hours=48)


def draft_from_list(
    session: Session, member: Member, source: str, selection: Selection, now: datetime
) -> int:
    """Freeze what waits for a decision on a risk list, and return the batch's id.

    Raises:
        Refused: The member may not decide.
    """
    listed = select(col(Appointment.id)).where(*at_risk(shape_of(selection)), is_undecided())
    return _draft(session, member, source, listed.params(**values_of(selection)), now)


def draft_from_waiting(session: Session, member: Member, source: str, now: datetime) -> int:
    """Freeze the proposals that wait for the member, and return the batch's id.

    Raises:
        Refused: The member may not decide.
    """
    wanted = (
        select(col(Appointment.id))
        .join(Action, col(Action.appointment_id) == col(Appointment.id))
        .where(*is_waiting(member, now))
        .distinct()
    )
    return _draft(session, member, source, wanted, now)


def confirm(session: Session, member: Member, batch_id: int, now: datetime, threshold: int) -> bool:
    """Authorise all of a batch that is still open; `False` if it was decided before.

    Raises:
        Refused: The member may not decide.
    """
    member.require(Right.DECIDE)
    if not _move(session, member, batch_id, (State.PROPOSED, State.AUTHORIZED), now):
        return False
    conditions = _is_open(member, batch_id, now, threshold)
    taken, fresh = _open_items(session, conditions)
    _authorize_items(session, member, batch_id, conditions, now)
    _count(session, fresh, +1)
    touch_figures(session, {item[2] for item in taken} - {item[2] for item in fresh})
    session.execute(update(Batch).where(col(Batch.id) == batch_id).values(done=len(taken)))
    _tell_proposers(session, member, batch_id, now)
    decided = [(item[0], item[2]) for item in taken]
    _record(session, (AUTHORIZED, member, batch_id, now), decided)
    return True


def cancel(session: Session, member: Member, batch_id: int, now: datetime) -> bool:
    """Drop a batch that was not confirmed; `False` if it was decided before."""
    if not _move(session, member, batch_id, (State.PROPOSED, State.DECLINED), now):
        return False
    size = _number_of_items(session, batch_id)
    session.execute(delete(BatchItem).where(col(BatchItem.batch_id) == batch_id))
    if size:
        audit.record(
            session, "cancel batch", at=now, member_id=member.id, batch=batch_id, size=size
        )
    return True


def undo(session: Session, member: Member, batch_id: int, now: datetime) -> Barrier | None:
    """Revoke what a batch authorised and nobody has changed since.

    Raises:
        Refused: The member may not decide.
    """
    member.require(Right.DECIDE)
    batch = session.get_one(Batch, batch_id)
    if batch.state is State.AUTHORIZED and batch.decided_at:
        if batch.member_id != member.id:
            return Barrier.NOT_YOURS
        if now - batch.decided_at > UNDO_WITHIN:
            return Barrier.TOO_LATE
    if not _move(session, member, batch_id, (State.AUTHORIZED, State.REVOKED), None):
        return Barrier.ALREADY
    revoked = session.scalars(
        update(Action)
        .where(col(Action.batch_id) == batch_id, col(Action.state) == State.AUTHORIZED)
        .values(state=State.REVOKED, revoked_at=now)
        .returning(col(Action.appointment_id))
    ).all()
    _release(session, batch_id)
    _tell_proposers(session, member, batch_id, now)
    undone = set(revoked)
    taken = [item for item in _with_departments(session, batch_id) if item[0] in undone]
    _record(session, (UNDONE, member, batch_id, now), taken)
    return None


def _record(
    session: Session,
    what: tuple[str, Member, int, datetime],
    decided: Iterable[tuple[int, int]],
) -> None:
    """An audit row for each department, so that its managers see their part, naming all of it.

    Args:
        session: The unit of work.
        what: The event, who did it, the batch, and when.
        decided: Appointment ids with their department ids.
    """
    event, member, batch_id, now = what
    parts: dict[int | None, list[int]] = {}
    for appointment_id, place in decided:
        parts.setdefault(place, []).append(appointment_id)
    for department_id, appointments in parts.items() or [(None, [])]:
        audit.record(
            session,
            event,
            at=now,
            member_id=member.id,
            department_id=department_id,
            batch=batch_id,
            done=len(appointments),
            appointments=appointments,
        )


def _draft(
    session: Session,
    member: Member,
    source: str,
    wanted: Select[*tuple[int | None, ...]],
    now: datetime,
) -> int:
    member.require(Right.DECIDE)
    drop_abandoned(session, now)
    batch = Batch(member_id=member.id, source=source, state=State.PROPOSED, size=0, created_at=now)
    session.add(batch)
    session.flush()
    batch_id = key_of(batch)
    items = wanted.add_columns(literal(batch_id))
    session.execute(insert(BatchItem).from_select(["appointment_id", "batch_id"], items))
    batch.size = _number_of_items(session, batch_id)
    return batch_id


def drop_abandoned(session: Session, now: datetime) -> None:
    """Cancel drafts that nobody has decided for long, and let go of their items."""
    dropped = (
        update(Batch)
        .where(col(Batch.state) == State.PROPOSED, col(Batch.created_at) < now - DRAFT_KEPT_FOR)
        .values(state=State.DECLINED, decided_at=now)
        .returning(col(Batch.id))
    )
    ids = session.scalars(dropped).all()
    if ids:
        session.execute(delete(BatchItem).where(col(BatchItem.batch_id).in_(ids)))


def _move(
    session: Session,
    member: Member,
    batch_id: int,
    step: tuple[State, State],
    decided_at: datetime | None,
) -> bool:
    values: dict[str, object] = {"state": step[1]}
    if decided_at:
        values["decided_at"] = decided_at
    moved = session.execute(
        update(Batch)
        .where(
            col(Batch.id) == batch_id,
            col(Batch.member_id) == member.id,
            col(Batch.state) == step[0],
        )
        .values(**values)
        .returning(col(Batch.id))
    ).first()
    return moved is not None


_Item = tuple[int, object, int, int]
"""Appointment id, day, department id, age group."""

_ADD_ACTIONED: Final = (
    update(DailyCount)
    .where(
        col(DailyCount.day) == bindparam("on"),
        col(DailyCount.department_id) == bindparam("in"),
        col(DailyCount.age_group) == bindparam("of"),
    )
    .values(actioned=col(DailyCount.actioned) + bindparam("gained"))
)
"""One statement for many cells: a batch of many days and departments has thousands."""


def _is_open(
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


def _open_items(
    session: Session, conditions: Sequence[ColumnElement[bool]]
) -> tuple[Sequence[_Item], Sequence[_Item]]:
    """The items that can still be authorised, locked, and those that become actioned slots."""
    rows = session.execute(
        select(
            col(Appointment.id),
            col(Appointment.day),
            col(Appointment.department_id),
            col(Appointment.age_group),
            col(Appointment.action_state),
            col(Appointment.status),
        )
        .join(BatchItem, col(BatchItem.appointment_id) == col(Appointment.id))
        .where(*conditions)
        .order_by(col(Appointment.id))
        .with_for_update(of=Appointment)
    ).all()
    taken = [(row[0], row[1], row[2], row[3]) for row in rows]
    fresh = [
        item
        for item, row in zip(taken, rows, strict=True)
        if row[4] is not State.AUTHORIZED and row[5] not in NOT_SCHEDULED
    ]
    return taken, fresh


def _has_proposal() -> ColumnElement[bool]:
    return exists().where(
        col(Action.appointment_id) == col(Appointment.id), col(Action.state) == State.PROPOSED
    )


def _authorize_items(
    session: Session,
    member: Member,
    batch_id: int,
    conditions: Sequence[ColumnElement[bool]],
    now: datetime,
) -> None:
    """Authorise what is proposed about the open items; where nothing is, a transfer.

    By sets: thousands of keys would be sent to and fro otherwise. The items are locked, so the
    conditions hold throughout.
    """
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


def _with_departments(session: Session, batch_id: int) -> list[tuple[int, int]]:
    rows = session.execute(
        select(col(Appointment.id), col(Appointment.department_id))
        .where(col(Appointment.id).in_(acted_on(batch_id)))
        .order_by(col(Appointment.id))
    )
    return [(key, department_id) for key, department_id in rows]


def _release(session: Session, batch_id: int) -> None:
    """Take back what the batch's revoked actions had made actioned."""
    released = session.execute(
        update(Appointment)
        .where(
            col(Appointment.id).in_(acted_on(batch_id)),
            col(Appointment.action_state) == State.AUTHORIZED,
        )
        .values(action_state=furthest_state())
        .returning(
            col(Appointment.id),
            col(Appointment.day),
            col(Appointment.department_id),
            col(Appointment.age_group),
            col(Appointment.status),
            col(Appointment.action_state),
        )
    ).all()
    lost = [
        (key, day, department_id, group)
        for key, day, department_id, group, status, state in released
        if state is not State.AUTHORIZED and status not in NOT_SCHEDULED
    ]
    _count(session, lost, -1)


def _count(session: Session, items: Sequence[_Item], sign: int) -> None:
    """Add the items to the rollup's actioned (or take them off), and renew the figures."""
    cells = Counter((item[1], item[2], item[3]) for item in items)
    rows = [
        {"on": day, "in": department_id, "of": group, "gained": sign * number}
        for (day, department_id, group), number in sorted(cells.items(), key=str)
    ]
    if rows:
        session.connection().execute(_ADD_ACTIONED, rows)
    touch_figures(session, [item[2] for item in items])


def _tell_proposers(session: Session, decider: Member, batch_id: int, now: datetime) -> None:
    proposers = session.scalars(
        select(col(Action.proposed_by))
        .where(col(Action.batch_id) == batch_id, col(Action.proposed_by).is_not(None))
        .distinct()
    ).all()
    for proposer in proposers:
        if proposer and proposer != decider.id:
            state = session.get_one(Batch, batch_id, populate_existing=True).state
            key = f"{PUSHED_BATCH}:{batch_id}:{proposer}:{state}"
            address = f"{PUSHED_BATCH}:{batch_id}"
            outbox.enqueue(session, proposer, address, now, key=key, kind=PushKind.DECISION)


def _number_of_items(session: Session, batch_id: int) -> int:
    counted = select(func.count()).select_from(BatchItem)
    return session.scalar(counted.where(col(BatchItem.batch_id) == batch_id)) or 0
