from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

from storage import tables  # noqa: F401 - fills the metadata
from storage.migrate import upgrade
from storage.store import Store


def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        # Alembic cannot read an index on an expression back from SQLite.
        context = MigrationContext.configure(
            connection,
            opts={"include_object": lambda _o, name, *_: name != "ix_appointment_risk"},
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_several_processes_may_upgrade_at_once(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [store] * 4))
