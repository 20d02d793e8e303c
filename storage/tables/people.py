"""Who works with the bot, who is invited, and who tried."""

from datetime import date, datetime

from sqlalchemy import Column, ForeignKey, Index, String
from sqlmodel import Field, SQLModel

from domain.people import Role
from domain.pushes import Choice, PushKind
from storage.columns import Key, Word, generated_key, key_part, moment, refers


class MemberRow(SQLModel, table=True):
    """A person who was invited and came. `domain.people.Member` is what the rest works with.

    Attributes:
        summary_minute: When their summary is due, in minutes after the local midnight; `None`
            for the time that the settings give.
        summary_days: The weekdays on which it is: the sum of `1 << weekday`, Monday being 0.
        summary_day: The last local day for which one was put into the outbox.
        summary_due_at: When the next one is due; `None` until that is planned.
    """

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_summary_due_at", "summary_due_at"),)

    id: int | None = Field(default=None, sa_column=generated_key())
    telegram_id: int = Field(sa_column=Column(Key, unique=True, nullable=False))
    chat_id: int = Field(sa_column=Column(Key, nullable=False))
    name: str = Field(max_length=100)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    suspended: bool = False
    reachable: bool = True
    joined_at: datetime = Field(sa_column=moment())
    summary_minute: int | None = None
    summary_days: int = Field(default=127, sa_column_kwargs={"server_default": "127"})
    summary_day: date | None = None
    summary_due_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class MemberDepartment(SQLModel, table=True):
    """A department that a member is limited to; a member without any sees all."""

    __tablename__ = "member_department"

    member_id: int = Field(sa_column=Column(Key, ForeignKey("member.id"), primary_key=True))
    department_id: int = Field(sa_column=Column(Key, ForeignKey("department.id"), primary_key=True))


class PushChoice(SQLModel, table=True):
    """How a member wants a kind of push, where that is not as usual."""

    __tablename__ = "push_choice"

    member_id: int = Field(sa_column=key_part("member.id"))
    kind: PushKind = Field(sa_column=Column(Word(PushKind), primary_key=True))
    choice: Choice = Field(sa_column=Column(Word(Choice), nullable=False))


class Invitation(SQLModel, table=True):
    """A single-use code that makes somebody a member; only its hash is kept."""

    id: int | None = Field(default=None, sa_column=generated_key())
    code_hash: str = Field(unique=True, max_length=64)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    departments: str = Field(default="[]", sa_column=Column(String, nullable=False))
    created_at: datetime = Field(sa_column=moment())
    created_by: int | None = Field(default=None, sa_column=refers("member.id", nullable=True))
    expires_at: datetime = Field(sa_column=moment())
    used_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    used_by: int | None = Field(default=None, sa_column=refers("member.id", nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class Stranger(SQLModel, table=True):
    """Somebody who is no member and tried: how often of late, and until when they are ignored.

    Attributes:
        since: When the counted tries began.
        quiet_until: No answer is given before.
        told_at: When admins were last told of them.
    """

    telegram_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))
    since: datetime = Field(sa_column=moment())
    tries: int = 0
    quiet_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    told_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
