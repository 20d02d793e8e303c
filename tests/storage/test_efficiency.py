"""The Efficiency Gain agrees with an independent count."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select as select_rows
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS
from domain.clock import HandClock
from domain.criteria import Criteria, select
from domain.days import WINDOWS
from domain.efficiency import Efficiency
from domain.people import Member, Role
from domain.statuses import Status
from domain.transfers import Kind
from storage import actions, counters, risk
from storage.efficiency import efficiency, efficiency_by_department, figures_version
from storage.store import Store
from storage.tables import Appointment
from tests.conftest import MONDAY_MORNING
from tests.hmo import HOUSE, Hmo, join
from tests.storage.histories import counted, emptied, hmos

FEW = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(hmo=hmos(MONDAY_MORNING), days=st.sampled_from(WINDOWS), data=st.data())
def test_the_figure_and_its_parts_are_what_pandas_counts(
    store: Store, hmo: Hmo, days: int, data: st.DataObject
) -> None:
    hmo.load(emptied(store))
    manager = join(store, Role.MANAGER, 1, "Noa", hmo.now)
    listed = store.read_now(risk.risk_rows, select(Criteria(30), manager, HOUSE, hmo.now), 0, 99)
    acted = data.draw(st.lists(st.sampled_from(listed), unique=True)) if listed else []
    for row in acted:
        authorize(store, manager, row.appointment_id, hmo)
    names = store.read_now(external_ids)
    frame = counted(hmo)
    frame["actioned"] = frame["appointment_id"].isin({names[row.appointment_id] for row in acted})
    span = HOUSE.calendar.ahead(hmo.now, days)
    within = frame[
        frame["day"].between(span.first, span.last)
        & ~frame["status"].isin(["cancelled", "entered-in-error"])
    ]
    chosen = select(Criteria(days), manager, HOUSE, hmo.now)
    assert store.read_now(efficiency, chosen) == Efficiency(
        int(within["actioned"].sum()), len(within)
    )
    parts = {
        name: Efficiency(int(group["actioned"].sum()), len(group))
        for name, group in within.groupby("department")
    }
    found = store.read_now(efficiency_by_department, chosen)
    assert {name: figure for _, name, figure in found} == parts
    gains = [figure.gain for _, _, figure in found]
    assert gains == sorted(gains, key=lambda gain: gain or 0, reverse=True)
    by_age = [
        store.read_now(efficiency, select(Criteria(days, None, group), manager, HOUSE, hmo.now))
        for group in range(len(AGE_GROUPS))
    ]
    assert sum(figure.scheduled for figure in by_age) == len(within)


def test_a_limited_persons_figure_is_that_of_their_departments(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("p1", 2)
    hmo.regular("p2", 2, department="Dermatology")
    hmo.load(store)
    avi = join(store, Role.MANAGER, 1, "Avi", clock.now(), ("Cardiology",))
    (row,) = store.read_now(risk.risk_rows, select(Criteria(), avi, HOUSE, clock.now()), 0, 9)
    authorize(store, avi, row.appointment_id, hmo)
    chosen = select(Criteria(), avi, HOUSE, clock.now())
    assert store.read_now(efficiency, chosen) == Efficiency(1, 1)
    assert [name for _, name, _ in store.read_now(efficiency_by_department, chosen)] == [
        "Cardiology"
    ]


def test_a_slot_cancelled_after_it_was_authorised_leaves_both_numbers(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("p1", 2)
    hmo.regular("p2", 2)
    hmo.load(store)
    noa = join(store, Role.MANAGER, 1, "Noa", clock.now())
    chosen = select(Criteria(), noa, HOUSE, clock.now())
    row, _ = store.read_now(risk.risk_rows, chosen, 0, 9)
    authorize(store, noa, row.appointment_id, hmo)
    assert store.read_now(efficiency, chosen) == Efficiency(1, 2)
    store.write_now(counters.apply_status_change, row.appointment_id, Status.CANCELLED, clock.now())
    assert store.read_now(efficiency, chosen) == Efficiency(0, 1)


@pytest.mark.parametrize("department", [None, 1])
def test_an_empty_store_has_a_version_and_no_figure(store: Store, department: int | None) -> None:
    assert store.read_now(figures_version, department) == 0
    chosen = select(Criteria(), Member(1, 1, 1, "Noa", Role.MANAGER), HOUSE, MONDAY_MORNING)
    assert store.read_now(efficiency, chosen).gain is None
    assert store.read_now(efficiency_by_department, chosen) == []


def authorize(store: Store, member: Member, appointment_id: int, hmo: Hmo) -> None:
    outcome = store.write_now(
        actions.authorize_directly,
        member,
        appointment_id,
        Kind.TRANSFER,
        hmo.now,
        HOUSE.threshold,
    )
    assert outcome.barrier is None


def external_ids(session: Session) -> dict[int, str]:
    rows = session.execute(select_rows(col(Appointment.id), col(Appointment.external_id)))
    return {key: name for key, name in rows if key is not None}
