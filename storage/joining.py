"""Joining: what becomes of somebody who comes with an invitation's code."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Final

from sqlalchemy import delete, select
from sqlmodel import Session, col

from domain.membership import Obstacle, applies_at_once, obstacle_of_role
from domain.people import Member, Role
from domain.pushes import PushKind
from storage import audit, outbox, people, refusals, strangers
from storage.invitations import hash_of, is_open
from storage.tables import Invitation, MemberDepartment, MemberRow, key_of

PUSHED_INVITATION: Final = "invitation"
"""Address (with the invitation's id) of the screen that the inviting admin is pushed."""

_MARK: Final = 32
"""So many digits of a code's hash stand in for the code on a button."""


class Ending(Enum):
    """What became of it."""

    JOINED = auto()
    """They are a member now, or another kind of member than before."""
    LOWER = auto()
    """The invitation is for a lower role than theirs: they are asked first."""
    YOURS = auto()
    """It is the invitation that they have used before."""
    LAST_ADMIN = auto()
    """They are the last admin and stay one."""
    REFUSED = auto()
    """The code is unknown, used, revoked or expired, or they were suspended."""
    IGNORED = auto()
    """They have tried too often of late: nothing was looked at."""


@dataclass(frozen=True)
class Newcomer:
    """The person who sent `/start CODE`, as Telegram names them."""

    telegram_id: int
    chat_id: int
    name: str


@dataclass(frozen=True)
class Joining:
    """What became of it, and for whom.

    Attributes:
        member: The member as they are now; `None` for who is none.
        offered: The lower role that they are asked about.
        mark: What `agree` knows that invitation by.
        quiet_until: Until when a stranger is not answered from now on.
    """

    ending: Ending
    member: Member | None = None
    offered: Role | None = None
    mark: str = ""
    quiet_until: datetime | None = None


def redeem(session: Session, code: str, newcomer: Newcomer, now: datetime) -> Joining:
    """Make the bearer of a code a member, or change what a member already is.

    A higher or equal role and other departments apply at once; a lower role is asked about.
    """
    if strangers.is_quiet(session, newcomer.telegram_id, now):
        return Joining(Ending.IGNORED)
    code_hash = hash_of(code)
    member = people.member_by_telegram(session, newcomer.telegram_id)
    if member is not None:
        return _take(session, member, code_hash, now, agreed=False)
    offer = None if _is_known(session, newcomer) else _open(session, code_hash, now)
    if offer is None:
        # The same person may have pressed twice: the first press made them a member meanwhile.
        member = people.member_by_telegram(session, newcomer.telegram_id)
        if member is not None:
            return _take(session, member, code_hash, now, agreed=False)
        reply = strangers.turn_away(session, newcomer.telegram_id, now, wrong_code=True)
        ending = Ending.REFUSED if reply.answered else Ending.IGNORED
        return Joining(ending, quiet_until=reply.quiet_until)
    row = _enrol(session, newcomer, offer.role, now)
    strangers.forget(session, newcomer.telegram_id)
    return _joined(session, row, offer, now)


def agree(session: Session, member: Member, mark: str, now: datetime) -> Joining:
    """Take an invitation, also for a lower role.

    Args:
        session: The unit of work.
        member: Who takes it.
        mark: As `redeem` gave it: only who had the code can know it.
        now: The present (aware).
    """
    if len(mark) != _MARK:
        return Joining(Ending.REFUSED, member)
    return _take(session, member, mark, now, agreed=True)


def _take(session: Session, member: Member, mark: str, now: datetime, *, agreed: bool) -> Joining:
    others = _other_admins(session, member)
    offer = _open(session, mark, now)
    if offer is None:
        if _is_theirs(session, member, mark):
            return Joining(Ending.YOURS, member)
        refusals.of_member(session, member, now)
        return Joining(Ending.REFUSED, member)
    obstacle = obstacle_of_role(member.role, offer.role, suspended=False, other_admins=others)
    if obstacle is Obstacle.LAST_ADMIN:
        return Joining(Ending.LAST_ADMIN, member)
    if not agreed and not applies_at_once(member.role, offer.role):
        return Joining(Ending.LOWER, member, offer.role, offer.code_hash[:_MARK])
    row = session.get_one(MemberRow, member.id, with_for_update={"key_share": True})
    row.role = offer.role
    return _joined(session, row, offer, now, was=member.role)


def _other_admins(session: Session, member: Member) -> int:
    if member.role is not Role.ADMIN:
        return 0
    return len(people.acting_admin(session, member) - {member.id})


def _open(session: Session, mark: str, now: datetime) -> Invitation | None:
    """The open invitation of that hash, or beginning of one; held until the transaction ends."""
    return session.scalars(
        select(Invitation)
        .where(col(Invitation.code_hash).startswith(mark, autoescape=True), *is_open(now))
        .with_for_update(key_share=True)
    ).first()


def _is_theirs(session: Session, member: Member, mark: str) -> bool:
    used = select(col(Invitation.id)).where(
        col(Invitation.code_hash).startswith(mark, autoescape=True),
        col(Invitation.used_by) == member.id,
    )
    return session.scalar(used) is not None


def _is_known(session: Session, newcomer: Newcomer) -> bool:
    """Whether it is somebody who was suspended: no code brings them back."""
    known = select(col(MemberRow.id)).where(col(MemberRow.telegram_id) == newcomer.telegram_id)
    return session.scalar(known) is not None


def _enrol(session: Session, newcomer: Newcomer, role: Role, now: datetime) -> MemberRow:
    row = MemberRow(
        telegram_id=newcomer.telegram_id,
        chat_id=newcomer.chat_id,
        name=newcomer.name[:100],
        role=role,
        joined_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _joined(
    session: Session, row: MemberRow, offer: Invitation, now: datetime, was: Role | None = None
) -> Joining:
    """Use the invitation up: its departments replace theirs, and who invited is told."""
    member_id, names = key_of(row), json.loads(offer.departments)
    offer.used_at, offer.used_by = now, member_id
    session.execute(delete(MemberDepartment).where(col(MemberDepartment.member_id) == member_id))
    for name in names:
        department = people.department_named(session, name)
        session.add(MemberDepartment(member_id=member_id, department_id=key_of(department)))
    session.flush()
    audit.record(
        session,
        "join",
        at=now,
        member_id=member_id,
        role=row.role,
        departments=names,
        was=was,
        invitation=offer.id,
    )
    if offer.created_by and offer.created_by != member_id:
        outbox.enqueue(
            session,
            offer.created_by,
            f"{PUSHED_INVITATION}:{offer.id}:0",
            now,
            key=f"joined:{offer.id}",
            kind=PushKind.PEOPLE,
        )
    return Joining(Ending.JOINED, people.as_member(session, row))
