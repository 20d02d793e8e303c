"""What stands in chats, and what is still to be told."""

from datetime import datetime

from sqlalchemy import Column, Index, false, text
from sqlmodel import Field, SQLModel

from domain.deliveries import State
from domain.pushes import PushKind
from storage.columns import Key, Word, generated_key, moment, refers


class OpenMessage(SQLModel, table=True):
    """A message about patients in a chat: its figures are kept true, and it is deleted once old.

    Attributes:
        address: Which screen it shows; empty for none.
        department_id: The one department that the screen is about, or none for all.
        version: The sum of `Department.figures` over those departments when it was shown;
            `None` if it shows no figures, only patients.
        digest: Of what it shows, so that an edit that changes nothing is spared.
        sent_at: When the message was sent: Telegram lets it be deleted for 48 hours from then.
    """

    __tablename__ = "open_message"
    __table_args__ = (Index("ix_open_message_sent_at", "sent_at"),)

    chat_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))
    message_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))
    member_id: int = Field(sa_column=refers("member.id"))
    address: str = Field(max_length=64)
    department_id: int | None = Field(
        default=None, sa_column=refers("department.id", nullable=True)
    )
    version: int | None = None
    digest: str = Field(max_length=16)
    shown_at: datetime = Field(sa_column=moment())
    sent_at: datetime = Field(sa_column=moment())


class Push(SQLModel, table=True):
    """The outbox: something to be told to one person, written with the decision that causes it.

    Attributes:
        key: Of one cause and one person: the same is told once.
        address: The screen that is sent.
        state: See `domain/deliveries.py`.
        attempts: Tries so far, without those that Telegram or the network asked to wait.
        uncertain: A try may have arrived although that was not confirmed.
        due_at: When it is to be tried; when another process may take it, if it is being sent; when
            it ended, if it has failed.
        problem: What went wrong last, for admins.
    """

    __table_args__ = (
        Index(
            "ix_push_failed",
            "due_at",
            "id",
            sqlite_where=text("state = 'failed'"),
            postgresql_where=text("state = 'failed'"),
        ),
        Index(
            "ix_push_due",
            "kind",
            "due_at",
            "id",
            sqlite_where=text("state IN ('waiting', 'sending')"),
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    key: str = Field(unique=True, max_length=100)
    kind: PushKind = Field(sa_column=Column(Word(PushKind), nullable=False))
    member_id: int = Field(sa_column=refers("member.id"))
    address: str = Field(max_length=64)
    silent: bool = False
    state: State = Field(
        default=State.WAITING,
        sa_column=Column(Word(State), nullable=False, default=State.WAITING),
    )
    attempts: int = 0
    uncertain: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    created_at: datetime = Field(sa_column=moment())
    due_at: datetime = Field(sa_column=moment())
    sent_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    message_id: int | None = Field(default=None, sa_column=Column(Key, nullable=True))
    problem: str | None = Field(default=None, max_length=200)
