"""Scoring: who waits for a chance, what gets one, and who is singled out; on both databases."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import select as select_rows
from sqlmodel import Session, col

from domain.clock import HandClock
from domain.criteria import Criteria, select
from domain.people import Member, Role
from domain.statuses import Status
from storage import counters, models, rescoring, risk
from storage.efficiency import figures_version
from storage.store import Store
from storage.tables import Appointment, Department
from tests.hmo import HOUSE, Hmo

CALENDAR = HOUSE.calendar


@dataclass(frozen=True)
class SharesMissed:
    """Gives each patient the share of known visits that they missed, half for nobody's."""

    model_id: int

    def thousandths(
        self, targets: pd.DataFrame, _now: datetime, known: pd.DataFrame
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        missed = known.groupby("patient")["outcome"].mean().fillna(0.5)
        return (targets["patient"].map(missed).to_numpy() * 998 + 1).round().astype(np.int64)


def test_without_a_model_nobody_waits_and_nothing_has_a_chance(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("anna", 2)
    hmo.load(store)
    store.write_now(rescoring.ask_for_the_day, CALENDAR, clock.now())
    assert store.read_now(rescoring.number_waiting) == 0
    assert chances(store) == {}


def test_a_model_in_charge_gives_all_that_is_near_a_chance_and_the_list_its_order(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.regular("often", 2, came=6)
    hmo.regular("always", 3, came=0, coming=5)
    hmo.regular("far", 2, coming=45)
    hmo.load(store)
    in_charge(store, clock)
    settle(store, clock)
    assert chances(store) == {"A9": 250, "A13": 999}
    assert [row.chance for row in listed(store, clock)] == [0.999, 0.25]


def test_who_is_likely_to_stay_away_is_listed_without_an_earlier_no_show_as_far_as_there_is_room(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    for number in range(7):
        hmo.visit(f"new {number}", 1)
    hmo.load(store)
    assert listed(store, clock) == []
    in_charge(store, clock)
    settle(store, clock)
    assert len(listed(store, clock)) == rescoring.USUAL_CAPACITY
    assert all(row.picked for row in listed(store, clock))
    assert store.read_now(risk.risk_totals, everything(clock)) == (5, 5)
    department = store.read_now(lambda session: session.scalar(select_rows(col(Department.id))))
    assert department
    store.write_now(rescoring.set_capacity, department, 2, CALENDAR, clock.now())
    settle(store, clock)
    assert len(listed(store, clock)) == 2
    store.write_now(rescoring.set_capacity, department, 0, CALENDAR, clock.now())
    settle(store, clock)
    assert listed(store, clock) == []


def test_whose_place_gets_free_is_taken_by_the_next(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    for number in range(6):
        hmo.visit(f"new {number}", 1, key=f"N{number}")
    hmo.load(store)
    in_charge(store, clock)
    settle(store, clock)
    first = listed(store, clock)[0].appointment_id
    store.write_now(counters.apply_status_change, first, Status.CANCELLED, clock.now())
    settle(store, clock)
    left = {row.appointment_id for row in listed(store, clock)}
    assert len(left) == rescoring.USUAL_CAPACITY
    assert first not in left


def test_an_outcome_moves_the_chances_of_what_comes_and_renews_its_lists(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("anna", -3, "booked", key="before")
    hmo.visit("anna", 3, key="coming")
    hmo.load(store)
    in_charge(store, clock)
    settle(store, clock)
    assert chances(store)["coming"] == 500
    version = store.read_now(figures_version, None)
    key = key_of(store, "before")
    store.write_now(counters.apply_status_change, key, Status.NOSHOW, clock.now())
    changed = store.read_now(figures_version, None)
    settle(store, clock)
    assert chances(store)["coming"] == 999
    assert store.read_now(figures_version, None) > changed > version


def test_an_import_has_just_its_patients_scored(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("anna", 3, key="hers")
    hmo.load(store)
    in_charge(store, clock)
    settle(store, clock)
    later = Hmo(clock.now())
    later.visit("bea", 2, key="new")
    later.load(store)
    assert store.read_now(rescoring.number_waiting) == 1
    settle(store, clock)
    assert chances(store) == {"hers": 500, "new": 500}
    later.load(store)
    assert store.read_now(rescoring.number_waiting) == 0


def test_a_new_day_reaches_further(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("anna", 31, key="hers")
    hmo.load(store)
    in_charge(store, clock)
    settle(store, clock)
    assert chances(store) == {}
    clock.move(timedelta(days=1))
    store.write_now(rescoring.ask_for_the_day, CALENDAR, clock.now())
    settle(store, clock)
    assert chances(store) == {"hers": 500}


def test_once_the_rule_is_in_charge_again_chances_are_forgotten(
    store: Store, clock: HandClock
) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("anna", 3)
    hmo.regular("bea", 2)
    hmo.load(store)
    in_charge(store, clock)
    settle(store, clock)
    assert len(listed(store, clock)) == 2
    assert store.write_now(models.roll_back, clock.now()) is None
    settle(store, clock)
    assert chances(store) == {}
    assert [row.prior_no_shows for row in listed(store, clock)] == [2]


def test_what_is_past_keeps_the_chance_that_it_had(store: Store, clock: HandClock) -> None:
    hmo = Hmo(clock.now())
    hmo.visit("anna", 1, key="soon")
    hmo.visit("anna", 9, key="later")
    hmo.load(store)
    in_charge(store, clock)
    settle(store, clock)
    clock.move(timedelta(days=2))
    store.write_now(counters.apply_status_change, key_of(store, "soon"), Status.NOSHOW, clock.now())
    settle(store, clock)
    assert chances(store) == {"soon": 500, "later": 999}


def in_charge(store: Store, clock: HandClock) -> None:
    """Put a model in charge."""

    def work(session: Session) -> None:
        models.add(
            session, name="first", kind="boosted", sha256="0" * 64, report={}, now=clock.now()
        )
        models.activate(session, "first", clock.now())

    store.write_now(work)


def settle(store: Store, clock: HandClock) -> None:
    """Score and single out until nobody waits, a few at a time."""
    found = store.read_now(models.version_in_charge)
    scorer = SharesMissed(found.id) if found else None
    while store.write_now(rescoring.score, scorer, CALENDAR, clock.now(), 2):
        pass
    while store.write_now(rescoring.pick, 3):
        pass
    assert store.read_now(rescoring.number_waiting) == 0
    assert store.read_now(counters.verify) == []


def listed(store: Store, clock: HandClock) -> list[risk.RiskRow]:
    return store.read_now(risk.risk_rows, everything(clock), 0, 100)


def everything(clock: HandClock) -> Any:
    member = Member(1, 1, 1, "Noa", Role.MANAGER, frozenset())
    return select(Criteria(30), member, HOUSE, clock.now())


def chances(store: Store) -> dict[str, int]:
    """What has a chance, by the feed's own id."""

    def work(session: Session) -> dict[str, int]:
        rows = session.execute(
            select_rows(col(Appointment.external_id), col(Appointment.chance)).where(
                col(Appointment.chance) > 0
            )
        )
        return {row[0]: row[1] for row in rows}

    return store.read_now(work)


def key_of(store: Store, external_id: str) -> int:
    def work(session: Session) -> int | None:
        return session.scalar(
            select_rows(col(Appointment.id)).where(col(Appointment.external_id) == external_id)
        )

    found = store.read_now(work)
    assert found
    return found
