"""A slot that was given back by phone, and a feed that does not know of it yet."""

import pytest
from sqlmodel import Session, col, select

from domain.calls import CallOutcome
from domain.clock import HandClock
from domain.criteria import Criteria
from domain.criteria import select as select_criteria
from domain.people import Member, Role
from domain.statuses import Status
from domain.transfers import Kind, State
from storage import actions, audit, calls, proposals
from storage.efficiency import efficiency
from storage.feeds.overtaken import OVERTAKEN
from storage.feeds.report import ImportReport
from storage.store import Store
from storage.tables import AuditEntry, Push, key_of
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
    assert store.read_now(proposals.waiting, manager, clock.now(), 0, 9).total == 0
    assert is_true(store)


@pytest.mark.parametrize(
    ("start", "status"),
    [(LATER, "booked"), (LATER, "cancelled"), (START, "waitlist"), (START, "entered-in-error")],
)
def test_what_the_hmo_changes_ends_the_call_and_its_transfer(
    store: Store,
    clock: HandClock,
    take_in: TakeIn,
    manager: Member,
    released: str,
    start: str,
    status: str,
) -> None:
    feed(take_in, start, status)
    slot = key_of(appointment(store, released))
    (call,) = store.read_now(calls.calls_about, slot)
    (action,) = store.read_now(proposals.actions_about, slot)
    assert call.undone_at == action.revoked_at == clock.now()
    assert (action.state, action.reason) == (State.REVOKED, OVERTAKEN)
    assert store.read_now(calls.calls_in_force, [slot]) == {}
    assert store.read_now(proposals.waiting, manager, clock.now(), 0, 9).total == 0
    assert appointment(store, released).action_state is None
    assert is_true(store)
    trail = store.read_now(audited)
    assert trail[-3:] == [("undo call", slot), ("withdraw", slot), ("import", None)]
    assert store.read_now(audit.verify) is None


def test_a_visit_that_is_booked_anew_counts_no_more_as_actioned_and_who_authorized_is_told(
    store: Store, clock: HandClock, take_in: TakeIn, manager: Member, released: str
) -> None:
    slot = key_of(appointment(store, released))
    (action,) = store.read_now(proposals.actions_about, slot)
    avi = join(store, Role.MANAGER, 2, "Avi", clock.now())
    store.write_now(actions.authorize, avi, action.id, clock.now(), HOUSE.threshold)
    feed(take_in, LATER)
    selection = select_criteria(Criteria(), manager, HOUSE, clock.now())
    found = store.read_now(efficiency, selection)
    assert (found.actioned, found.scheduled) == (0, 1)
    assert store.read_now(proposals.actions_about, slot)[0].state is State.REVOKED
    assert is_true(store)
    assert store.read_now(audited)[-3:-1] == [("undo call", slot), ("undo", slot)]
    address, revoked = f"told:{action.id}", State.REVOKED
    keys = store.read_now(lambda session: session.exec(select(Push.key)).all())
    assert {f"{address}:{revoked}:{member.id}" for member in (manager, avi)} <= set(keys)


def test_a_transfer_that_was_proposed_before_the_call_stays(
    store: Store, clock: HandClock, take_in: TakeIn, manager: Member
) -> None:
    feed(take_in)
    slot = key_of(appointment(store, "A1"))
    store.write_now(actions.propose, manager, slot, Kind.TRANSFER, clock.now(), 0)
    now = clock.now()
    store.write_now(calls.record_call, manager, slot, CallOutcome.CANCELS, now, HOUSE.threshold)
    feed(take_in, LATER)
    (action,) = store.read_now(proposals.actions_about, slot)
    assert action.state is State.PROPOSED
    assert store.read_now(calls.calls_in_force, [slot]) == {}
    assert is_true(store)


def audited(session: Session) -> list[tuple[str, int | None]]:
    query = select(AuditEntry.event, AuditEntry.appointment_id).order_by(col(AuditEntry.id))
    return list(session.exec(query))


def feed(
    take_in: TakeIn, start: str = START, status: str = "booked", department: str = "Eyes"
) -> ImportReport:
    return take_in(f"{HEADER}\nA1,P1,{department},{start},{status}\n")
