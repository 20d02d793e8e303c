"""Refusals: each leaves an audit row, until there are so many that they would bury the rest.

Beyond a number within an hour one last row says that more are not recorded; they are only logged.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.people import Member, Refused
from storage import audit
from storage.tables import AuditEntry

OF_A_MEMBER: Final = 30
OF_STRANGERS: Final = 200
"""Rows within an hour, of one member and of all strangers together."""

REFUSED: Final = "refused"
CODE_REFUSED: Final = "code refused"
STRANGER_REFUSED: Final = "stranger refused"
_MORE: Final = "more refusals"
_MORE_OF_STRANGERS: Final = "more strangers"
_HOUR: Final = timedelta(hours=1)

log = structlog.get_logger()


def of_member(
    session: Session, member: Member, now: datetime, refusal: Refused | None = None
) -> None:
    """Record that a member was refused something; without `refusal`, a code."""
    # Counted among the last hour's rows: a member's own may be many more over the years. The
    # function keeps the database from going by the member's index.
    of_theirs = func.coalesce(col(AuditEntry.member_id), 0) == member.id
    wanted = col(AuditEntry.event).in_([REFUSED, CODE_REFUSED, _MORE])
    before = session.scalar(
        select(func.count()).where(col(AuditEntry.at) > now - _HOUR, wanted, of_theirs)
    )
    if before == OF_A_MEMBER:
        audit.record(session, _MORE, at=now, member_id=member.id, recorded=OF_A_MEMBER)
    elif (before or 0) > OF_A_MEMBER:
        log.info("refused", member=member.id)
    elif refusal is None:
        audit.record(session, CODE_REFUSED, at=now, member_id=member.id)
    else:
        audit.record(
            session,
            REFUSED,
            at=now,
            member_id=member.id,
            right=refusal.right,
            department=refusal.department,
        )


def is_flooded(session: Session, now: datetime) -> bool:
    """Whether so many strangers were refused of late that no new one is taken note of."""
    return _of_strangers(session, now) > OF_STRANGERS


def of_stranger(session: Session, telegram_id: int, now: datetime, event: str) -> None:
    """Record that a stranger was refused."""
    before = _of_strangers(session, now)
    if before < OF_STRANGERS:
        audit.record(session, event, at=now, telegram_id=telegram_id)
    elif before == OF_STRANGERS:
        audit.record(session, _MORE_OF_STRANGERS, at=now, recorded=OF_STRANGERS)


def _of_strangers(session: Session, now: datetime) -> int:
    wanted = col(AuditEntry.event).in_([STRANGER_REFUSED, CODE_REFUSED, _MORE_OF_STRANGERS])
    counted = select(func.count()).where(
        col(AuditEntry.at) > now - _HOUR, wanted, col(AuditEntry.member_id).is_(None)
    )
    return session.scalar(counted) or 0
