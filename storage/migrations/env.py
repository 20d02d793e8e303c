"""Alembic's entry: runs on the connection it is handed, or on `SLOTWISE_DATABASE_URL`."""

import os

from alembic import context
from sqlalchemy import Connection
from sqlmodel import SQLModel

from storage import tables
from storage.store import open_engine


def run(connection: Connection) -> None:
    """Run the asked migrations in the connection's transaction."""
    assert tables.Appointment.metadata is SQLModel.metadata  # noqa: S101 - tables are loaded
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    run(handed)
else:
    url = os.environ.get("SLOTWISE_DATABASE_URL", "sqlite:///slotwise.db")
    with open_engine(url).execution_options(writes=True).begin() as own:
        run(own)
