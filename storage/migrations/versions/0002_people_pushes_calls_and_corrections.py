"""People's choices, what pushes need, calls, corrections, and room for the audit chain.

Revision ID: 0002
Revises: 0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IN_FORCE: dict[str, Any] = {
    "sqlite_where": sa.text("undone_at IS NULL"),
    "postgresql_where": sa.text("undone_at IS NULL"),
}


def upgrade() -> None:
    _appointments_and_members()
    _pushes_and_messages()
    _invitations_and_strangers()
    _calls()
    _corrections()
    _audit()


def _appointments_and_members() -> None:
    op.add_column("appointment", _no("excused"))
    op.add_column("appointment", _moment("released_at"))
    op.add_column("member", sa.Column("summary_minute", sa.Integer()))
    op.add_column(
        "member", sa.Column("summary_days", sa.Integer(), nullable=False, server_default="127")
    )
    op.add_column("member", sa.Column("summary_day", sa.Date()))
    op.add_column("member", _moment("summary_due_at"))
    op.create_index("ix_member_summary_due_at", "member", ["summary_due_at"])


def _pushes_and_messages() -> None:
    op.create_table(
        "push_choice",
        _refers("member_id", "member.id", primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("choice", sa.String(16), nullable=False),
    )
    op.add_column(
        "push", sa.Column("kind", sa.String(16), nullable=False, server_default="decision")
    )
    op.execute("UPDATE push SET kind = 'proposal' WHERE address LIKE 'proposal:%'")
    op.add_column("push", _no("uncertain"))
    with op.batch_alter_table("open_message") as table:
        table.alter_column("version", existing_type=sa.Integer(), nullable=True)
        table.add_column(_moment("sent_at", nullable=False, server_default="0"))
    op.execute("UPDATE open_message SET sent_at = shown_at")


def _invitations_and_strangers() -> None:
    with op.batch_alter_table("invitation") as table:
        for name in ("created_by", "used_by"):
            table.add_column(sa.Column(name, KEY))
            table.create_foreign_key(f"{name}_is_a_member", "member", [name], ["id"])
        table.add_column(_moment("revoked_at"))
    op.create_table(
        "stranger",
        sa.Column("telegram_id", KEY, primary_key=True, autoincrement=False),
        _moment("since", nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _moment("quiet_until"),
        _moment("told_at"),
    )


def _calls() -> None:
    op.create_table(
        "call_list",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        _refers("department_id", "department.id"),
        sa.Column("day", sa.Date(), nullable=False),
        _moment("made_at", nullable=False),
        sa.UniqueConstraint("department_id", "day"),
    )
    op.create_table(
        "call_list_item",
        _refers("call_list_id", "call_list.id", primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer(), primary_key=True, autoincrement=False),
        _refers("appointment_id", "appointment.id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_call_list_item_appointment_id", "call_list_item", ["appointment_id"])
    op.create_table(
        "call",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        _refers("appointment_id", "appointment.id"),
        _refers("member_id", "member.id"),
        sa.Column("outcome", sa.String(16), nullable=False),
        _moment("at", nullable=False),
        _refers("action_id", "action.id", nullable=True),
        _moment("undone_at"),
    )
    op.create_index("ix_call_appointment_id", "call", ["appointment_id"])


def _corrections() -> None:
    op.create_table(
        "correction",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        _refers("appointment_id", "appointment.id"),
        _refers("member_id", "member.id"),
        sa.Column("reason", sa.String(16), nullable=False),
        _moment("at", nullable=False),
        _moment("undone_at"),
        _refers("undone_by", "member.id", nullable=True),
    )
    op.create_index(
        "ix_correction_in_force", "correction", ["appointment_id"], unique=True, **IN_FORCE
    )
    op.create_index("ix_correction_at", "correction", ["at"])


def _audit() -> None:
    with op.batch_alter_table("audit_entry") as table:
        table.add_column(sa.Column("department_id", KEY))
        table.create_foreign_key("about_a_department", "department", ["department_id"], ["id"])
        table.add_column(sa.Column("hash", sa.String(64), nullable=False, server_default=""))
    for name in ("at", "member_id", "department_id"):
        op.create_index(f"ix_audit_entry_{name}", "audit_entry", [name])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("entry_id", KEY, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    op.bulk_insert(head, [{"id": 1, "entry_id": 0, "hash": ""}])


def _moment(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), **options)


def _no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _refers(name: str, target: str, *, nullable: bool = False, **options: Any) -> sa.Column[int]:
    return sa.Column(name, KEY, sa.ForeignKey(target), nullable=nullable, **options)


def downgrade() -> None:
    for table in (
        "audit_head",
        "correction",
        "call",
        "call_list_item",
        "call_list",
        "stranger",
        "push_choice",
    ):
        op.drop_table(table)
    _drop("audit_entry", "hash", "department_id", constraints=["about_a_department"])
    _drop(
        "invitation",
        "created_by",
        "used_by",
        "revoked_at",
        constraints=["created_by_is_a_member", "used_by_is_a_member"],
    )
    _drop("open_message", "sent_at")
    for table, names in (
        ("push", ["kind", "uncertain"]),
        ("appointment", ["excused", "released_at"]),
    ):
        for name in names:
            op.drop_column(table, name)
    op.drop_index("ix_member_summary_due_at", "member")
    for name in ("summary_minute", "summary_days", "summary_day", "summary_due_at"):
        op.drop_column("member", name)


def _drop(table: str, *names: str, constraints: list[str] | None = None) -> None:
    with op.batch_alter_table(table) as rebuilt:
        for constraint in constraints or []:
            rebuilt.drop_constraint(constraint, type_="foreignkey")
        for name in names:
            rebuilt.drop_column(name)
