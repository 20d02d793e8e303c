"""Models, the chances that they give, and which appointments are singled out by them.

Revision ID: 0006
Revises: 0005
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BOOKED: dict[str, Any] = {
    "sqlite_where": sa.text("status = 'booked'"),
    "postgresql_where": sa.text("status = 'booked'"),
}
PICKED: dict[str, Any] = {
    "sqlite_where": sa.text("status = 'booked' AND picked = 1"),
    "postgresql_where": sa.text("status = 'booked' AND picked"),
}
MOST_MISSED: list[str | sa.TextClause] = [
    sa.text("prior_no_shows DESC"),
    "start",
    "id",
    "department_id",
    "age_group",
]


def upgrade() -> None:
    op.create_table(
        "model",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
    )
    op.create_table(
        "model_use",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("model_id", KEY, sa.ForeignKey("model.id")),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("member_id", KEY, sa.ForeignKey("member.id")),
    )
    op.create_table("rescore", sa.Column("patient_id", KEY, primary_key=True, autoincrement=False))
    op.create_table("repick", sa.Column("day", sa.Date(), primary_key=True))
    op.add_column("department", sa.Column("capacity", sa.Integer()))
    op.add_column(
        "appointment", sa.Column("chance", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("appointment", sa.Column("chance_by", KEY))
    op.add_column(
        "appointment",
        sa.Column("picked", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.drop_index("ix_appointment_risk", "appointment")
    op.create_index(
        "ix_appointment_risk", "appointment", [*MOST_MISSED, "action_state", "chance"], **BOOKED
    )
    op.create_index(
        "ix_appointment_chance",
        "appointment",
        [sa.text("chance DESC"), *MOST_MISSED, "action_state", "picked"],
        **BOOKED,
    )
    op.create_index(
        "ix_appointment_picked",
        "appointment",
        ["start", "id", "department_id", "age_group", "prior_no_shows", "action_state", "chance"],
        **PICKED,
    )


def downgrade() -> None:
    for name in ("ix_appointment_picked", "ix_appointment_chance", "ix_appointment_risk"):
        op.drop_index(name, "appointment")
    for name in ("picked", "chance_by", "chance"):
        op.drop_column("appointment", name)
    op.drop_column("department", "capacity")
    for name in ("repick", "rescore", "model_use", "model"):
        op.drop_table(name)
    op.create_index("ix_appointment_risk", "appointment", [*MOST_MISSED, "action_state"], **BOOKED)
