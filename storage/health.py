"""What somebody who watches the program asks the database: cheap enough for every few seconds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from storage.tables import OpenMessage, Push


@dataclass(frozen=True)
class Figures:
    """What waits.

    Attributes:
        pushes: How many are `waiting` and `sending`.
        oldest: When the oldest of them was due to be told, `None` if there is none.
        open_messages: Messages whose figures are kept true.
    """

    pushes: dict[str, int]
    oldest: datetime | None
    open_messages: int


def answers(session: Session) -> None:
    """Pass if the database answers and its tables are there."""
    session.execute(select(col(Push.id)).limit(1))


def figures(session: Session) -> Figures:
    """Read what waits; the index over open pushes answers, however many were sent."""
    rows = session.execute(
        select(col(Push.state), func.count(), func.min(col(Push.created_at)))
        .where(col(Push.state).in_(["waiting", "sending"]))
        .group_by(col(Push.state))
    ).all()
    return Figures(
        pushes={"waiting": 0, "sending": 0} | {state: count for state, count, _ in rows},
        oldest=min((oldest for *_, oldest in rows), default=None),
        open_messages=session.scalar(select(func.count()).select_from(OpenMessage)) or 0,
    )
