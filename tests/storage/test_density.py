"""Known outcomes by department and age group agree with an independent count."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.clock import HandClock
from domain.days import Span
from domain.statuses import Status
from storage import counters
from storage.density import outcomes, outcomes_version
from storage.store import Store
from tests.conftest import MONDAY_MORNING
from tests.hmo import HOUSE, Hmo
from tests.storage.histories import counted, emptied, hmos


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hmo=hmos(MONDAY_MORNING), days=st.integers(1, 60))
def test_outcomes_are_what_pandas_counts(store: Store, hmo: Hmo, days: int) -> None:
    hmo.load(emptied(store))
    span = HOUSE.calendar.back(hmo.now, days)
    frame = counted(hmo)
    within = frame[frame["day"].between(span.first, span.last)]
    expected = {
        cell: (
            int(group["status"].isin(["fulfilled", "arrived"]).sum()),
            int((group["status"] == "noshow").sum()),
        )
        for cell, group in within.groupby(["department", "age_group"])
    }
    found = store.read_now(outcomes, span).table
    rows = found.itertuples(index=False, name=None)
    assert {(department, age): (came, missed) for department, age, came, missed in rows} == {
        cell: counts for cell, counts in expected.items() if sum(counts)
    }


def test_an_empty_store_has_an_empty_table_of_numbers(store: Store) -> None:
    today = HOUSE.calendar.day_of(MONDAY_MORNING)
    found = store.read_now(outcomes, Span(today - timedelta(days=90), today))
    assert found.table.empty
    assert [str(kind) for kind in found.table[["attended", "no_shows"]].dtypes] == ["int64"] * 2
    assert found.version == 0


def test_the_version_grows_with_a_corrected_outcome_and_not_with_the_clock(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("p", 2)
    hmo.load(store)
    version = store.read_now(outcomes_version)
    clock.move(timedelta(days=1))
    assert store.read_now(outcomes_version) == version
    hmo.load(store)
    assert store.read_now(outcomes_version) == version
    store.write_now(counters.apply_status_change, 1, Status.FULFILLED, clock.now())
    assert store.read_now(outcomes_version) > version
