"""The real appointments of Vitória, imported by the preset and asked as of 29 May 2016, 20:00 UTC.

What the product lists is compared, row by row, with a count by pandas that shares no code with it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlmodel import Session, select

from domain.criteria import Selection
from domain.days import Span
from domain.efficiency import Efficiency
from domain.people import Role
from domain.transfers import Kind
from storage import actions, counters, risk
from storage.efficiency import efficiency
from storage.store import Store
from storage.tables import Appointment
from tests.hmo import join
from tests.vitoria import FILE, needs_the_file, take_in

NOW = datetime(2016, 5, 29, 20, tzinfo=UTC)

pytestmark = needs_the_file


@pytest.fixture(scope="module")
def counted() -> pd.DataFrame:
    """Every usable row of the file, with its patient's no-shows before it."""
    raw = pd.read_csv(FILE, dtype=str)
    rows = pd.DataFrame(
        {
            "id": raw["AppointmentID"],
            "patient": raw["PatientId"],
            "department": raw["Neighbourhood"],
            "start": pd.to_datetime(raw["AppointmentDay"], utc=True),
            "booked": pd.to_datetime(raw["ScheduledDay"], utc=True),
            "missed": raw["No-show"] == "Yes",
        }
    )
    rows = rows[rows.booked.dt.normalize() <= rows.start.dt.normalize()]
    rows = rows[rows.booked <= NOW]
    rows["missed"] &= rows.start <= NOW
    by_day = rows.groupby(["patient", "start"])["missed"].sum().groupby(level=0).cumsum()
    upto = by_day.rename("upto").reset_index()
    upto["earlier"] = upto.groupby("patient")["upto"].shift(fill_value=0)
    merged: pd.DataFrame = rows.merge(upto, on=["patient", "start"])
    return merged


EVERYTHING_AHEAD = Selection(
    departments=frozenset(),
    age_group=None,
    span=Span(NOW.date(), NOW.date() + timedelta(days=29)),
    after=NOW,
    before=NOW + timedelta(days=30),
    threshold=2,
)


def test_the_risk_list_and_the_efficiency_gain_agree_with_pandas(
    store: Store, tmp_path: Path, counted: pd.DataFrame
) -> None:
    report = take_in(store, tmp_path / "rejects.csv", NOW)
    coming = counted[counted.start > NOW]
    assert (report.rows, report.inserted) == (88_540, len(counted))
    assert report.reasons == (("booked_at is on a later day than start", 5),)
    assert report.outcome_withheld == len(coming)

    def listed(session: Session) -> list[tuple[str, str, datetime, int]]:
        page = risk.risk_page(session, EVERYTHING_AHEAD, 0, 10_000)
        keys = dict(session.exec(select(Appointment.id, Appointment.external_id)).all())
        assert page.total == len(page.rows)
        return [
            (keys[row.appointment_id], row.department, row.start, row.prior_no_shows)
            for row in page.rows
        ]

    expected = coming[coming.earlier >= 2].reset_index(names="line")
    expected = expected.sort_values(["earlier", "start", "line"], ascending=[False, True, True])
    assert store.read_now(listed) == [
        (row["id"], row["department"], row["start"].to_pydatetime(), row["earlier"])
        for row in expected.to_dict("records")
    ]
    assert store.read_now(counters.verify) == []

    manager = join(store, Role.MANAGER, 7, "Noa", NOW)
    for row in store.read_now(risk.risk_rows, EVERYTHING_AHEAD, 0, 80):
        authorize = actions.authorize_directly
        store.write_now(authorize, manager, row.appointment_id, Kind.TRANSFER, NOW, 2)
    assert store.read_now(efficiency, EVERYTHING_AHEAD) == Efficiency(80, len(coming))


def test_the_whole_file_has_the_figures_known_of_it(counted: pd.DataFrame) -> None:
    coming = counted[counted.start > NOW]
    assert len(coming) == 7_561
    assert (coming.earlier >= 2).sum() == 404
    assert coming.earlier.max() == 9


def test_a_month_later_the_same_file_brings_the_outcomes(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path / "rejects.csv", NOW)
    report = take_in(store, tmp_path / "rejects.csv", NOW + timedelta(days=30))
    assert (report.inserted, report.updated) == (5_696, 7_561)
    assert report.outcome_withheld == report.not_booked_yet == 0
    assert store.read_now(counters.verify) == []
