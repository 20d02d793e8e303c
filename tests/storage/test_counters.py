"""The kept-up-to-date columns: single corrections, and the recount that checks them all."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from domain.clock import HandClock
from domain.corrections import Excuse
from domain.people import Role
from domain.statuses import Status
from domain.transfers import Kind
from storage import actions, corrections, counters
from storage.store import Store
from storage.tables import Appointment, DailyCount, Department, key_of
from tests.hmo import Hmo, join


@pytest.fixture
def store_with_a_history(store: Store, clock: HandClock) -> Store:
    hmo = Hmo(clock.now())
    hmo.visit("p", -30, "noshow", key="first")
    hmo.visit("p", -20, "fulfilled", key="second")
    hmo.visit("p", 3, key="coming")
    hmo.visit("q", 3, key="another")
    hmo.load(store)
    return store


def found(store: Store, external_id: str) -> Appointment:
    by_id = select(Appointment).where(col(Appointment.external_id) == external_id)
    return store.read_now(lambda session: session.exec(by_id).one())


def correct(store: Store, external_id: str, status: Status, clock: HandClock) -> Status:
    key = key_of(found(store, external_id))
    return store.write_now(counters.apply_status_change, key, status, clock.now())


def counts(store: Store, day: date) -> tuple[int, int, int]:
    rows = store.read_now(
        lambda session: session.exec(select(DailyCount).where(col(DailyCount.day) == day)).all()
    )
    return (
        sum(row.scheduled for row in rows),
        sum(row.attended for row in rows),
        sum(row.no_shows for row in rows),
    )


def test_a_correction_moves_later_histories_the_rollup_and_the_versions(
    store_with_a_history: Store, clock: HandClock
) -> None:
    store = store_with_a_history
    day = found(store, "second").day
    assert counts(store, day) == (1, 1, 0)
    assert correct(store, "second", Status.NOSHOW, clock) is Status.NOSHOW
    assert counts(store, day) == (1, 0, 1)
    assert [found(store, key).prior_no_shows for key in ("first", "second", "coming")] == [0, 1, 2]
    assert found(store, "another").prior_no_shows == 0
    correct(store, "first", Status.ENTERED_IN_ERROR, clock)
    assert found(store, "coming").prior_no_shows == 1
    department = store.read_now(lambda session: session.exec(select(Department)).one())
    assert (department.figures, department.outcomes) == (3, 3)
    assert store.read_now(counters.verify) == []


def test_a_correction_to_what_it_is_changes_nothing(
    store_with_a_history: Store, clock: HandClock
) -> None:
    store = store_with_a_history
    assert correct(store, "first", Status.NOSHOW, clock) is Status.NOSHOW
    department = store.read_now(lambda session: session.exec(select(Department)).one())
    assert department.figures == 1


def test_a_correction_cannot_know_the_future(store_with_a_history: Store, clock: HandClock) -> None:
    assert correct(store_with_a_history, "coming", Status.NOSHOW, clock) is Status.BOOKED
    clock.move(timedelta(days=4))
    assert correct(store_with_a_history, "coming", Status.NOSHOW, clock) is Status.NOSHOW
    assert store_with_a_history.read_now(counters.verify) == []


def test_a_cancelled_appointment_leaves_the_actioned(
    store_with_a_history: Store, clock: HandClock
) -> None:
    store = store_with_a_history
    manager = join(store, Role.MANAGER, 7, "Noa", clock.now())
    key = key_of(found(store, "coming"))
    store.write_now(actions.authorize_directly, manager, key, Kind.PROACTIVE, clock.now(), 1)
    for status in (Status.CANCELLED, Status.BOOKED, Status.ENTERED_IN_ERROR):
        correct(store, "coming", status, clock)
        assert store.read_now(counters.verify) == []


def test_an_excuse_holds_whatever_becomes_of_the_status(
    store_with_a_history: Store, clock: HandClock
) -> None:
    store = store_with_a_history
    manager = join(store, Role.MANAGER, 7, "Noa", clock.now())
    key, day = key_of(found(store, "first")), found(store, "first").day
    store.write_now(corrections.excuse, manager, key, Excuse.OTHER, clock.now())
    assert (counts(store, day), found(store, "coming").prior_no_shows) == ((1, 0, 0), 0)
    for status, expected in (
        (Status.FULFILLED, (1, 1, 0)),
        (Status.NOSHOW, (1, 0, 0)),
        (Status.CANCELLED, (0, 0, 0)),
    ):
        correct(store, "first", status, clock)
        assert counts(store, day) == expected
        assert found(store, "coming").prior_no_shows == 0
        assert store.read_now(counters.verify) == []


def test_an_unknown_appointment_is_said_to_be(store: Store, clock: HandClock) -> None:
    with pytest.raises(LookupError):
        store.write_now(counters.apply_status_change, 4711, Status.NOSHOW, clock.now())


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            "UPDATE appointment SET prior_no_shows = 7 WHERE external_id = 'coming'",
            ["prior_no_shows of appointment 3: kept 7, counted 1"],
        ),
        (
            "UPDATE daily_count SET attended = 5 WHERE attended = 1",
            [
                "daily_count of 2026-11-03, department 1, 40–49:"
                " kept scheduled 1, attended 5, no_shows 0, actioned 0,"
                " counted scheduled 1, attended 1, no_shows 0, actioned 0"
            ],
        ),
        (
            "DELETE FROM daily_count WHERE no_shows = 1",
            [
                "daily_count of 2026-10-24, department 1, 40–49:"
                " kept scheduled 0, attended 0, no_shows 0, actioned 0,"
                " counted scheduled 1, attended 0, no_shows 1, actioned 0"
            ],
        ),
        (
            "UPDATE appointment SET action_state = 'declined' WHERE external_id = 'coming'",
            ["action_state of appointment 3: kept declined, counted none"],
        ),
        (
            "UPDATE appointment SET excused = true WHERE external_id = 'second'",
            ["excused of appointment 2: kept 1, counted 0"],
        ),
    ],
)
def test_a_recount_names_what_disagrees(
    store_with_a_history: Store, damage: str, told: list[str]
) -> None:
    def break_it(session: Session) -> None:
        session.execute(text(damage))

    store_with_a_history.write_now(break_it)
    assert [str(each) for each in store_with_a_history.read_now(counters.verify)] == told


def test_a_recount_names_only_the_first_of_many(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    for number in range(30):
        hmo.visit(f"p{number}", -1)
    hmo.load(store)

    def break_it(session: Session) -> None:
        session.execute(text("UPDATE appointment SET prior_no_shows = 1"))

    store.write_now(break_it)
    assert len(store.read_now(counters.verify)) == 10
