"""Members' own settings: when their summary comes, and how each kind of push does."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlmodel import Session, col

from domain.criteria import House
from domain.mornings import EVERY_DAY, Rhythm
from domain.pushes import USUAL, Choice, PushKind
from storage import audit, mornings
from storage.tables import MemberRow, PushChoice, key_of


@dataclass(frozen=True)
class Wishes:
    """What a member has chosen.

    Attributes:
        rhythm: When the summary comes.
        has_own_time: Whether its time was chosen and does not follow the house's.
        choices: How each kind of push comes.
        next_at: When the next summary is due; `None` if that is not planned yet.
    """

    rhythm: Rhythm
    has_own_time: bool
    choices: dict[PushKind, Choice]
    next_at: datetime | None

    @property
    def is_usual_rhythm(self) -> bool:
        """Whether the summary comes when it comes for who has chosen nothing."""
        return self.rhythm.days == EVERY_DAY and not self.has_own_time

    @property
    def are_usual(self) -> bool:
        """Whether all is as it is for who has chosen nothing."""
        return self.is_usual_rhythm and self.choices == USUAL


def wishes(session: Session, member_id: int, house: House) -> Wishes:
    """What a member has chosen."""
    return _read(session, session.get_one(MemberRow, member_id), house)


def choose_minute(
    session: Session, member_id: int, house: House, now: datetime, minute: int | None
) -> Wishes:
    """Let the summary come so many minutes after the local midnight; `None`: as for everybody.

    Raises:
        ValueError: A day has no such minute.
    """
    row = _locked(session, member_id)
    if row.summary_minute != minute:
        row.summary_minute = minute
        _planned(session, row, house, now)
        _audit(session, row, now, summary_minute=minute)
    return _read(session, row, house)


def choose_days(session: Session, member_id: int, house: House, now: datetime, days: int) -> Wishes:
    """Let the summary come on these weekdays (see `domain.mornings.Rhythm`).

    Raises:
        ValueError: They are none.
    """
    row = _locked(session, member_id)
    if row.summary_days != days:
        row.summary_days = days
        _planned(session, row, house, now)
        _audit(session, row, now, summary_days=days)
    return _read(session, row, house)


def choose_push(
    session: Session, member_id: int, house: House, now: datetime, wish: tuple[PushKind, Choice]
) -> Wishes:
    """Let a kind of push come like this from now on."""
    kind, choice = wish
    row = _locked(session, member_id)
    known = session.get(PushChoice, (member_id, kind))
    if choice is not (known.choice if known else USUAL[kind]):
        if known:
            session.delete(known)
            session.flush()
        if choice is not USUAL[kind]:
            session.add(PushChoice(member_id=member_id, kind=kind, choice=choice))
        _audit(session, row, now, push=kind, choice=choice)
    return _read(session, row, house)


def choose_nothing(session: Session, member_id: int, house: House, now: datetime) -> Wishes:
    """Let everything come as it does for who has chosen nothing."""
    row = _locked(session, member_id)
    if not _read(session, row, house).are_usual:
        row.summary_minute, row.summary_days = None, EVERY_DAY
        session.execute(delete(PushChoice).where(col(PushChoice.member_id) == member_id))
        _planned(session, row, house, now)
        _audit(session, row, now, all="as usual")
    return _read(session, row, house)


def _locked(session: Session, member_id: int) -> MemberRow:
    return session.get_one(MemberRow, member_id, with_for_update={"key_share": True})


def _planned(session: Session, row: MemberRow, house: House, now: datetime) -> None:
    mornings.plan(row, house, now)
    session.add(row)


def _audit(session: Session, row: MemberRow, now: datetime, **chosen: Any) -> None:
    audit.record(session, "change settings", at=now, member_id=key_of(row), **chosen)


def _read(session: Session, row: MemberRow, house: House) -> Wishes:
    session.flush()
    chosen = session.scalars(select(PushChoice).where(col(PushChoice.member_id) == row.id))
    return Wishes(
        rhythm=mornings.rhythm_of(row, house),
        has_own_time=row.summary_minute is not None,
        choices=dict(USUAL) | {found.kind: found.choice for found in chosen},
        next_at=row.summary_due_at,
    )
