"""Strangers at the door: how often each tried of late, and whom admins are told of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from domain.people import Member, Right
from domain.pushes import PushKind
from domain.strangers import FORGOTTEN_AFTER, TOLD_EVERY, WRONG_CODE, Tries
from storage import audit, outbox, people, refusals
from storage.tables import MemberRow, Stranger

PUSHED_STRANGER: Final = "stranger"
"""Address (with the Telegram user id) of the screen that admins are pushed."""

_TOLD_AN_HOUR: Final = 5
"""Of more strangers than these admins are not told one by one."""


@dataclass(frozen=True)
class AtTheDoor:
    """Who writes or presses.

    Attributes:
        member: Who it is, unless they are no member or suspended.
        ignored: Whether they are not answered now, having tried too often.
        suspended: Whether it is a member who was suspended.
    """

    member: Member | None = None
    ignored: bool = False
    suspended: bool = False


@dataclass(frozen=True)
class Reply:
    """What a stranger gets.

    Attributes:
        answered: `False` for nothing at all.
        quiet_until: Set if nothing is answered from now on until then.
    """

    answered: bool
    quiet_until: datetime | None = None


@dataclass(frozen=True)
class Sighting:
    """What is known of a stranger.

    Attributes:
        suspended: The name of the member who was suspended, if it is one.
    """

    tries: Tries
    suspended: str | None


IGNORED: Final = Reply(answered=False)


def at_the_door(session: Session, telegram_id: int, now: datetime) -> AtTheDoor:
    """Who it is that has this Telegram user id."""
    member = people.member_by_telegram(session, telegram_id)
    if member:
        return AtTheDoor(member)
    suspended = _suspended(session, telegram_id) is not None
    return AtTheDoor(None, is_quiet(session, telegram_id, now), suspended)


def is_quiet(session: Session, telegram_id: int, now: datetime) -> bool:
    """Whether a stranger is ignored now."""
    row = session.get(Stranger, telegram_id)
    return row is not None and _tries(row).is_quiet(now)


def turn_away(
    session: Session, telegram_id: int, now: datetime, *, wrong_code: bool = False
) -> Reply:
    """Count a stranger's try and record it; admins are told of who keeps trying."""
    row = session.get(Stranger, telegram_id, with_for_update=True)
    if row is None:
        if refusals.is_flooded(session, now):
            return IGNORED
        _forget_old(session, now)
        row = Stranger(telegram_id=telegram_id, since=now)
        session.add(row)
    before = _tries(row)
    if before.is_quiet(now):
        return IGNORED
    after = before.and_one(now, WRONG_CODE if wrong_code else 1)
    row.since, row.tries, row.quiet_until = after.since, after.number, after.quiet_until
    event = refusals.CODE_REFUSED if wrong_code else refusals.STRANGER_REFUSED
    refusals.of_stranger(session, telegram_id, now, event)
    if after.quiet_until:
        _tell_admins(session, row, now)
    return Reply(answered=True, quiet_until=after.quiet_until)


def sighting(session: Session, telegram_id: int) -> Sighting | None:
    """What is known of a stranger; `None` if that was forgotten."""
    row = session.get(Stranger, telegram_id)
    if row is None:
        return None
    return Sighting(_tries(row), _suspended(session, telegram_id))


def forget(session: Session, telegram_id: int) -> None:
    """The person is no stranger any more."""
    session.execute(delete(Stranger).where(col(Stranger.telegram_id) == telegram_id))


def _suspended(session: Session, telegram_id: int) -> str | None:
    """The name of the suspended member with this Telegram user id, if it is one."""
    return session.scalar(
        select(col(MemberRow.name)).where(
            col(MemberRow.telegram_id) == telegram_id, col(MemberRow.suspended).is_(True)
        )
    )


def _tries(row: Stranger) -> Tries:
    return Tries(row.since, row.tries, row.quiet_until)


def _tell_admins(session: Session, row: Stranger, now: datetime) -> None:
    """Push it to all admins, once a day for one stranger and a few times an hour for all."""
    if row.told_at and now < row.told_at + TOLD_EVERY:
        return
    of_late = col(Stranger.told_at) > now - timedelta(hours=1)
    if (session.scalar(select(func.count()).where(of_late)) or 0) >= _TOLD_AN_HOUR:
        return
    row.told_at = now
    audit.record(session, "stranger slowed", at=now, telegram_id=row.telegram_id, tries=row.tries)
    for admin in people.members_with(session, Right.PEOPLE):
        outbox.enqueue(
            session,
            admin.id,
            f"{PUSHED_STRANGER}:{row.telegram_id}",
            now,
            key=f"{PUSHED_STRANGER}:{row.telegram_id}:{admin.id}:{int(now.timestamp())}",
            kind=PushKind.ALERT,
        )


def _forget_old(session: Session, now: datetime) -> None:
    """Drop whose tries no longer count and of whom admins may be told anew."""
    ended = func.coalesce(col(Stranger.quiet_until), col(Stranger.since))
    told = col(Stranger.told_at)
    session.execute(
        delete(Stranger).where(
            ended <= now - FORGOTTEN_AFTER, told.is_(None) | (told <= now - TOLD_EVERY)
        )
    )
