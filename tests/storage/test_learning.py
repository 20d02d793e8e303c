"""What is learned from, and the groups by which fairness is audited."""

import io
from datetime import date
from pathlib import Path

import numpy as np

from domain.clock import HandClock
from domain.days import Span
from storage import learning
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.store import Store
from tests.hmo import HOUSE, Hmo

TODAY = date(2026, 11, 23)


def test_the_span_holds_the_latest_whole_days_with_outcomes(store: Store, clock: HandClock) -> None:
    assert store.read_now(learning.span_of, TODAY, 10) is None
    hmo = Hmo(clock.now())
    for days, number in ((-1, 3), (-2, 4), (-5, 5)):
        for each in range(number):
            hmo.visit(f"p{each}", days, "noshow" if each else "fulfilled")
    hmo.visit("p1", -9, "cancelled")
    hmo.visit("p1", 3)
    hmo.load(store)
    last = date(2026, 11, 22)
    for most, first in ((1, 22), (6, 22), (7, 21), (11, 21), (12, 18), (99, 18)):
        assert store.read_now(learning.span_of, TODAY, most) == Span(date(2026, 11, first), last)
    assert store.read_now(learning.span_of, date(2026, 11, 21), 99) == Span(
        date(2026, 11, 18), date(2026, 11, 18)
    )


def test_groups_are_sex_age_and_the_columns_that_were_asked_for(
    store: Store, tmp_path: Path, clock: HandClock
) -> None:
    feed = (
        "appointment_id,patient_id,department,start,status,age,sex,insurance\n"
        "A1,P1,Eyes,2026-11-02,noshow,33,F,state\n"
        "A2,P2,Eyes,2026-11-03,fulfilled,,,\n"
        "A3,P3,Eyes,2026-11-04,cancelled,50,M,state\n"
        "A4,P3,Eyes,2026-12-04,booked,50,M,state\n"
    )
    import_file(
        store,
        io.BytesIO(feed.encode()),
        name="x.csv",
        mapping=Mapping(),
        calendar=HOUSE.calendar,
        now=clock.now(),
        chance=np.random.default_rng(7),
        rejects=tmp_path / "rejects.csv",
    )
    span = Span(date(2026, 11, 1), date(2026, 11, 30))
    found = store.read_now(learning.groups, span, ("insurance", "shoes"))
    assert list(found) == ["sex", "age", "insurance", "shoes"]
    assert [tuple(row) for row in found.sort_index().to_numpy()] == [
        ("F", "30–39", "state", "unknown"),
        ("unknown", "unknown", "unknown", "unknown"),
    ]
