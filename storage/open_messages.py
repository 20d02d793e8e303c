"""Messages about patients: which screen each shows, as of which version, and since when.

Figures are kept true on them, and once they are old they are taken out of the chats again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, case, delete, func, select, text, union, update
from sqlmodel import Session, col

from storage.columns import Moment
from storage.efficiency import figures_version
from storage.store import ask
from storage.tables import Department, MemberRow, OpenMessage

KEPT_TRUE_FOR: Final = timedelta(hours=48)
"""A message untouched for longer is history; its Refresh button still works."""


@dataclass(frozen=True)
class Shown:
    """What a message shows.

    Attributes:
        department_id: The one department it is about, `None` for several or all.
        version: `figures_version` from before its figures were read, `None` if it shows none.
        digest: Of text and buttons.
    """

    chat_id: int
    message_id: int
    member_id: int
    address: str
    department_id: int | None
    version: int | None
    digest: str


@dataclass(frozen=True)
class Sent:
    """A message whose time has come."""

    chat_id: int
    message_id: int
    address: str


_REMEMBER: Final = text("""
    INSERT INTO open_message (
        chat_id, message_id, member_id, address, department_id, version, digest, shown_at, sent_at
    ) VALUES (
        :chat_id, :message_id, :member_id, :address, :department_id, :version, :digest, :shown_at,
        :shown_at
    )
    ON CONFLICT (chat_id, message_id) DO UPDATE SET
        member_id = excluded.member_id, address = excluded.address,
        department_id = excluded.department_id, version = excluded.version,
        digest = excluded.digest, shown_at = excluded.shown_at
""").bindparams(bindparam("shown_at", type_=Moment))


def remember(session: Session, shown: Shown, now: datetime) -> None:
    """Note what a message shows from now on; if it is new, `now` is also when it was sent."""
    ask(session, _REMEMBER, {**vars(shown), "shown_at": now})


def renewed(session: Session, shown: Shown, _now: datetime) -> None:
    """Note newer figures on a message that nobody touched: its time goes on running."""
    session.execute(
        update(OpenMessage)
        .where(
            col(OpenMessage.chat_id) == shown.chat_id,
            col(OpenMessage.message_id) == shown.message_id,
        )
        .values(version=shown.version, digest=shown.digest)
    )


def still_shown(session: Session, shown: Shown) -> bool:
    """Whether a message still shows what was read of it: same screen, same version."""
    row = session.get(OpenMessage, (shown.chat_id, shown.message_id))
    return row is not None and (row.address, row.version) == (shown.address, shown.version)


def forget(session: Session, chat_id: int, *message_ids: int) -> None:
    """The messages are gone."""
    session.execute(
        delete(OpenMessage).where(
            col(OpenMessage.chat_id) == chat_id, col(OpenMessage.message_id).in_(message_ids)
        )
    )


def let_be(session: Session, chat_id: int, message_id: int) -> None:
    """Renew a message no more; it is only to be deleted when its time has come."""
    session.execute(
        update(OpenMessage)
        .where(col(OpenMessage.chat_id) == chat_id, col(OpenMessage.message_id) == message_id)
        .values(version=None)
    )


def to_be_removed(session: Session, before: datetime, limit: int) -> list[Sent]:
    """Messages sent before a moment, the oldest first, and all in chats of who was suspended."""
    sent = select(
        col(OpenMessage.sent_at),
        col(OpenMessage.chat_id),
        col(OpenMessage.message_id),
        col(OpenMessage.address),
    ).order_by(col(OpenMessage.sent_at))
    shut_out = select(col(MemberRow.chat_id)).where(col(MemberRow.suspended).is_(True))
    # Two questions, each of which has an index to go by; as one it would have none.
    ways = (col(OpenMessage.sent_at) < before, col(OpenMessage.chat_id).in_(shut_out))
    found = union(*(select(sent.where(way).limit(limit).subquery()) for way in ways))
    return [Sent(*row[1:]) for row in session.execute(found.order_by("sent_at").limit(limit))]


def address_of(session: Session, chat_id: int, message_id: int) -> str | None:
    """The screen that a message shows, if it is known."""
    row = session.get(OpenMessage, (chat_id, message_id))
    return row.address if row else None


_RANK: Final = case(
    *((col(OpenMessage.address).startswith(word), 0) for word in ("proposal:", "told:")), else_=1
)


def outdated(session: Session, now: datetime, limit: int, closed: Collection[int]) -> list[Shown]:
    """Messages older than their figures; none in `closed` chats.

    Those about one action come first, since somebody waits for what was decided; then the latest
    shown.
    """
    everywhere = figures_version(session, None)
    rows = session.scalars(
        select(OpenMessage)
        .join(Department, col(Department.id) == col(OpenMessage.department_id), isouter=True)
        .where(
            col(OpenMessage.shown_at) > now - KEPT_TRUE_FOR,
            col(OpenMessage.version) < func.coalesce(col(Department.figures), everywhere),
            col(OpenMessage.chat_id).not_in(closed),
        )
        .order_by(_RANK, col(OpenMessage.shown_at).desc())
        .limit(limit)
    ).all()
    return [Shown(**row.model_dump(exclude={"shown_at", "sent_at"})) for row in rows]
