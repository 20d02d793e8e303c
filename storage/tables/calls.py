"""Whom to call, and how calls ended."""

from datetime import date, datetime

from sqlalchemy import Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from domain.calls import CallOutcome
from storage.columns import Word, generated_key, key_part, moment, refers


class CallList(SQLModel, table=True):
    """The appointments of one department and day to be called about, frozen when first opened."""

    __tablename__ = "call_list"
    __table_args__ = (UniqueConstraint("department_id", "day"),)

    id: int | None = Field(default=None, sa_column=generated_key())
    department_id: int = Field(sa_column=refers("department.id"))
    day: date
    made_at: datetime = Field(sa_column=moment())


class CallListItem(SQLModel, table=True):
    """An appointment on a call list.

    Attributes:
        place: From 1; it never changes.
    """

    __tablename__ = "call_list_item"
    __table_args__ = {"sqlite_with_rowid": False}

    call_list_id: int = Field(sa_column=key_part("call_list.id"))
    place: int = Field(primary_key=True)
    appointment_id: int = Field(sa_column=refers("appointment.id", index=True))


class Call(SQLModel, table=True):
    """A call to a patient about an appointment, and how it ended.

    Attributes:
        action_id: The transfer that was proposed because the patient gave the slot back.
        undone_at: Since when it no longer holds: it was noted in error, or the patient said
            otherwise later.
    """

    id: int | None = Field(default=None, sa_column=generated_key())
    appointment_id: int = Field(sa_column=refers("appointment.id", index=True))
    member_id: int = Field(sa_column=refers("member.id"))
    outcome: CallOutcome = Field(sa_column=Column(Word(CallOutcome), nullable=False))
    at: datetime = Field(sa_column=moment())
    action_id: int | None = Field(default=None, sa_column=refers("action.id", nullable=True))
    undone_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
