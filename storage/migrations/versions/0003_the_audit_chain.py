"""Chain the audit trail, and let the database refuse to change it.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from domain.chain import BEFORE_THE_FIRST, Entry, Head, link

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PORTION = 5_000
REFUSAL = "the audit trail is append-only: its rows are neither changed nor removed"
SQLITE = {
    "refuses_update": "BEFORE UPDATE ON audit_entry",
    "refuses_delete": "BEFORE DELETE ON audit_entry",
    # REPLACE removes a row without a word to the trigger on DELETE.
    "refuses_replace": "BEFORE INSERT ON audit_entry"
    " WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id)",
}
ROWS = sa.text("""
    SELECT entry.id, entry.at, entry.event, entry.member_id, entry.appointment_id,
        coalesce(entry.department_id, appointment.department_id), entry.detail
    FROM audit_entry AS entry LEFT JOIN appointment ON appointment.id = entry.appointment_id
    WHERE entry.id > :last ORDER BY entry.id LIMIT :portion
""")
CHAIN = sa.text("""
    UPDATE audit_entry SET id = :id, department_id = :department_id, hash = :hash
    WHERE id = :old
""")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("LOCK TABLE audit_entry IN EXCLUSIVE MODE")
    head = _chain_all(connection)
    connection.execute(
        sa.text("UPDATE audit_head SET entry_id = :id, hash = :hash"), head._asdict()
    )
    if connection.dialect.name == "postgresql":
        _guard_postgresql()
    else:
        for name, when in SQLITE.items():
            op.execute(
                f"CREATE TRIGGER audit_entry_{name} {when}"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )


def _chain_all(connection: sa.Connection) -> Head:
    """Hash all rows in their order, and close the gaps that undone transactions have left."""
    head, last = BEFORE_THE_FIRST, 0
    while rows := connection.execute(ROWS, {"last": last, "portion": PORTION}).all():
        chained = []
        for old, *told in rows:
            entry = Entry(*told)
            head = link(head, entry)
            chained.append({"old": old, "department_id": entry.department_id, **head._asdict()})
        connection.execute(CHAIN, chained)
        last = rows[-1][0]
    return head


def _guard_postgresql() -> None:
    op.execute(f"""
        CREATE FUNCTION audit_entry_refuses() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
    """)
    op.execute("""
        CREATE TRIGGER audit_entry_refuses BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuses()
    """)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_entry_refuses ON audit_entry")
        op.execute("DROP FUNCTION audit_entry_refuses()")
    else:
        for name in SQLITE:
            op.execute(f"DROP TRIGGER audit_entry_{name}")
