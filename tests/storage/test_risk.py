"""The risk list agrees with an independent count, whatever the history."""

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select as select_rows
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS
from domain.clock import HandClock
from domain.corrections import Excuse
from domain.criteria import Criteria, Selection, select
from domain.days import WINDOWS
from domain.people import Member, Role
from domain.statuses import Status
from storage import corrections, risk
from storage.store import Store
from storage.tables import Appointment, Patient
from tests.conftest import MONDAY_MORNING
from tests.hmo import HOUSE, Hmo, join
from tests.storage.histories import counted, emptied, hmos, midnight

FEW = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
THRESHOLD = HOUSE.threshold


@FEW
@given(hmo=hmos(MONDAY_MORNING), days=st.sampled_from(WINDOWS), later=st.integers(0, 200))
def test_the_list_holds_what_pandas_finds_in_the_right_order(
    store: Store, hmo: Hmo, days: int, later: int
) -> None:
    hmo.load(emptied(store))
    now = hmo.now + timedelta(hours=later)
    frame = counted(hmo)
    expected = frame[
        (frame["status"] == "booked")
        & (frame["prior"] >= THRESHOLD)
        & (frame["start"] > now)
        & (frame["start"] < midnight(now, days))
    ]
    chosen = select(Criteria(days), everybody(), HOUSE, now)
    rows = store.read_now(risk.risk_rows, chosen, 0, 1000)
    names = store.read_now(external_ids)
    assert {names[row.appointment_id] for row in rows} == set(expected["appointment_id"])
    order = [(-row.prior_no_shows, row.start, row.appointment_id) for row in rows]
    assert order == sorted(order)
    assert store.read_now(risk.risk_totals, chosen) == (len(expected), len(expected))
    for_each = expected.groupby("department").size().to_dict()
    assert {name: n for _, name, n in store.read_now(risk.risk_by_department, chosen)} == for_each
    groups = store.read_now(risk.risk_by_age_group, chosen)
    by_age = expected.groupby("age_group").size().to_dict()
    assert {AGE_GROUPS[group]: n for group, n in groups.items()} == by_age
    assert [row.prior_no_shows for row in rows] == sorted(expected["prior"], reverse=True)


@FEW
@given(hmo=hmos(MONDAY_MORNING), data=st.data())
def test_criteria_cut_the_same_list_and_pages_put_it_together_again(
    store: Store, hmo: Hmo, data: st.DataObject
) -> None:
    hmo.load(emptied(store))
    whole = select(Criteria(14), everybody(), HOUSE, hmo.now)
    everything = store.read_now(risk.risk_rows, whole, 0, 1000)
    size = data.draw(st.integers(1, 5))
    pages = [
        store.read_now(risk.risk_page, whole, start, size)
        for start in range(0, len(everything) + 1, size)
    ]
    assert [row for page in pages for row in page.rows] == everything
    assert {page.total for page in pages} == {len(everything)}
    departments = store.read_now(risk.departments)
    for key, name in departments.items():
        part = store.read_now(risk.risk_rows, chosen_in(hmo, key), 0, 1000)
        assert part == [row for row in everything if row.department == name]
    for group in range(len(AGE_GROUPS)):
        chosen = select(Criteria(14, None, group), everybody(), HOUSE, hmo.now)
        part = store.read_now(risk.risk_rows, chosen, 0, 1000)
        assert part == [row for row in everything if row.age_group == group]


@FEW
@given(hmo=hmos(MONDAY_MORNING))
def test_a_limited_person_finds_nothing_of_other_departments(store: Store, hmo: Hmo) -> None:
    hmo.load(emptied(store))
    departments = store.read_now(risk.departments)
    mine = dict(list(departments.items())[:1])
    limited = Member(1, 1, 1, "Avi", Role.MANAGER, frozenset(mine))
    chosen = select(Criteria(30), limited, HOUSE, hmo.now)
    rows = store.read_now(risk.risk_rows, chosen, 0, 1000)
    assert {row.department for row in rows} <= set(mine.values())
    by_department = store.read_now(risk.risk_by_department, chosen)
    assert {name for _, name, _ in by_department} <= set(mine.values())
    for reference in store.read_now(references):
        coming = store.read_now(risk.coming_of_patient, reference, hmo.now, limited.departments)
        assert {row.department for row in coming} <= set(mine.values())


@FEW
@given(hmo=hmos(MONDAY_MORNING))
def test_a_card_tells_the_history_that_pandas_tells(store: Store, hmo: Hmo) -> None:
    hmo.load(emptied(store))
    frame = counted(hmo)
    for key, name in store.read_now(external_ids).items():
        card = store.read_now(risk.card, key)
        assert card is not None
        row = frame[frame["appointment_id"] == name].iloc[0]
        earlier = frame[
            (frame["patient_id"] == row["patient_id"])
            & (frame["start"] < row["start"])
            & frame["status"].isin(["noshow", "fulfilled", "arrived"])
        ].sort_values("start", kind="stable")
        assert card.row.prior_no_shows == row["prior"]
        assert card.status.value == row["status"]
        assert [visit.start for visit in card.history] == [
            pd.Timestamp(start).to_pydatetime() for start in earlier["start"]
        ]
        assert sorted(visit.status.value for visit in card.history) == sorted(earlier["status"])


def test_an_excused_no_show_counts_no_more(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("p", 2)
    hmo.load(store)
    chosen = select(Criteria(), everybody(), HOUSE, clock.now())
    assert store.read_now(risk.risk_totals, chosen) == (1, 1)
    keys = {name: key for key, name in store.read_now(external_ids).items()}
    dana = join(store, Role.STAFF, 7, "Dana", clock.now())
    store.write_now(corrections.excuse, dana, keys["A1"], Excuse.CAME_LATE, clock.now())
    assert store.read_now(risk.risk_totals, chosen) == (0, 0)
    card = store.read_now(risk.card, keys["A4"])
    assert card is not None
    assert card.row.prior_no_shows == 1
    assert [(visit.status, visit.excused) for visit in card.history] == [
        (Status.NOSHOW, False),
        (Status.NOSHOW, True),
        (Status.FULFILLED, False),
    ]


def test_a_list_ends_with_the_last_moment_of_its_last_day(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    second = timedelta(seconds=1)
    to_midnight = midnight(clock.now(), 1) - clock.now()
    for number, ahead in enumerate((to_midnight - second, to_midnight)):
        hmo.regular(f"p{number}", 2, coming=ahead / timedelta(days=1))
    hmo.load(store)
    today = select(Criteria(1), everybody(), HOUSE, clock.now())
    assert store.read_now(risk.risk_totals, today) == (1, 1)
    three = select(Criteria(3), everybody(), HOUSE, clock.now())
    assert store.read_now(risk.risk_totals, three) == (2, 2)


def test_an_appointment_leaves_the_list_the_moment_it_starts(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("p", 2, coming=1 / 24)
    hmo.load(store)
    clock.move(timedelta(minutes=59, seconds=59))
    chosen = select(Criteria(), everybody(), HOUSE, clock.now())
    assert store.read_now(risk.risk_totals, chosen) == (1, 1)
    clock.move(timedelta(seconds=1))
    chosen = select(Criteria(), everybody(), HOUSE, clock.now())
    assert store.read_now(risk.risk_totals, chosen) == (0, 0)


@pytest.mark.parametrize("key", [0, 99, 10**18])
def test_what_is_not_there_is_none(store: Store, key: int) -> None:
    assert store.read_now(risk.card, key) is None
    assert store.read_now(risk.department_name, key) is None


def everybody() -> Member:
    return Member(1, 1, 1, "Noa", Role.MANAGER)


def chosen_in(hmo: Hmo, department: int) -> Selection:
    return select(Criteria(14, department), everybody(), HOUSE, hmo.now)


def external_ids(session: Session) -> dict[int, str]:
    rows = session.execute(select_rows(col(Appointment.id), col(Appointment.external_id)))
    return {key: name for key, name in rows if key is not None}


def references(session: Session) -> list[str]:
    return list(session.scalars(select_rows(col(Patient.reference))))
