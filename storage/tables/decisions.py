"""What is proposed and decided about appointments, and what is put right."""

from datetime import datetime

from sqlalchemy import Column, Index, text
from sqlmodel import Field, SQLModel

from domain.corrections import Excuse
from domain.transfers import Kind, State
from storage.columns import Word, generated_key, key_part, moment, refers


class Action(SQLModel, table=True):
    """Something to be done about one high-risk appointment, and what was decided about it."""

    __table_args__ = (
        Index(
            "ix_action_open",
            "appointment_id",
            "kind",
            unique=True,
            sqlite_where=text("state IN ('proposed', 'authorized')"),
            postgresql_where=text("state IN ('proposed', 'authorized')"),
        ),
        Index("ix_action_appointment", "appointment_id"),
        Index(
            "ix_action_waiting",
            "proposed_at",
            "id",
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    appointment_id: int = Field(sa_column=refers("appointment.id"))
    kind: Kind = Field(sa_column=Column(Word(Kind), nullable=False))
    state: State = Field(sa_column=Column(Word(State), nullable=False))
    note: str | None = Field(default=None, max_length=200)
    proposed_by: int | None = Field(default=None, sa_column=refers("member.id", nullable=True))
    proposed_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    decided_by: int | None = Field(default=None, sa_column=refers("member.id", nullable=True))
    decided_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    reason: str | None = Field(default=None, max_length=200)
    revoked_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    batch_id: int | None = Field(
        default=None, sa_column=refers("batch.id", nullable=True, index=True)
    )


class Batch(SQLModel, table=True):
    """Many authorisations by one press.

    Attributes:
        source: The address of the screen whose content it is.
        state: `proposed` while it asks, then `authorized`, `declined` (cancelled) or `revoked`.
        size: How many appointments it asked about.
        done: How many were authorised.
    """

    id: int | None = Field(default=None, sa_column=generated_key())
    member_id: int = Field(sa_column=refers("member.id"))
    source: str = Field(max_length=64)
    state: State = Field(sa_column=Column(Word(State), nullable=False))
    size: int
    done: int = 0
    created_at: datetime = Field(sa_column=moment())
    decided_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class BatchItem(SQLModel, table=True):
    """An appointment that a batch asks about; kept after the decision only if left out."""

    __tablename__ = "batch_item"
    __table_args__ = {"sqlite_with_rowid": False}

    batch_id: int = Field(sa_column=key_part("batch.id"))
    appointment_id: int = Field(sa_column=key_part("appointment.id"))


class Correction(SQLModel, table=True):
    """A recorded no-show that somebody excused, and why; in force until it is undone."""

    __table_args__ = (
        Index(
            "ix_correction_in_force",
            "appointment_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index("ix_correction_at", "at"),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    appointment_id: int = Field(sa_column=refers("appointment.id"))
    member_id: int = Field(sa_column=refers("member.id"))
    reason: Excuse = Field(sa_column=Column(Word(Excuse), nullable=False))
    at: datetime = Field(sa_column=moment())
    undone_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    undone_by: int | None = Field(default=None, sa_column=refers("member.id", nullable=True))
