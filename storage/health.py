"""What somebody who watches the program asks the database: cheap enough for every few seconds."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from storage import notice_figures
from storage.deliveries import HAS_FAILED, NONE, fates
from storage.notice_figures import NoticeFigures
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
        patients: Of messages to patients.
    """

    pushes: dict[str, int]
    oldest: datetime | None
    open_messages: int
    patients: NoticeFigures


def answers(session: Session) -> None:
    """Pass if the database answers and its tables are there."""
    session.execute(select(col(Push.id)).limit(1))


def figures(session: Session, now: datetime) -> Figures:
    """Read what waits; the indexes over what is open and failed answer, however much was sent."""
    found = fates(session, IS_OPEN) | fates(session, HAS_FAILED)
    oldest = [fate.oldest for word, fate in found.items() if word != "failed" and fate.oldest]
    return Figures(
        pushes={
            word: found.get(word, NONE).number
            for word in ("waiting", "unknown", "sending", "failed")
        },
        oldest=min(oldest, default=None),
        open_messages=session.scalar(select(func.count()).select_from(OpenMessage)) or 0,
        patients=notice_figures.figures(session, now),
    )
