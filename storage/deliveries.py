"""What admins see of the outbox, and what they can do about dead letters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    TextClause,
    and_,
    case,
    func,
    select,
    text,
    type_coerce,
    update,
)
from sqlmodel import Session, col

from domain.deliveries import Event, State, next_state
from domain.people import Member, Right, Role
from domain.pushes import PushKind
from storage import audit
from storage.outbox import IS_OPEN
from storage.tables import MemberRow, Push, key_of

HAS_FAILED: Final = text("push.state = 'failed'")
"""Word for word as the index has it, like `IS_OPEN`."""


@dataclass(frozen=True)
class Standing:
    """How the outbox stands.

    Attributes:
        waiting: Pushes to be sent that were not yet, or that certainly did not arrive.
        oldest: Since when the oldest of them, or of the unknown, waits; `None` if none does.
        sending: Pushes on their way.
        unknown: Pushes to be sent of which a try may have arrived.
        failed_today: Pushes that failed since the day began, and were not dropped.
        failed: All that failed and were not dropped.
    """

    waiting: int
    oldest: datetime | None
    sending: int
    unknown: int
    failed_today: int
    failed: int


@dataclass(frozen=True)
class DeadLetter:
    """A push that failed, or what became of it.

    Attributes:
        name: Of whom it was for.
        at: When it failed, if it has.
        since: When it was written.
    """

    id: int
    name: str
    role: Role
    reachable: bool
    kind: PushKind
    state: State
    problem: str
    attempts: int
    uncertain: bool
    at: datetime
    since: datetime


def standing(session: Session, now: datetime, day_began: datetime) -> Standing:
    """Count the outbox: cheap, whatever has been sent already."""
    found = fates(session, IS_OPEN, now=now)
    waiting, unknown = found.get("waiting", NONE), found.get("unknown", NONE)
    today = col(Push.due_at) >= day_began
    return Standing(
        waiting=waiting.number,
        oldest=min(filter(None, (waiting.oldest, unknown.oldest)), default=None),
        sending=found.get("sending", NONE).number,
        unknown=unknown.number,
        failed_today=fates(session, HAS_FAILED, today).get("failed", NONE).number,
        failed=fates(session, HAS_FAILED).get("failed", NONE).number,
    )


class Fate(NamedTuple):
    """Pushes of which the same has become: how many, and when the oldest was written."""

    number: int
    oldest: datetime | None


NONE: Final = Fate(0, None)


def fates(
    session: Session, *which: ColumnElement[bool] | TextClause, now: datetime | None = None
) -> dict[str, Fate]:
    """Count pushes by what has become of them, where any has.

    That is their state, or `unknown`: to be sent, but a try may have arrived.

    Args:
        session: The unit of work.
        which: The conditions of those that are counted.
        now: The present (aware), to count as unknown also what was begun by who has died.
    """
    in_doubt = and_(col(Push.state) == State.WAITING, col(Push.uncertain))
    if now:
        in_doubt |= and_(col(Push.state) == State.SENDING, col(Push.due_at) <= now)
    fate = case((in_doubt, "unknown"), else_=type_coerce(col(Push.state), String))
    rows = session.execute(
        select(fate, func.count(), func.min(col(Push.created_at))).where(*which).group_by(fate)
    )
    return {word: Fate(number, oldest) for word, number, oldest in rows}


def dead_letters(session: Session, offset: int, limit: int) -> list[DeadLetter]:
    """Pushes that failed and were not dropped, the latest first."""
    rows = session.execute(
        _LETTERS.where(HAS_FAILED)
        .order_by(col(Push.due_at).desc(), col(Push.id).desc())
        .offset(offset)
        .limit(limit)
    )
    return [_letter(push, member) for push, member in rows]


def letter(session: Session, push_id: int) -> DeadLetter | None:
    """One push as an admin sees it."""
    row = session.execute(_LETTERS.where(col(Push.id) == push_id)).first()
    return _letter(*row) if row else None


def send_again(session: Session, admin: Member, push_id: int, now: datetime) -> bool:
    """Let a push that failed be tried anew; `False` if it is no longer failed.

    Raises:
        Refused: The member may not.
    """
    return _move(session, admin, push_id, Event.RESEND, now, attempts=0)


def drop(session: Session, admin: Member, push_id: int, now: datetime) -> bool:
    """Let a push that failed go; `False` if it is no longer failed.

    Raises:
        Refused: The member may not.
    """
    by = f"dropped by {admin.name}"[:200]
    return _move(session, admin, push_id, Event.DROP, now, problem=by)


def _move(
    session: Session, admin: Member, push_id: int, event: Event, now: datetime, **values: object
) -> bool:
    admin.require(Right.DELIVERIES)
    moved = session.execute(
        update(Push)
        .where(col(Push.id) == push_id, col(Push.state) == State.FAILED)
        .values(state=next_state(State.FAILED, event), due_at=now, **values)
        .returning(col(Push.kind), col(Push.member_id))
    ).first()
    if moved is None:
        return False
    kind, to = moved
    audit.record(
        session, f"{event} delivery", at=now, member_id=admin.id, push=push_id, kind=kind, to=to
    )
    return True


_LETTERS: Select[Push, MemberRow] = select(Push, MemberRow).join(
    MemberRow, col(MemberRow.id) == col(Push.member_id)
)


def _letter(push: Push, member: MemberRow) -> DeadLetter:
    return DeadLetter(
        id=key_of(push),
        name=member.name,
        role=member.role,
        reachable=member.reachable and not member.suspended,
        kind=push.kind,
        state=push.state,
        problem=push.problem or "",
        attempts=push.attempts,
        uncertain=push.uncertain,
        at=push.due_at,
        since=push.created_at,
    )
