"""The outbox: what must be told to people, written with the decision that causes it.

A push is `waiting` until the delivery loop takes it (`sending`, for a limited time, so that one
taken by a process that died is taken again) and ends as `sent` or `failed`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlmodel import Session, col

from domain.people import Member
from domain.pushes import USUAL, Choice, PushKind
from storage import people
from storage.tables import MemberRow, Push, PushChoice, key_of

TAKEN_FOR: Final = timedelta(seconds=60)
ATTEMPTS: Final = 8


@dataclass(frozen=True)
class DuePush:
    """A push that is this process's to send, and to whom."""

    id: int
    member: Member
    address: str
    silent: bool
    attempts: int


def enqueue(
    session: Session, member_id: int, address: str, now: datetime, *, key: str, kind: PushKind
) -> bool:
    """Tell `member_id` what the screen at `address` shows, once per `key`.

    Returns:
        Whether it is to be told: `False` if it was before, or if the member wants none of `kind`.
    """
    choice = choice_of(session, member_id, kind)
    if choice is Choice.OFF or session.scalar(select(col(Push.id)).where(col(Push.key) == key)):
        return False
    session.add(
        Push(
            key=key,
            kind=kind,
            member_id=member_id,
            address=address,
            silent=choice is Choice.SILENT,
            created_at=now,
            due_at=now,
        )
    )
    return True


def choice_of(session: Session, member_id: int, kind: PushKind) -> Choice:
    """How a member wants a kind of push."""
    chosen = session.get(PushChoice, (member_id, kind))
    return chosen.choice if chosen else USUAL[kind]


def take_due(session: Session, now: datetime, limit: int, closed: Collection[int]) -> list[DuePush]:
    """Take up to `limit` pushes that are due, oldest first; no other process gets them.

    Args:
        session: The unit of work.
        now: The present (aware).
        limit: How many at most.
        closed: Chats to which nothing may be sent now; of every other chat one push is taken.
    """
    rows = session.scalars(
        select(Push)
        .join(MemberRow, col(MemberRow.id) == col(Push.member_id))
        .where(
            col(Push.state).in_(["waiting", "sending"]),
            col(Push.due_at) <= now,
            col(MemberRow.chat_id).not_in(closed),
        )
        .order_by(col(Push.due_at), col(Push.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Push)
    ).all()
    taken: list[DuePush] = []
    chats: set[int] = set()
    for row in rows:
        member = people.member_by_id(session, row.member_id)
        if member is None:
            row.state, row.problem = "failed", "no longer a member"
            continue
        if member.chat_id in chats:
            continue
        chats.add(member.chat_id)
        row.state, row.due_at, row.attempts = "sending", now + TAKEN_FOR, row.attempts + 1
        taken.append(DuePush(key_of(row), member, row.address, row.silent, row.attempts))
    return taken


def mark_sent(session: Session, push_id: int, message_id: int, now: datetime) -> None:
    """The push arrived as this message."""
    _settle(session, push_id, state="sent", message_id=message_id, sent_at=now)


def put_off(session: Session, push_id: int, until: datetime, problem: str) -> None:
    """Try again at `until`; after `ATTEMPTS` tries the push has failed for good."""
    attempts = session.scalar(select(col(Push.attempts)).where(col(Push.id) == push_id)) or 0
    state = "failed" if attempts >= ATTEMPTS else "waiting"
    _settle(session, push_id, state=state, due_at=until, problem=problem[:200])


def give_up(session: Session, push_id: int, problem: str) -> None:
    """The push can never arrive."""
    _settle(session, push_id, state="failed", problem=problem[:200])


def _settle(session: Session, push_id: int, **values: object) -> None:
    session.execute(update(Push).where(col(Push.id) == push_id).values(**values))
