"""Whom chances have singled out: past appointments with an outcome, by sex, age or a column."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from domain.clock import HandClock
from domain.days import Span
from domain.statuses import Status
from storage.flagged import AGE, SEX, Flagged, flagged
from storage.store import Store
from storage.tables import Appointment, Department, Patient
from tests.hmo import HOUSE


@pytest.fixture
def span(store: Store, clock: HandClock) -> Span:
    """90 days, with visits of two patients in two departments."""

    def work(session: Session) -> None:
        for key, sex in ((1, "F"), (2, None)):
            session.add(Department(id=key, name=f"D{key}"))
            session.add(Patient(id=key, external_id=str(key), reference=f"P-{key}AAAAA", sex=sex))
        session.flush()
        now = clock.now()
        visit(session, 1, now - timedelta(days=3), Status.NOSHOW, chance=400, picked=True)
        visit(session, 1, now - timedelta(days=5), Status.FULFILLED, chance=400)
        visit(session, 1, now - timedelta(days=5), Status.FULFILLED, chance=400)
        visit(
            session, 2, now - timedelta(days=90), Status.ARRIVED, chance=100, extra='{"Aid": "1"}'
        )
        # None of these counts: no chance, excused, cancelled, too long ago, today.
        visit(session, 2, now - timedelta(days=4), Status.NOSHOW)
        visit(session, 2, now - timedelta(days=4), Status.NOSHOW, chance=9, excused=True)
        visit(session, 2, now - timedelta(days=4), Status.CANCELLED, chance=9)
        visit(session, 2, now - timedelta(days=91), Status.NOSHOW, chance=9)
        visit(session, 2, now, Status.FULFILLED, chance=9)

    store.write_now(work)
    return HOUSE.calendar.back(clock.now(), 90)


def visit(session: Session, who: int, start: datetime, status: Status, /, **values: Any) -> None:
    session.add(
        Appointment(
            external_id=f"{who} {len(session.new)} {start} {status} {values}",
            patient_id=who,
            department_id=who,
            clinician_id=None,
            start=start,
            day=HOUSE.calendar.day_of(start),
            status=status,
            age_group=who,
            **values,
        )
    )


def told(found: Flagged) -> Counter[tuple[str, float, float, bool]]:
    columns = (found.groups, found.outcomes, found.chances, found.chosen)
    return Counter(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize(
    ("by", "first", "second"),
    [(SEX, "F", "unknown"), (AGE, "18–29", "30–39"), ("Aid", "unknown", "1")],
)
def test_each_past_appointment_with_a_chance_stands_in_its_group(
    store: Store, span: Span, by: str, first: str, second: str
) -> None:
    found = store.read_now(flagged, frozenset(), span, by)
    assert told(found) == {
        (first, 1.0, 0.4, True): 1,
        (first, 0.0, 0.4, False): 2,
        (second, 0.0, 0.1, False): 1,
    }


def test_it_can_be_limited_to_departments(store: Store, span: Span) -> None:
    found = store.read_now(flagged, frozenset({2}), span, SEX)
    assert told(found) == {("unknown", 0.0, 0.1, False): 1}
    assert told(store.read_now(flagged, frozenset({3}), span, SEX)) == {}
