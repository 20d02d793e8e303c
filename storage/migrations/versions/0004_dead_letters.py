"""Indexes that find what is due by kind, and what could not be delivered.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('waiting', 'sending')")
FAILED = sa.text("state = 'failed'")


def upgrade() -> None:
    op.drop_index("ix_push_due", "push")
    _index("ix_push_due", ["kind", "due_at", "id"], OPEN)
    _index("ix_push_failed", ["due_at", "id"], FAILED)


def downgrade() -> None:
    op.drop_index("ix_push_failed", "push")
    op.drop_index("ix_push_due", "push")
    _index("ix_push_due", ["due_at", "id"], OPEN)


def _index(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "push", columns, sqlite_where=where, postgresql_where=where)
