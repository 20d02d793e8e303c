"""Expected no-shows: sums of chances, within a selection, a batch and a cell of the heatmap."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from domain.clock import HandClock
from domain.criteria import Criteria, Selection, select
from domain.days import Span
from domain.people import Member, Role
from domain.transfers import Kind
from storage import actions, batches, expectations, risk
from storage.store import Store
from tests.chances import score
from tests.hmo import HOUSE, Hmo, join
from tests.storage.plans import plan_of


@pytest.fixture
def noa(store: Store, clock: HandClock) -> Member:
    """A manager of an HMO of three high-risk appointments, none of which has a chance yet."""
    hmo = Hmo(clock.now())
    hmo.regular("anna", 2, coming=1)
    hmo.regular("ben", 3, coming=2)
    hmo.regular("cleo", 2, coming=20, department="Eyes")
    hmo.regular("calm", 0, coming=1)
    hmo.load(store)
    return join(store, Role.MANAGER, 1, "Noa", clock.now())


def within(member: Member, clock: HandClock, days: int = 7) -> Selection:
    return select(Criteria(days), member, HOUSE, clock.now())


def test_without_a_chance_nothing_is_expected(store: Store, clock: HandClock, noa: Member) -> None:
    assert store.read_now(expectations.expected, within(noa, clock)) is None
    batch = store.write_now(
        batches.draft_from_list, noa, "risk:7.-.-:0", within(noa, clock), clock.now()
    )
    assert store.read_now(expectations.expected_in_batch, batch) is None
    assert cells(store, clock) == {}


def test_it_is_the_sum_of_the_chances_of_the_list_and_of_what_is_undecided(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(score, 400)
    assert store.read_now(expectations.expected, within(noa, clock)) == (0.8, 0.8)
    assert store.read_now(expectations.expected, within(noa, clock, 30)) == (1.2, 1.2)
    first = store.read_now(risk.risk_rows, within(noa, clock), 0, 1)[0]
    store.write_now(
        actions.authorize_directly,
        noa,
        first.appointment_id,
        Kind.TRANSFER,
        clock.now(),
        HOUSE.threshold,
    )
    assert store.read_now(expectations.expected, within(noa, clock)) == (0.8, 0.4)
    batch = store.write_now(
        batches.draft_from_list, noa, "risk:30.-.-:0", within(noa, clock, 30), clock.now()
    )
    assert store.read_now(expectations.expected_in_batch, batch) == 0.8


def test_of_the_actioned_slots_what_is_to_come_is_expected(
    store: Store, clock: HandClock, noa: Member
) -> None:
    assert store.read_now(expectations.expected_of_actioned, within(noa, clock)) is None
    for row in store.read_now(risk.risk_rows, within(noa, clock, 30), 0, 9)[:2]:
        what = (row.appointment_id, Kind.TRANSFER, clock.now(), HOUSE.threshold)
        store.write_now(actions.authorize_directly, noa, *what)
    assert store.read_now(expectations.expected_of_actioned, within(noa, clock)) is None
    store.write_now(score, 400)
    assert store.read_now(expectations.expected_of_actioned, within(noa, clock)) == 0.8
    clock.move(timedelta(days=1.5))
    assert store.read_now(expectations.expected_of_actioned, within(noa, clock)) == 0.4


def test_who_is_singled_out_is_expected_among_the_listed(
    store: Store, clock: HandClock, noa: Member
) -> None:
    store.write_now(score, 300)
    before = store.read_now(expectations.expected, within(noa, clock))
    store.write_now(lambda session: score(session, 500, picked=True, prior_no_shows=0))
    assert before == (0.6, 0.6)
    assert store.read_now(expectations.expected, within(noa, clock)) == (1.1, 1.1)


def test_a_cell_holds_all_booked_appointments_of_its_days_that_have_a_chance(
    store: Store, clock: HandClock, noa: Member
) -> None:
    def work(session: Session) -> None:
        score(session, 250)
        score(session, 0, prior_no_shows=3)

    store.write_now(work)
    assert noa.departments == frozenset()
    assert cells(store, clock) == {("Cardiology", "40–49"): (1.5, 0.5)}
    assert cells(store, clock, 30) == {
        ("Cardiology", "40–49"): (1.5, 0.5),
        ("Eyes", "40–49"): (0.75, 0.25),
    }


def test_sqlite_finds_them_by_indexes(sqlite_store: Store, clock: HandClock) -> None:
    member = Member(1, 1, 1, "Noa", Role.MANAGER)
    plan = plan_of(sqlite_store, expectations.expected, within(member, clock))
    assert "appointment USING INDEX ix_appointment_risk" in plan
    assert "appointment USING INDEX ix_appointment_picked" in plan
    plan = plan_of(sqlite_store, expectations.expected_of_actioned, within(member, clock))
    assert "appointment USING INDEX ix_appointment_actioned" in plan
    span = HOUSE.calendar.ahead(clock.now(), 30)
    plan = plan_of(sqlite_store, expectations.expected_by_cell, span, HOUSE.calendar)
    assert "appointment USING INDEX ix_appointment_chance" in plan


def cells(
    store: Store, clock: HandClock, days: int = 7
) -> dict[tuple[str, str], tuple[float, float]]:
    """Attended and missed, as expected, by department and age group."""
    today = HOUSE.calendar.day_of(clock.now())
    span = Span(today, today + timedelta(days=days - 1))
    table = store.read_now(expectations.expected_by_cell, span, HOUSE.calendar).table
    return {
        (row["department"], row["age_group"]): (row["attended"], row["no_shows"])
        for row in table.to_dict("records")
    }
