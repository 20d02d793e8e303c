"""Members and invitations."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, bindparam, delete, select, update
from sqlmodel import Session, col

from domain.people import RIGHTS, Member, Right, Role
from storage import audit
from storage.store import ask
from storage.tables import Department, Invitation, MemberDepartment, MemberRow, key_of

VALID_FOR: Final = timedelta(days=7)
_CODE_BYTES: Final = 16


@dataclass(frozen=True)
class Newcomer:
    """The person who sent `/start CODE`, as Telegram names them."""

    telegram_id: int
    chat_id: int
    name: str


def member_by_telegram(session: Session, telegram_id: int) -> Member | None:
    """The member with this Telegram user id, unless suspended."""
    return _found(session, _BY_TELEGRAM, telegram_id)


def member_by_id(session: Session, member_id: int) -> Member | None:
    """The member with this key, unless suspended."""
    return _found(session, _BY_ID, member_id)


def members_with(session: Session, right: Right, department_id: int | None) -> list[Member]:
    """Everybody reachable who holds `right`, in a department if one is given."""
    roles = [role for role, rights in RIGHTS.items() if right in rights]
    rows = session.scalars(
        select(MemberRow).where(
            col(MemberRow.role).in_(roles),
            col(MemberRow.suspended).is_(False),
            col(MemberRow.reachable).is_(True),
        )
    ).all()
    return [
        member
        for member in (_member(session, row) for row in rows)
        if member.may(right, department_id)
    ]


def invite(session: Session, role: Role, departments: Iterable[str], now: datetime) -> str:
    """Make an invitation and return its code, which is kept nowhere.

    Args:
        session: The unit of work.
        role: What the person will be.
        departments: Names of the departments they are limited to; none for all. A name that
            is not known yet becomes a department.
        now: The present (aware); the code is valid for `VALID_FOR` from then on.
    """
    code = secrets.token_urlsafe(_CODE_BYTES)
    names = sorted(set(departments))
    for name in names:
        department_named(session, name)
    session.add(
        Invitation(
            code_hash=_hash(code),
            role=role,
            departments=json.dumps(names, ensure_ascii=False),
            created_at=now,
            expires_at=now + VALID_FOR,
        )
    )
    audit.record(session, "invite", at=now, role=role, departments=names)
    return code


def redeem(session: Session, code: str, newcomer: Newcomer, now: datetime) -> Member | None:
    """Make the bearer of a code a member, or change what a member already is.

    Returns:
        The member, or `None` if the code is unknown, used or expired, or its bearer suspended.
    """
    suspended = select(col(MemberRow.id)).where(
        col(MemberRow.telegram_id) == newcomer.telegram_id, col(MemberRow.suspended).is_(True)
    )
    if session.scalar(suspended) is not None:
        audit.record(session, "code refused", at=now, telegram_id=newcomer.telegram_id)
        return None
    used = session.execute(
        update(Invitation)
        .where(
            col(Invitation.code_hash) == _hash(code),
            col(Invitation.used_at).is_(None),
            col(Invitation.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(Invitation.role), col(Invitation.departments))
    ).first()
    if used is None:
        audit.record(session, "code refused", at=now, telegram_id=newcomer.telegram_id)
        return None
    role, departments = used
    row = _enrol(session, newcomer, role, now)
    session.execute(delete(MemberDepartment).where(col(MemberDepartment.member_id) == row.id))
    for name in json.loads(departments):
        department = department_named(session, name)
        session.add(MemberDepartment(member_id=key_of(row), department_id=key_of(department)))
    session.flush()
    audit.record(session, "join", at=now, member_id=row.id, role=role)
    return _member(session, row)


def department_named(session: Session, name: str) -> Department:
    """The department of that name, made if there is none."""
    found = session.scalars(select(Department).where(col(Department.name) == name)).first()
    if found is None:
        found = Department(name=name)
        session.add(found)
        session.flush()
    return found


def mark_unreachable(session: Session, member_id: int) -> None:
    """Note that the person has blocked the bot: nothing more is pushed to them."""
    session.execute(update(MemberRow).where(col(MemberRow.id) == member_id).values(reachable=False))


def mark_reachable(session: Session, member_id: int) -> None:
    """Note that the person lets the bot write again."""
    session.execute(update(MemberRow).where(col(MemberRow.id) == member_id).values(reachable=True))


def move_chat(session: Session, member_id: int, chat_id: int) -> None:
    """Note that the member's chat goes on under another id."""
    session.execute(update(MemberRow).where(col(MemberRow.id) == member_id).values(chat_id=chat_id))


def _enrol(session: Session, newcomer: Newcomer, role: Role, now: datetime) -> MemberRow:
    row = session.scalars(
        select(MemberRow).where(col(MemberRow.telegram_id) == newcomer.telegram_id)
    ).first() or MemberRow(
        telegram_id=newcomer.telegram_id, chat_id=0, name="", role=role, joined_at=now
    )
    row.chat_id, row.name, row.role = newcomer.chat_id, newcomer.name[:100], role
    row.reachable = True
    session.add(row)
    session.flush()
    return row


_ACTIVE: Final = (
    select(
        col(MemberRow.id),
        col(MemberRow.telegram_id),
        col(MemberRow.chat_id),
        col(MemberRow.name),
        col(MemberRow.role),
        col(MemberRow.reachable),
        col(MemberDepartment.department_id),
    )
    .join(MemberDepartment, col(MemberDepartment.member_id) == col(MemberRow.id), isouter=True)
    .where(col(MemberRow.suspended).is_(False))
)
_BY_TELEGRAM: Final = _ACTIVE.where(col(MemberRow.telegram_id) == bindparam("key"))
_BY_ID: Final = _ACTIVE.where(col(MemberRow.id) == bindparam("key"))


def _found(session: Session, statement: Select[*tuple[Any, ...]], key: int) -> Member | None:
    """The one member that a statement finds: a row for each department, or one with none."""
    rows = ask(session, statement, {"key": key}).all()
    if not rows:
        return None
    key, telegram_id, chat_id, name, role, reachable, _ = rows[0]
    departments = frozenset(row[-1] for row in rows if row[-1] is not None)
    return Member(key, telegram_id, chat_id, name, role, departments, reachable)


def _member(session: Session, row: MemberRow) -> Member:
    departments = session.scalars(
        select(col(MemberDepartment.department_id)).where(col(MemberDepartment.member_id) == row.id)
    ).all()
    return Member(
        key_of(row),
        row.telegram_id,
        row.chat_id,
        row.name,
        row.role,
        frozenset(departments),
        row.reachable,
    )


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
