"""Pages of the audit trail: who may see what, found by day, person and patient, newest first."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from domain.clock import HandClock
from domain.criteria import Criteria, select
from domain.people import Member, Role
from domain.transfers import Kind
from storage import actions, audit, batches, invitations, trail
from storage.store import Store
from storage.trail import Sought, TrailPage, trail_page
from tests.hmo import HOUSE, Hmo, join
from tests.storage.plans import plan_of

EVERYTHING = Sought()


@pytest.fixture
def hmo(store: Store, clock: HandClock) -> Hmo:
    """Four patients at risk, two in each of two departments."""
    hmo = Hmo(clock.now())
    for number in range(4):
        department = "Ears" if number % 2 else "Eyes"
        hmo.regular(f"p{number}", 3, coming=1 + number, department=department)
    hmo.load(store)
    return hmo


@pytest.fixture
def root(store: Store, hmo: Hmo) -> Member:
    return join(store, Role.ADMIN, 1, "Root", hmo.now)


@pytest.fixture
def noa(store: Store, hmo: Hmo) -> Member:
    """A manager of everything."""
    return join(store, Role.MANAGER, 2, "Noa", hmo.now)


@pytest.fixture
def avi(store: Store, hmo: Hmo) -> Member:
    """A manager of Eyes."""
    return join(store, Role.MANAGER, 3, "Avi", hmo.now, ("Eyes",))


def test_an_admin_sees_everything_newest_first(
    store: Store, clock: HandClock, root: Member, noa: Member
) -> None:
    decide(store, noa, "p0", clock)
    page = seen(store, root)
    assert [row.event for row in page.rows] == [
        "authorize", "join", "invite", "join", "invite", "import",
    ]  # fmt: skip
    assert page.total == 6
    newest = page.rows[0]
    assert (newest.who, newest.department, newest.at) == ("Noa", "Eyes", clock.now())
    assert newest.reference == reference(store, "p0")


def test_pages_follow_each_other_and_say_how_many_there_are(
    store: Store, clock: HandClock, root: Member
) -> None:
    def work(session: Session) -> None:
        for number in range(20):
            audit.record(session, f"event {number}", at=clock.now(), member_id=root.id)

    store.write_now(work)
    for sought in (EVERYTHING, Sought(member_id=root.id), today(clock)):
        events = [
            row.event for page in range(4) for row in seen(store, root, sought, page * 8).rows
        ]
        assert events[:20] == [f"event {number}" for number in reversed(range(20))]
        assert len(events) == seen(store, root, sought).total
        assert seen(store, root, sought, 800).rows == []


def test_a_manager_sees_what_is_about_a_department_and_their_own_doings(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    decide(store, noa, "p0", clock)
    decide(store, noa, "p1", clock)
    own = ["join"]
    assert events(store, noa) == ["authorize", "authorize", *own]
    assert events(store, avi) == ["authorize", *own]
    assert {row.department for row in seen(store, avi).rows} == {"Eyes", None}
    assert seen(store, avi).total == 2
    assert events(store, noa, Sought(member_id=noa.id)) == ["authorize", "authorize", *own]
    assert events(store, avi, Sought(member_id=noa.id)) == ["authorize"]
    assert events(store, noa, Sought(member_id=avi.id)) == []


def test_a_day_is_found_by_its_moments(store: Store, clock: HandClock, noa: Member) -> None:
    decide(store, noa, "p0", clock)
    clock.move(timedelta(days=1))
    decide(store, noa, "p1", clock)
    assert references(store, noa, today(clock)) == [reference(store, "p1")]
    clock.move(timedelta(days=-1))
    assert references(store, noa, today(clock)) == [reference(store, "p0"), None]
    clock.move(timedelta(days=5))
    page = seen(store, noa, today(clock))
    assert (page.rows, page.total) == ([], 0)


def test_a_patient_is_found_by_reference_in_single_decisions_and_in_batches(
    store: Store, clock: HandClock, noa: Member, avi: Member, root: Member
) -> None:
    decide(store, noa, "p1", clock)
    clock.move(timedelta(minutes=1))
    batch = drafted(store, noa, clock)
    assert store.write_now(batches.confirm, noa, batch, clock.now(), HOUSE.threshold)
    clock.move(timedelta(minutes=1))
    store.write_now(batches.undo, noa, batch, clock.now())
    about = Sought(reference=reference(store, "p0"))
    for member in (root, noa, avi):
        rows = seen(store, member, about).rows
        assert [(row.event, row.department) for row in rows] == [
            ("undo batch", "Eyes"), ("authorize batch", "Eyes"),
        ]  # fmt: skip
        assert [row.detail["done"] for row in rows] == [2, 2]
    other = Sought(reference=reference(store, "p1"))
    assert events(store, noa, other) == ["authorize"]
    assert events(store, avi, other) == []
    assert events(store, noa, Sought(reference="P-ZZZZZZ")) == []


def test_a_batch_leaves_a_row_for_each_department_that_names_its_appointments(
    store: Store, clock: HandClock, noa: Member, avi: Member
) -> None:
    batch = drafted(store, noa, clock)
    store.write_now(batches.confirm, noa, batch, clock.now(), HOUSE.threshold)
    rows = seen(store, noa).rows[:2]
    assert sorted((row.department, row.detail["done"]) for row in rows) == [
        ("Ears", 2), ("Eyes", 2),
    ]  # fmt: skip
    named = [key for row in rows for key in row.detail["appointments"]]
    assert sorted(named) == sorted(appointment(store, f"p{number}") for number in range(4))
    assert events(store, avi) == ["authorize batch", "join"]


def test_a_cancelled_batch_is_recorded_once(store: Store, clock: HandClock, noa: Member) -> None:
    batch = drafted(store, noa, clock)
    assert store.write_now(batches.cancel, noa, batch, clock.now())
    assert not store.write_now(batches.cancel, noa, batch, clock.now())
    assert events(store, noa) == ["cancel batch", "join"]
    assert seen(store, noa).rows[0].detail["size"] == 4


def test_what_somebody_typed_is_not_in_the_trail(
    store: Store, clock: HandClock, noa: Member, root: Member
) -> None:
    key = appointment(store, "p0")
    store.write_now(actions.propose, noa, key, Kind.TRANSFER, clock.now(), HOUSE.threshold)
    store.write_now(actions.add_note, noa, key, "Mrs. Levi is ill", clock.now())
    store.write_now(actions.decline, noa, 1, clock.now(), "Mrs. Levi called")
    rows = seen(store, root).rows
    assert [row.event for row in rows[:3]] == ["decline", "note", "propose"]
    assert {row.reference for row in rows[:3]} == {reference(store, "p0")}
    assert "Levi" not in repr(rows)


def test_who_was_concerned_is_named(store: Store, clock: HandClock, root: Member) -> None:
    dana = join(store, Role.STAFF, 9, "Dana", clock.now())

    def work(session: Session) -> None:
        audit.record(session, "suspend", at=clock.now(), member_id=root.id, person_id=dana.id)

    store.write_now(work)
    newest = seen(store, root).rows[0]
    assert (newest.who, newest.whom) == ("Root", "Dana")
    assert list(store.read_now(trail.people_in_trail, root).values()) == ["Dana", "Root"]


def test_a_manager_looks_for_people_of_their_departments_and_for_who_did_something_there(
    store: Store, clock: HandClock, root: Member, noa: Member, avi: Member
) -> None:
    join(store, Role.STAFF, 4, "Dana", clock.now(), ("Ears", "Eyes"))
    far = join(store, Role.MANAGER, 5, "Tal", clock.now(), ("Ears",))

    def found(member: Member) -> list[str]:
        return list(store.read_now(trail.people_in_trail, member).values())

    assert found(avi) == ["Avi", "Dana"]
    decide(store, noa, "p0", clock)
    decide(store, far, "p1", clock)
    assert found(avi) == ["Avi", "Dana", "Noa"]
    assert found(noa) == found(root) == ["Avi", "Dana", "Noa", "Root", "Tal"]


def test_the_people_a_manager_may_look_for_are_found_by_indexes(sqlite_store: Store) -> None:
    avi = Member(1, 1, 1, "Avi", Role.MANAGER, frozenset({1, 2}))
    plan = plan_of(sqlite_store, trail.people_in_trail, avi)
    assert "ix_audit_entry_member_department (member_id=? AND department_id=?)" in plan
    assert "SCAN audit_entry" not in plan


def test_more_rows_than_are_counted_are_still_a_page(
    store: Store, clock: HandClock, noa: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(6):
        store.write_now(invitations.invite, Role.STAFF, (), clock.now())
        decide(store, noa, "p0", clock)
        store.write_now(undo, noa, clock)
    monkeypatch.setattr(trail, "COUNTED_AT_MOST", 5)
    page = seen(store, noa)
    assert (page.total, len(page.rows)) == (5, 8)


def seen(store: Store, member: Member, sought: Sought = EVERYTHING, offset: int = 0) -> TrailPage:
    return store.read_now(trail_page, member, sought, offset, 8)


def events(store: Store, member: Member, sought: Sought = EVERYTHING) -> list[str]:
    return [row.event for row in seen(store, member, sought).rows]


def references(store: Store, member: Member, sought: Sought) -> list[str | None]:
    return [row.reference for row in seen(store, member, sought).rows]


def today(clock: HandClock) -> Sought:
    span = HOUSE.calendar.ahead(clock.now(), 1)
    return Sought(HOUSE.calendar.start_of(span.first), HOUSE.calendar.end_of(span))


def appointment(store: Store, patient: str) -> int:
    return int(one(store, "appointment.id", patient))


def reference(store: Store, patient: str) -> str:
    return one(store, "patient.reference", patient)


def one(store: Store, what: str, patient: str) -> str:
    wanted = text(
        f"SELECT {what} FROM appointment JOIN patient ON patient.id = patient_id"  # noqa: S608
        " WHERE patient.external_id = :patient AND status = 'booked'"
    )
    return str(store.read_now(lambda session: session.scalar(wanted, {"patient": patient})))


def decide(store: Store, member: Member, patient: str, clock: HandClock) -> None:
    key, now = appointment(store, patient), clock.now()
    store.write_now(actions.authorize_directly, member, key, Kind.TRANSFER, now, HOUSE.threshold)


def undo(session: Session, member: Member, clock: HandClock) -> None:
    last = session.scalar(text("SELECT max(id) FROM action"))
    actions.undo(session, member, last, clock.now())


def drafted(store: Store, member: Member, clock: HandClock) -> int:
    week = select(Criteria(), member, HOUSE, clock.now())
    return store.write_now(batches.draft_from_list, member, "risk:7.-.-:0", week, clock.now())
