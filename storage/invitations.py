"""Invitations: single-use codes, of which only a hash is kept.

An admin who invites from the chat first has a *draft*, a row without a code, so that what they
have chosen so far outlives a restart; making the link turns it into an invitation.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain.membership import Obstacle, limited
from domain.people import Member, Role
from storage import audit, people
from storage.tables import Department, Invitation, MemberRow, key_of

VALID_FOR: Final = timedelta(days=7)
_CODE_BYTES: Final = 16
_DRAFT: Final = "draft:"
"""How the hash of an invitation begins that has no code yet."""


class Stage(StrEnum):
    """How far an invitation is."""

    DRAFT = "draft"
    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True)
class InvitationView:
    """An invitation as it stands.

    Attributes:
        departments: Names; none for all.
        created_by: Who invited; `None` for the command line.
        ended_at: When it was used or revoked.
        used_by: Who became a member by it.
    """

    id: int
    role: Role
    departments: tuple[str, ...]
    stage: Stage
    created_at: datetime
    created_by: str | None
    expires_at: datetime
    ended_at: datetime | None
    used_by: str | None


def invite(
    session: Session,
    role: Role,
    departments: Iterable[str],
    now: datetime,
    created_by: int | None = None,
) -> str:
    """Make an invitation and return its code, which is kept nowhere.

    Args:
        session: The unit of work.
        role: What the person will be.
        departments: Names of the departments they are limited to; none for all. A name that
            is not known yet becomes a department.
        now: The present (aware); the code is valid for `VALID_FOR` from then on.
        created_by: The member who invites; `None` for the command line.
    """
    names = sorted(set(departments))
    for name in names:
        people.department_named(session, name)
    row = _draft(role, names, now, created_by)
    session.add(row)
    return _publish(session, row, now, created_by)


def draft(session: Session, by: Member, role: Role, now: datetime) -> int:
    """Begin an invitation; its id.

    Raises:
        Refused: They may not invite.
    """
    people.acting_admin(session, by)
    row = _draft(role, [], now, by.id)
    session.add(row)
    session.flush()
    return key_of(row)


def limit_draft(
    session: Session,
    by: Member,
    invitation_id: int,
    department_id: int | None,
    *,
    in_it: bool,
    now: datetime,
) -> Obstacle | None:
    """Put a department into a draft, or take it out; `None` in its place for no limit.

    Raises:
        Refused: They may not invite.
        NoResultFound: There is no such draft or department.
    """
    people.acting_admin(session, by)
    row = _one_draft(session, invitation_id, now)
    if department_id is None:
        row.departments = _names([])
        return None
    wanted = session.get_one(Department, department_id)
    listed = col(Department.name).in_(json.loads(row.departments))
    before = {
        key_of(found): found.name for found in session.scalars(select(Department).where(listed))
    }
    after = limited(frozenset(before), department_id, in_it=in_it)
    if isinstance(after, Obstacle):
        return after
    before[department_id] = wanted.name
    row.departments = _names(before[key] for key in after)
    return None


def publish(session: Session, by: Member, invitation_id: int, now: datetime) -> str:
    """Turn a draft into an invitation and return its code, which is kept nowhere.

    Raises:
        Refused: They may not invite.
        NoResultFound: It is no draft any more: its code was made before.
    """
    people.acting_admin(session, by)
    return _publish(session, _one_draft(session, invitation_id, now), now, by.id)


def revoke(session: Session, by: Member, invitation_id: int, now: datetime) -> bool:
    """Make an open invitation worthless; `False` if it was used, revoked or expired before.

    Raises:
        Refused: They may not.
    """
    people.acting_admin(session, by)
    row = session.scalars(
        select(Invitation)
        .where(col(Invitation.id) == invitation_id, *is_open(now))
        .with_for_update(key_share=True)
    ).first()
    if row is None:
        return False
    row.revoked_at = now
    audit.record(
        session,
        "revoke invitation",
        at=now,
        member_id=by.id,
        invitation=invitation_id,
        role=row.role,
        departments=json.loads(row.departments),
    )
    return True


def open_invitations(
    session: Session, now: datetime, offset: int, limit: int
) -> tuple[int, list[InvitationView]]:
    """How many can still be used, and a page of them, the newest first."""
    total = session.scalar(select(func.count()).select_from(Invitation).where(*is_open(now)))
    newest = (col(Invitation.created_at).desc(), col(Invitation.id).desc())
    rows = session.execute(
        _viewed().where(*is_open(now)).order_by(*newest).offset(offset).limit(limit)
    )
    return total or 0, [_view(row, by, used, now) for row, by, used in rows]


def view(session: Session, invitation_id: int, now: datetime) -> InvitationView:
    """One invitation.

    Raises:
        NoResultFound: There is none of that id.
    """
    wanted = _viewed().where(col(Invitation.id) == invitation_id)
    row, by, used = session.execute(wanted).one()
    return _view(row, by, used, now)


def hash_of(code: str) -> str:
    """What is kept of a code."""
    return hashlib.sha256(code.encode()).hexdigest()


def is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """An invitation that can be used."""
    return (
        ~is_draft(),
        col(Invitation.used_at).is_(None),
        col(Invitation.revoked_at).is_(None),
        col(Invitation.expires_at) > now,
    )


def is_draft() -> ColumnElement[bool]:
    """An invitation that has no code yet."""
    return col(Invitation.code_hash).startswith(_DRAFT)


def _draft(
    role: Role, departments: Iterable[str], now: datetime, created_by: int | None
) -> Invitation:
    return Invitation(
        code_hash=_DRAFT + secrets.token_hex(_CODE_BYTES),
        role=role,
        departments=_names(departments),
        created_at=now,
        created_by=created_by,
        expires_at=now + VALID_FOR,
    )


def _one_draft(session: Session, invitation_id: int, now: datetime) -> Invitation:
    return session.scalars(
        select(Invitation)
        .where(col(Invitation.id) == invitation_id, is_draft(), col(Invitation.expires_at) > now)
        .with_for_update(key_share=True)
    ).one()


def _publish(session: Session, row: Invitation, now: datetime, by_id: int | None) -> str:
    code = secrets.token_urlsafe(_CODE_BYTES)
    row.code_hash, row.created_at, row.expires_at = hash_of(code), now, now + VALID_FOR
    session.flush()
    audit.record(
        session,
        "invite",
        at=now,
        member_id=by_id,
        invitation=row.id,
        role=row.role,
        departments=json.loads(row.departments),
    )
    return code


def _names(names: Iterable[str]) -> str:
    return json.dumps(sorted(names), ensure_ascii=False)


def _viewed() -> Select[Invitation, str | None, str | None]:
    maker, user = aliased(MemberRow), aliased(MemberRow)
    return (
        select(Invitation, col(maker.name), col(user.name))
        .join(maker, col(maker.id) == col(Invitation.created_by), isouter=True)
        .join(user, col(user.id) == col(Invitation.used_by), isouter=True)
    )


def _view(
    row: Invitation, created_by: str | None, used_by: str | None, now: datetime
) -> InvitationView:
    return InvitationView(
        key_of(row),
        row.role,
        tuple(json.loads(row.departments)),
        _stage(row, now),
        row.created_at,
        created_by,
        row.expires_at,
        row.used_at or row.revoked_at,
        used_by,
    )


def _stage(row: Invitation, now: datetime) -> Stage:
    if row.used_at:
        return Stage.USED
    if row.revoked_at:
        return Stage.REVOKED
    if now >= row.expires_at:
        return Stage.EXPIRED
    return Stage.DRAFT if row.code_hash.startswith(_DRAFT) else Stage.OPEN
