"""Pushes about people are a kind of their own; messages are found by their age, people by where.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        UPDATE push SET kind = 'people'
        WHERE kind = 'decision' AND (address LIKE 'you:%' OR address LIKE 'invitation:%')
    """)
    op.create_index("ix_open_message_sent_at", "open_message", ["sent_at"])
    op.create_index(
        "ix_audit_entry_member_department", "audit_entry", ["member_id", "department_id"]
    )


def downgrade() -> None:
    op.drop_index("ix_audit_entry_member_department", "audit_entry")
    op.drop_index("ix_open_message_sent_at", "open_message")
    op.execute("UPDATE push SET kind = 'decision' WHERE kind = 'people'")
    op.execute("DELETE FROM push_choice WHERE kind = 'people'")
