"""The audit trail."""

import json

import pytest
from sqlmodel import Session

from domain.clock import HandClock
from domain.people import Role
from storage import audit
from storage.store import Store
from tests.hmo import join


def test_the_trail_tells_who_did_what_when_oldest_first(store: Store, clock: HandClock) -> None:
    noa = join(store, Role.MANAGER, 1, "Noa", clock.now())

    def work(session: Session) -> None:
        said = "פנוי <now>"
        audit.record(session, "authorize", at=clock.now(), member_id=noa.id, reason=said, number=3)
        audit.record(session, "import", at=clock.now())

    store.write_now(work)
    rows = store.read_now(trail)
    assert [(event, name) for event, name, _ in rows] == [
        ("invite", None),
        ("join", "Noa"),
        ("authorize", "Noa"),
        ("import", None),
    ]
    assert json.loads(rows[2][2]) == {"reason": "פנוי <now>", "number": 3}
    assert "פנוי" in rows[2][2]
    assert rows[3][2] == "{}"


def test_what_is_undone_leaves_no_trace(store: Store, clock: HandClock) -> None:
    def work(session: Session) -> None:
        audit.record(session, "authorize", at=clock.now())
        raise LookupError

    with pytest.raises(LookupError):
        store.write_now(work)
    assert store.read_now(trail) == []


def test_a_trail_longer_than_a_portion_is_read_to_its_end(store: Store, clock: HandClock) -> None:
    def work(session: Session) -> None:
        for number in range(2500):
            audit.record(session, f"event {number}", at=clock.now())

    store.write_now(work)
    assert [event for event, _, _ in store.read_now(trail)] == [f"event {n}" for n in range(2500)]


def trail(session: Session) -> list[tuple[str, str | None, str]]:
    return [(entry.event, name, entry.detail) for entry, name in audit.trail(session)]
