"""What has happened of late: the numbers that summaries tell."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from domain.clock import HandClock
from domain.criteria import Criteria, select
from domain.deliveries import Reason
from domain.people import Member, Role
from domain.pushes import PushKind
from domain.transfers import Act, Kind
from storage import actions, batches, lately, outbox, people, risk
from storage.open_messages import Shown
from storage.store import Store
from storage.tables import Push
from tests.hmo import HOUSE, Hmo, join

DAY = timedelta(days=1)
THRESHOLD = HOUSE.threshold


@pytest.fixture
def hmo(store: Store, clock: HandClock) -> Hmo:
    hmo = Hmo(clock.now())
    for number in range(8):
        department = "Cardiology" if number % 2 else "Dermatology"
        hmo.regular(f"p{number}", 2 + number, coming=1 + number / 2, department=department)
    hmo.load(store)
    return hmo


@pytest.fixture
def dana(store: Store, hmo: Hmo) -> Member:
    return join(store, Role.STAFF, 1, "Dana", hmo.now)


@pytest.fixture
def noa(store: Store, hmo: Hmo) -> Member:
    return join(store, Role.MANAGER, 2, "Noa", hmo.now)


def done(store: Store, clock: HandClock, department: str = "") -> dict[str, int]:
    """What was done within a day, in one department or in all."""
    keys = {name: key for key, name in store.read_now(risk.departments).items()}
    where = frozenset({keys[department]} if department else ())
    found = store.read_now(lately.decisions, where, clock.now() - DAY)
    events = set(Act)  # what else is recorded is told elsewhere
    return {event: number for event, number in found.items() if event in events and number}


def coming(store: Store, member: Member, clock: HandClock) -> list[int]:
    """All high-risk appointments, those of Cardiology and Dermatology by turns."""
    week = select(Criteria(7), member, HOUSE, clock.now())
    rows = store.read_now(risk.risk_rows, week, 0, 99)
    return [row.appointment_id for row in rows]


def test_decisions_are_counted_by_department_and_only_for_a_day(
    store: Store, clock: HandClock, dana: Member, noa: Member
) -> None:
    first, second, third = coming(store, dana, clock)[:3]
    for key in (first, second, third):
        store.write_now(actions.propose, dana, key, Kind.TRANSFER, clock.now(), THRESHOLD)
    store.write_now(actions.authorize, noa, 1, clock.now(), THRESHOLD)
    store.write_now(actions.undo, noa, 1, clock.now())
    store.write_now(actions.decline, noa, 2, clock.now(), "not now")
    assert done(store, clock) == {
        Act.PROPOSE: 3,
        Act.AUTHORIZE: 1,
        Act.UNDO: 1,
        Act.DECLINE: 1,
    }
    assert done(store, clock, "Cardiology") == {Act.PROPOSE: 2, Act.AUTHORIZE: 1, Act.UNDO: 1}
    assert done(store, clock, "Dermatology") == {Act.PROPOSE: 1, Act.DECLINE: 1}
    clock.move(DAY)
    assert done(store, clock) == {}


def test_a_batch_counts_for_each_of_its_appointments(
    store: Store, clock: HandClock, noa: Member
) -> None:
    week, now = select(Criteria(7), noa, HOUSE, clock.now()), clock.now()
    batch = store.write_now(batches.draft_from_list, noa, "risk:7.-.-:0", week, now)
    assert done(store, clock) == {}
    store.write_now(batches.confirm, noa, batch, now, THRESHOLD)
    assert done(store, clock) == {Act.AUTHORIZE: 8}
    assert done(store, clock, "Cardiology") == {Act.AUTHORIZE: 4}
    store.write_now(batches.undo, noa, batch, now)
    assert done(store, clock)[Act.UNDO] == 8
    assert done(store, clock, "Cardiology")[Act.UNDO] == 4


def test_the_last_import_tells_when_and_how_much(store: Store, clock: HandClock, hmo: Hmo) -> None:
    began = clock.now()
    first = store.read_now(lately.last_import, clock.now())
    assert first == lately.Import(began, len(hmo.rows), 0)
    clock.move(DAY)
    hmo.visit("new", 9)
    hmo.rows[-2]["status"] = "cancelled"
    hmo.load(store, clock.now())
    assert store.read_now(lately.last_import, clock.now()) == lately.Import(clock.now(), 1, 1)
    clock.move(31 * DAY)
    assert store.read_now(lately.last_import, clock.now()) is None


def test_deliveries_leave_out_what_may_be_on_its_way(
    store: Store, clock: HandClock, noa: Member
) -> None:
    def tell(session: Session, key: str) -> None:
        outbox.enqueue(session, noa.id, "summary", clock.now(), key=key, kind=PushKind.SUMMARY)

    for key in ("sent", "waits", "fails"):
        store.write_now(tell, key)
    store.write_now(arrive, noa, 1, clock.now())
    store.write_now(give_up, 3, clock.now())
    assert store.read_now(lately.deliveries, clock.now()) == {}
    clock.move(timedelta(minutes=2))
    found = store.read_now(lately.deliveries, clock.now())
    assert found == {"sent": 1, "waiting": 1, "failed": 1}
    clock.move(2 * DAY)
    assert store.read_now(lately.deliveries, clock.now()) == {"waiting": 1}


def arrive(session: Session, member: Member, push_id: int, now: datetime) -> None:
    shown = Shown(member.chat_id, 7, member.id, "summary", None, None, "digest")
    outbox.mark_sent(session, push_id, shown, now)


def give_up(session: Session, push_id: int, now: datetime) -> None:
    outbox.fail(session, session.get_one(Push, push_id), Reason.REFUSED, now, "no such chat")


def test_people_are_counted_by_role(
    store: Store, clock: HandClock, dana: Member, noa: Member
) -> None:
    join(store, Role.STAFF, 3, "Eli", clock.now())
    store.write_now(people.mark_unreachable, dana.id)
    found = store.read_now(lately.people)
    assert found == lately.People({Role.STAFF: 2, Role.MANAGER: 1}, suspended=0, unreachable=1)


def test_what_happened_within_a_day_is_found_by_an_index(sqlite_store: Store) -> None:
    statement = (
        "EXPLAIN QUERY PLAN SELECT event, count(*) FROM audit_entry "
        "WHERE at > 5 AND event IN ('propose', 'decline') GROUP BY event"
    )
    plan = sqlite_store.read_now(lambda session: session.execute(text(statement)).all())
    assert "ix_audit_entry_at" in repr(plan)
