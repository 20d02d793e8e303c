"""Who waits where, how urgently, and for how long."""

from datetime import timedelta

import pytest

from domain.clock import HandClock
from domain.waiting import TARGET_DAYS
from storage import waitlist
from storage.store import Store
from storage.waitlist import Queue
from tests.hmo import load
from tests.storage.plans import plan_of


@pytest.fixture
def listed(store: Store, clock: HandClock) -> Store:
    """In Eyes, of urgency 5: one who waits for exactly as long as they should, and one longer."""
    now, target = clock.now(), timedelta(days=TARGET_DAYS[5])
    rows = [
        ("Eyes", 5, now - target, "waiting"),
        ("Eyes", 5, now - target - timedelta(seconds=1), "waiting"),
        ("Eyes", 1, now - timedelta(days=TARGET_DAYS[1] - 1), "waiting"),
        ("Ears", 3, now - timedelta(days=TARGET_DAYS[3] + 1), "waiting"),
        ("Ears", 3, now - timedelta(days=500), "withdrawn"),
        ("Ears", 4, now - timedelta(days=500), "booked"),
    ]
    lines = [
        f"W{number},P{number},{department},{urgency},{since.isoformat()},{status}"
        for number, (department, urgency, since, status) in enumerate(rows)
    ]
    load(store, "waiting_id,patient_id,department,urgency,since,status", lines, now)
    return store


def test_queues_come_by_department_the_most_urgent_first(listed: Store, clock: HandClock) -> None:
    found = listed.read_now(waitlist.queues, (), clock.now())
    assert [(it.department, it.urgency, it.waiting, it.late) for it in found] == [
        ("Ears", 3, 1, 1),
        ("Eyes", 5, 2, 1),
        ("Eyes", 1, 1, 0),
    ]
    assert found[1].since == clock.now() - timedelta(days=TARGET_DAYS[5], seconds=1)


def test_queues_of_one_department(listed: Store, clock: HandClock) -> None:
    (ears, *_) = listed.read_now(waitlist.queues, (), clock.now())
    found = listed.read_now(waitlist.queues, {ears.department_id}, clock.now())
    assert found == [ears]
    assert isinstance(ears, Queue)


def test_queues_are_read_from_the_index_of_who_waits_alone(
    sqlite_store: Store, clock: HandClock
) -> None:
    for departments in ((), {1, 2}):
        plan = plan_of(sqlite_store, waitlist.queues, departments, clock.now())
        assert "USING COVERING INDEX ix_waiting_open" in plan
        assert "FOR GROUP BY" not in plan
