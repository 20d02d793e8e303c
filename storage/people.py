"""Members: who somebody is, and who holds a right."""

from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, func, select, update
from sqlmodel import Session, col

from domain.people import RIGHTS, Member, Refused, Right, Role
from storage.store import ask
from storage.tables import Department, MemberDepartment, MemberRow, key_of


def member_by_telegram(session: Session, telegram_id: int) -> Member | None:
    """The member with this Telegram user id, unless suspended."""
    return _found(session, _BY_TELEGRAM, telegram_id)


def member_by_id(session: Session, member_id: int) -> Member | None:
    """The member with this key, unless suspended."""
    return _found(session, _BY_ID, member_id)


def members_with(session: Session, right: Right, department_id: int | None = None) -> list[Member]:
    """Everybody reachable who holds `right`, in a department where one is given."""
    rows = session.scalars(
        select(MemberRow).where(
            col(MemberRow.role).in_(_roles_with(right)),
            col(MemberRow.suspended).is_(False),
            col(MemberRow.reachable).is_(True),
        )
    ).all()
    return [
        member
        for member in (as_member(session, row) for row in rows)
        if member.may(right, department_id)
    ]


class Some(NamedTuple):
    """How many members there are of the same kind."""

    role: Role
    suspended: bool
    reachable: bool
    number: int


def headcount(session: Session) -> list[Some]:
    """All members, counted by role and by whether they are suspended and can be reached."""
    kind = (col(MemberRow.role), col(MemberRow.suspended), col(MemberRow.reachable))
    return [Some(*row) for row in session.execute(select(*kind, func.count()).group_by(*kind))]


def acting_admin(session: Session, by: Member) -> frozenset[int]:
    """Make sure that `by` may manage people at this moment; all who may (ids).

    They stay locked until the transaction ends: of two admins who remove each other, one does.
    Rows that only refer to them (`key_share`) are not held up.

    Raises:
        Refused: They may not, or no longer.
    """
    found = session.scalars(
        select(col(MemberRow.id))
        .where(
            col(MemberRow.role).in_(_roles_with(Right.PEOPLE)),
            col(MemberRow.suspended).is_(False),
        )
        .order_by(col(MemberRow.id))
        .with_for_update(key_share=True)
    ).all()
    admins = frozenset(key for key in found if key is not None)
    if by.id not in admins:
        raise Refused(Right.PEOPLE)
    return admins


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


def as_member(session: Session, row: MemberRow) -> Member:
    """A member's row as the rest of the program knows them, suspended or not."""
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


def _roles_with(right: Right) -> list[Role]:
    return [role for role, rights in RIGHTS.items() if right in rights]
