"""Policies: what each department has settled on, read and changed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from domain.people import Member, Right
from domain.policies import USUAL, Policy
from storage import actions, audit, backfills
from storage.tables import Department, PolicyRow

CHANGED: Final = "change policy"
"""The event of the audit trail."""


@dataclass(frozen=True)
class PolicyView:
    """A department's policy; `is_usual` if nobody has settled on one."""

    department_id: int
    department: str
    policy: Policy
    is_usual: bool


def policy_of(session: Session, department_id: int) -> Policy:
    """What a department has settled on."""
    row = session.get(PolicyRow, department_id, populate_existing=True)
    return _policy(row)


def policies(session: Session, departments: Collection[int]) -> list[PolicyView]:
    """Those of some departments (none: all), by name."""
    wanted = select(Department, PolicyRow).join(
        PolicyRow, col(PolicyRow.department_id) == col(Department.id), isouter=True
    )
    if departments:
        wanted = wanted.where(col(Department.id).in_(departments))
    return [
        PolicyView(department.id or 0, department.name, _policy(row), row is None)
        for department, row in session.execute(wanted.order_by(col(Department.name)))
    ]


def change(
    session: Session, member: Member, department_id: int, policy: Policy, now: datetime
) -> bool:
    """Settle a department on a policy; whether that is a change.

    It holds for what is asked, comes to its deadline or is offered from now on.

    Raises:
        domain.people.Refused: The member may not decide there.
        sqlalchemy.exc.NoResultFound: There is no such department.
    """
    member.require(Right.DECIDE, department_id)
    session.get_one(Department, department_id)
    if policy_of(session, department_id) == policy:
        return False
    row = PolicyRow(
        department_id=department_id,
        deadline_hours=policy.deadline_hours,
        silence=policy.silence,
        reminders=policy.reminders,
        automatic=policy.automatic,
    )
    session.merge(row)
    session.flush()
    backfills.look_again(session, department_id, now)
    actions.touch_figures(session, [department_id])
    audit.record(session, CHANGED, at=now, member_id=member.id, department_id=department_id)
    return True


def _policy(row: PolicyRow | None) -> Policy:
    if row is None:
        return USUAL
    return Policy(row.deadline_hours, row.silence, row.reminders, row.automatic)
