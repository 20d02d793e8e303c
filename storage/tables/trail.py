"""Who did what: the audit chain."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, String
from sqlmodel import Field, SQLModel

from storage.columns import Key, generated_key, moment, refers


class AuditEntry(SQLModel, table=True):
    """Who did what, when. Rows are only ever added; the database refuses anything else.

    Attributes:
        id: Without gaps, in the order of the chain.
        hash: SHA-256 of this row and the hash before it, in hexadecimal.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_member_id", "member_id"),
        Index("ix_audit_entry_department_id", "department_id"),
        Index("ix_audit_entry_member_department", "member_id", "department_id"),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    at: datetime = Field(sa_column=moment())
    member_id: int | None = Field(default=None, sa_column=refers("member.id", nullable=True))
    event: str = Field(max_length=40)
    appointment_id: int | None = Field(
        default=None, sa_column=refers("appointment.id", nullable=True, index=True)
    )
    department_id: int | None = Field(
        default=None, sa_column=refers("department.id", nullable=True)
    )
    detail: str = Field(default="{}", sa_column=Column(String, nullable=False))
    hash: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": ""})


class AuditHead(SQLModel, table=True):
    """Where the audit chain ends; its one row is locked by who adds to the chain."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True)
    entry_id: int = Field(sa_column=Column(Key, nullable=False))
    hash: str = Field(max_length=64)
