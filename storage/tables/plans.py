"""Plans of free slots that managers had sent."""

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from storage.columns import generated_key, moment, refers


class SentPlan(SQLModel, table=True):
    """A plan that was confirmed; its offers were made at the same moment.

    Attributes:
        digest: What it is known by (`domain.balance.plan.digest`).
        backfills: The ids of those whose slots were offered, separated by `,`.
    """

    __tablename__ = "sent_plan"
    __table_args__ = (Index("ix_sent_plan_digest", "digest"),)

    id: int | None = Field(default=None, sa_column=generated_key())
    digest: str = Field(max_length=16)
    member_id: int = Field(sa_column=refers("member.id"))
    sent_at: datetime = Field(sa_column=moment())
    backfills: str = Field(sa_column=Column(Text, nullable=False))
