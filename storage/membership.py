"""Membership: who there is, and changing what somebody may do.

Every change is decided under a lock on the admins' rows, leaves an audit row, and is pushed to
whom it concerns.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import case, delete, func, select
from sqlmodel import Session, col

from domain.membership import (
    ORDER,
    Obstacle,
    limited,
    obstacle_of_role,
    obstacle_of_suspension,
)
from domain.people import Member, Role
from domain.pushes import PushKind
from storage import audit, invitations, outbox, people
from storage.tables import Department, Invitation, MemberDepartment, MemberRow, key_of

PUSHED_CHANGE: Final = "you"
"""Address (with who changed it, and when) of the screen that the person concerned is pushed."""

SETTLES_WITHIN: Final = timedelta(minutes=1)
"""Departments are changed by several presses: they are told of once, after so long."""


@dataclass(frozen=True)
class MemberView:
    """A member as admins see them.

    Attributes:
        member: Who it is.
        suspended: They may do nothing.
        reachable: `False` if they have blocked the bot: nothing is pushed to them.
    """

    member: Member
    suspended: bool
    reachable: bool
    joined_at: datetime


@dataclass(frozen=True)
class People:
    """A page of all members, the highest role first, then by name; who is suspended comes last.

    Attributes:
        found: How many the whole list has.
        active: How many there are of each role.
        suspended: How many are suspended.
        unreachable: How many of the active have blocked the bot.
    """

    rows: list[MemberView]
    found: int
    active: dict[Role, int]
    suspended: int
    unreachable: int


def everybody(session: Session, offset: int, limit: int, named: str = "") -> People:
    """A page of all members, or of those whose name has `named` in it; and how many there are."""
    wanted = col(MemberRow.name).icontains(named, autoescape=True)
    counted = session.execute(
        select(
            col(MemberRow.role), col(MemberRow.suspended), col(MemberRow.reachable), func.count()
        ).group_by(col(MemberRow.role), col(MemberRow.suspended), col(MemberRow.reachable))
    ).all()
    active = dict.fromkeys(reversed(ORDER), 0)
    for role, suspended, _, number in counted:
        active[role] += 0 if suspended else number
    rank = case({role.value: at for at, role in enumerate(ORDER)}, value=col(MemberRow.role))
    rows = session.scalars(
        select(MemberRow)
        .where(wanted)
        .order_by(col(MemberRow.suspended), rank.desc(), col(MemberRow.name), col(MemberRow.id))
        .offset(offset)
        .limit(limit)
    ).all()
    found = session.scalar(select(func.count()).select_from(MemberRow).where(wanted))
    return People(
        [_view(session, row) for row in rows],
        found or 0,
        active,
        sum(number for _, suspended, _, number in counted if suspended),
        sum(number for _, suspended, there, number in counted if not (suspended or there)),
    )


def one(session: Session, member_id: int) -> MemberView:
    """One member, suspended or not.

    Raises:
        NoResultFound: There is none of that id.
    """
    return _view(session, session.get_one(MemberRow, member_id))


def change_role(
    session: Session, by: Member, member_id: int, role: Role, now: datetime
) -> Obstacle | None:
    """Give a member another role.

    Raises:
        Refused: `by` may not manage people, or no longer.
        NoResultFound: There is no such member.
    """
    row, others = _locked(session, by, member_id)
    was = row.role
    obstacle = obstacle_of_role(was, role, suspended=row.suspended, other_admins=others)
    if obstacle:
        return obstacle
    if was is Role.ADMIN:
        _withdraw_invitations(session, by, member_id, now)
    row.role = role
    audit.record(
        session,
        "change role",
        at=now,
        member_id=by.id,
        person_id=member_id,
        person=row.name,
        role=role,
        was=was,
    )
    _tell(session, by, row, now)
    return None


def change_departments(
    session: Session,
    by: Member,
    member_id: int,
    department_id: int | None,
    *,
    in_it: bool,
    now: datetime,
) -> Obstacle | None:
    """Limit a member to a department too, or no longer; `None` in its place for no limit.

    Raises:
        Refused: `by` may not manage people, or no longer.
        NoResultFound: There is no such member or department.
    """
    row, _ = _locked(session, by, member_id)
    before = people.as_member(session, row).departments
    after: frozenset[int] | Obstacle = frozenset()
    if department_id is not None:
        session.get_one(Department, department_id)
        after = limited(before, department_id, in_it=in_it)
    elif not before:
        return Obstacle.SAME
    if isinstance(after, Obstacle):
        return after
    session.execute(delete(MemberDepartment).where(col(MemberDepartment.member_id) == member_id))
    session.add_all(MemberDepartment(member_id=member_id, department_id=key) for key in after)
    audit.record(
        session,
        "change departments",
        at=now,
        member_id=by.id,
        person_id=member_id,
        person=row.name,
        departments=_names(session, after),
        was=_names(session, before),
    )
    _tell(session, by, row, now, settles=True)
    return None


def suspend(session: Session, by: Member, member_id: int, now: datetime) -> Obstacle | None:
    """Take everything from a member, from this moment on.

    Raises:
        Refused: `by` may not manage people, or no longer.
        NoResultFound: There is no such member.
    """
    row, others = _locked(session, by, member_id)
    obstacle = obstacle_of_suspension(row.role, suspended=row.suspended, other_admins=others)
    if obstacle:
        return obstacle
    _withdraw_invitations(session, by, member_id, now)
    _set_suspended(session, by, row, now, suspended=True)
    return None


def reinstate(session: Session, by: Member, member_id: int, now: datetime) -> Obstacle | None:
    """Give a suspended member back what they had.

    Raises:
        Refused: `by` may not manage people, or no longer.
        NoResultFound: There is no such member.
    """
    row, _ = _locked(session, by, member_id)
    if not row.suspended:
        return Obstacle.SAME
    _set_suspended(session, by, row, now, suspended=False)
    _tell(session, by, row, now)
    return None


def _set_suspended(
    session: Session, by: Member, row: MemberRow, now: datetime, *, suspended: bool
) -> None:
    row.suspended = suspended
    audit.record(
        session,
        "suspend" if suspended else "reinstate",
        at=now,
        member_id=by.id,
        person_id=row.id,
        person=row.name,
    )


def _locked(session: Session, by: Member, member_id: int) -> tuple[MemberRow, int]:
    """The member to be changed, and how many admins there are besides; held until the end."""
    admins = people.acting_admin(session, by)
    row = session.get_one(MemberRow, member_id, with_for_update={"key_share": True})
    return row, len(admins - {member_id})


def _withdraw_invitations(session: Session, by: Member, member_id: int, now: datetime) -> None:
    """Make worthless what an admin who no longer is one could still come back by."""
    wanted = select(col(Invitation.id)).where(
        col(Invitation.created_by) == member_id, *invitations.is_open(now)
    )
    for invitation_id in session.scalars(wanted).all():
        if invitation_id is not None:
            invitations.revoke(session, by, invitation_id, now)


def _tell(
    session: Session, by: Member, row: MemberRow, now: datetime, *, settles: bool = False
) -> None:
    """Push to the person what they are now; not to who is suspended, nor to who did it."""
    if row.suspended or row.id == by.id:
        return
    seconds = int(now.timestamp())
    cause = f"in {seconds // 60}" if settles else f"at {seconds} {row.role}"
    outbox.enqueue(
        session,
        key_of(row),
        f"{PUSHED_CHANGE}:{by.id}:{seconds}",
        now + SETTLES_WITHIN if settles else now,
        key=f"{PUSHED_CHANGE}:{row.id}:{cause}",
        kind=PushKind.PEOPLE,
    )


def _view(session: Session, row: MemberRow) -> MemberView:
    member = people.as_member(session, row)
    return MemberView(member, row.suspended, row.reachable, row.joined_at)


def _names(session: Session, departments: Iterable[int]) -> list[str]:
    named = select(col(Department.name)).where(col(Department.id).in_(departments))
    return sorted(session.scalars(named))
