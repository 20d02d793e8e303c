"""A slot that was given back by phone, and a feed that does not know of it yet."""

import pytest

from domain.calls import CallOutcome
from domain.clock import HandClock
from domain.people import Member, Role
from domain.statuses import Status
from storage import calls, proposals
from storage.feeds.report import ImportReport
from storage.store import Store
from storage.tables import key_of
from tests.hmo import HOUSE, join
from tests.storage.feeds.helpers import HEADER, TakeIn, appointment, is_true

START = "2026-11-24T09:00:00+02:00"
LATER = "2026-11-25T09:00:00+02:00"


@pytest.fixture
def manager(store: Store, clock: HandClock) -> Member:
    return join(store, Role.MANAGER, 1, "Noa", clock.now())


@pytest.fixture
def released(store: Store, clock: HandClock, take_in: TakeIn, manager: Member) -> str:
    """An appointment that was cancelled by phone."""
    feed(take_in)
    key = key_of(appointment(store, "A1"))
    work, now = calls.record_call, clock.now()
    store.write_now(work, manager, key, CallOutcome.CANCELS, now, HOUSE.threshold)
    assert appointment(store, "A1").status is Status.CANCELLED
    return "A1"


def test_a_feed_that_still_says_booked_does_not_bring_the_slot_back(
    store: Store, take_in: TakeIn, released: str
) -> None:
    assert feed(take_in).updated == 0
    slot = appointment(store, released)
    assert slot.status is Status.CANCELLED
    assert slot.released_at is not None
    assert is_true(store)


def test_other_news_about_the_appointment_are_taken_in_all_the_same(
    store: Store, take_in: TakeIn, released: str
) -> None:
    feed(take_in, department="Ears")
    slot = appointment(store, released)
    assert (slot.department_id, slot.status) == (2, Status.CANCELLED)
    assert slot.released_at is not None
    assert is_true(store)


@pytest.mark.parametrize(
    ("start", "status", "becomes"),
    [
        (LATER, "booked", Status.BOOKED),
        (START, "waitlist", Status.WAITLIST),
        (START, "entered-in-error", Status.ENTERED_IN_ERROR),
        (START, "cancelled", Status.CANCELLED),
    ],
)
def test_another_status_or_start_is_the_hmos_word(
    store: Store, take_in: TakeIn, released: str, start: str, status: str, becomes: Status
) -> None:
    feed(take_in, start, status)
    slot = appointment(store, released)
    assert (slot.status, slot.released_at) == (becomes, None)
    assert is_true(store)


def test_once_the_feed_says_cancelled_too_the_transfer_still_waits(
    store: Store, clock: HandClock, take_in: TakeIn, manager: Member, released: str
) -> None:
    feed(take_in, status="cancelled")
    assert store.read_now(proposals.waiting, manager, clock.now(), 0, 9).total == 1
    feed(take_in)
    assert appointment(store, released).status is Status.BOOKED
    assert is_true(store)


def feed(
    take_in: TakeIn, start: str = START, status: str = "booked", department: str = "Eyes"
) -> ImportReport:
    return take_in(f"{HEADER}\nA1,P1,{department},{start},{status}\n")
