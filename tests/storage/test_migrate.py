"""Migrations: they make exactly the tables, and what a store holds is still there afterwards."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, insert, select, text
from sqlmodel import Session, SQLModel

from domain.clock import HandClock
from storage import audit, tables  # noqa: F401 - fills the metadata
from storage.migrate import alembic_config, upgrade
from storage.store import Store

DAY = date(2026, 11, 24)
NOW = 1_795_500_000

FIRST_TABLES: dict[str, dict[str, Any]] = {
    "fact": {"name": "timezone", "value": "Asia/Jerusalem"},
    "department": {"id": 1, "name": "Eyes", "figures": 3, "outcomes": 4},
    "clinician": {"id": 1, "name": "Dr. Eyes"},
    "patient": {
        "id": 1, "external_id": "p1", "reference": "P-7K3MQD", "birth_date": DAY, "sex": "female",
        "language": "he", "phone": "+972", "email": "p@example.org",
    },
    "appointment": {
        "id": 1, "external_id": "a1", "patient_id": 1, "department_id": 1, "clinician_id": 1,
        "start": NOW, "day": DAY, "status": "booked", "booked_at": NOW, "age": 40, "age_group": 4,
        "duration": 20, "reminder_sent": True, "prior_no_shows": 2, "action_state": "proposed",
        "extra": '{"a": 1}',
    },
    "daily_count": {
        "day": DAY, "department_id": 1, "age_group": 4, "scheduled": 1, "attended": 0,
        "no_shows": 0, "actioned": 0,
    },
    "member": {
        "id": 1, "telegram_id": 7, "chat_id": 7, "name": "Noa", "role": "manager",
        "suspended": False, "reachable": True, "joined_at": NOW,
    },
    "member_department": {"member_id": 1, "department_id": 1},
    "invitation": {
        "id": 1, "code_hash": "x", "role": "staff", "departments": "[]", "created_at": NOW,
        "expires_at": NOW, "used_at": NOW,
    },
    "batch": {
        "id": 1, "member_id": 1, "source": "risk:7.-.-:0", "state": "authorized", "size": 1,
        "done": 1, "created_at": NOW, "decided_at": NOW,
    },
    "batch_item": {"batch_id": 1, "appointment_id": 1},
    "action": {
        "id": 1, "appointment_id": 1, "kind": "transfer", "state": "proposed", "note": "n",
        "proposed_by": 1, "proposed_at": NOW, "decided_by": 1, "decided_at": NOW, "reason": "r",
        "revoked_at": NOW, "batch_id": 1,
    },
    "open_message": {
        "chat_id": 7, "message_id": 8, "member_id": 1, "address": "summary", "department_id": 1,
        "digest": "d", "version": 5, "shown_at": NOW,
    },
    "push": {
        "id": 1, "key": "k", "member_id": 1, "address": "proposal:1", "silent": True,
        "state": "sent", "attempts": 1, "created_at": NOW, "due_at": NOW, "sent_at": NOW,
        "message_id": 8, "problem": "p",
    },
}  # fmt: skip
"""A row for every table of revision 0001 but the trail."""


@pytest.fixture
def old_store(store: Store, tmp_path: Path) -> Iterator[Store]:
    """A store of revision 0001 with something in every table."""
    if store.is_sqlite:
        found = Store(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        found = Store(store.engine.url.render_as_string(hide_password=False))
        with found.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    with found.engine.execution_options(writes=True).begin() as connection:
        migrate(connection, "0001")
        known = all_tables(connection)
        for name, row in FIRST_TABLES.items():
            assert set(row) == set(known[name].columns.keys())
            connection.execute(insert(known[name]), row)
        connection.execute(insert(known["audit_entry"]), old_trail())
    yield found
    found.close()


def old_trail() -> list[dict[str, Any]]:
    """More rows than are chained at once, with gaps as undone transactions leave them."""
    return [
        {
            "id": number + number // 10,
            "at": NOW + number,
            "member_id": 1 if number % 3 else None,
            "event": f"event {number}",
            "appointment_id": 1 if number % 2 else None,
            "detail": '{"said": "פנוי"}',
        }
        for number in range(1, 5_600)
    ]


def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.engine.connect() as connection:
        # Alembic cannot read an index on an expression back from SQLite.
        unread = ("ix_appointment_risk", "ix_appointment_chance", "ix_waiting_open")
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda _o, name, *_: name not in unread}
        )
        assert compare_metadata(context, SQLModel.metadata) == []


def test_several_processes_may_upgrade_at_once(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [store] * 4))


def test_an_old_store_keeps_all_it_holds(old_store: Store) -> None:
    upgrade(old_store)
    with old_store.engine.connect() as connection:
        known = all_tables(connection)
        assert {*FIRST_TABLES, "audit_entry"} <= set(known)
        for name, row in FIRST_TABLES.items():
            kept = connection.execute(select(known[name])).mappings().one()
            assert {key: kept[key] for key in row} == row, name


def test_pushes_about_people_become_a_kind_of_their_own(old_store: Store) -> None:
    kinds = {"told:1": "decision", "you:1:7": "people", "invitation:1:0": "people"}
    with old_store.engine.execution_options(writes=True).begin() as connection:
        migrate(connection, "0004")
        push = all_tables(connection)["push"]
        row = FIRST_TABLES["push"] | {"kind": "decision", "state": "waiting"}
        for number, address in enumerate(kinds, 2):
            values = row | {"id": number, "key": address, "address": address}
            connection.execute(insert(push), values)
    upgrade(old_store)
    with old_store.engine.connect() as connection:
        kept = connection.execute(select(push.c.address, push.c.kind).where(push.c.id > 1))
        assert dict(kept.all()) == kinds


def test_an_old_trail_is_chained_in_its_order_without_gaps(
    old_store: Store, clock: HandClock
) -> None:
    upgrade(old_store)
    assert old_store.read_now(audit.verify) is None
    before = old_trail()
    with old_store.engine.connect() as connection:
        kept = connection.execute(
            text("SELECT id, at, member_id, event, appointment_id, detail, department_id"
                 " FROM audit_entry ORDER BY id")
        ).all()  # fmt: skip
    assert [tuple(row) for row in kept] == [
        (place, *list(row.values())[1:], row["appointment_id"])
        for place, row in enumerate(before, 1)
    ]

    def work(session: Session) -> None:
        audit.record(session, "authorize", at=clock.now())

    old_store.write_now(work)
    assert old_store.read_now(audit.verify) is None
    head = old_store.read_now(audit.head)
    assert head is not None
    assert head.id == len(before) + 1


def test_a_store_can_go_back_to_before_the_chain_and_forth_again(old_store: Store) -> None:
    upgrade(old_store)
    with old_store.engine.execution_options(writes=True).begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
        connection.execute(text("DELETE FROM audit_entry WHERE id > 7"))
    upgrade(old_store)
    assert old_store.read_now(audit.verify) is None
    head = old_store.read_now(audit.head)
    assert head is not None
    assert head.id == 7


def migrate(connection: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def all_tables(connection: Connection) -> dict[str, Table]:
    found = MetaData()
    found.reflect(connection)
    return dict(found.tables)
