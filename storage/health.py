"""What somebody who watches the program asks the database: cheap enough for every few seconds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlmodel import Session, col

from domain.deliveries import State
from storage.deliveries import HAS_FAILED
from storage.outbox import IS_OPEN
from storage.tables import OpenMessage, Push


@dataclass(frozen=True)
class Figures:
    """What waits.

    Attributes:
        pushes: How many are `waiting`, `unknown` (waiting, but a try may have arrived), `sending`
            and `failed`.
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
    """Read what waits; the indexes over open and failed pushes answer, however many were sent."""
    fate = case(
        (col(Push.state) == State.SENDING, "sending"),
        (col(Push.uncertain), "unknown"),
        else_="waiting",
    )
    rows = session.execute(
        select(fate, func.count(), func.min(col(Push.created_at))).where(IS_OPEN).group_by(fate)
    ).all()
    pushes = dict.fromkeys(("waiting", "unknown", "sending"), 0)
    pushes |= {str(name): int(number) for name, number, _ in rows}
    pushes["failed"] = session.scalar(select(func.count(col(Push.id))).where(HAS_FAILED)) or 0
    return Figures(
        pushes=pushes,
        oldest=min((oldest for *_, oldest in rows), default=None),
        open_messages=session.scalar(select(func.count()).select_from(OpenMessage)) or 0,
    )
