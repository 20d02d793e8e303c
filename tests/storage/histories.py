"""Random small HMOs, and what pandas makes of the same rows: an independent count."""

from datetime import UTC, datetime, timedelta

import pandas as pd
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel

from domain.ages import AGE_GROUPS, age_group
from storage.store import Store
from storage.tables import AuditHead
from tests.hmo import ZONE, Hmo
from tests.storage.tampering import unguard

DEPARTMENTS = ("Cardiology", "Dermatology", "Eyes & ears")
STATUSES = ("booked", "noshow", "noshow", "fulfilled", "arrived", "cancelled", "entered-in-error")
OUTCOMES = ("noshow", "fulfilled", "arrived", "checked-in")

_visits = st.tuples(
    st.integers(0, 3),
    st.integers(-40 * 24, 12 * 24),
    st.sampled_from(STATUSES),
    st.sampled_from(DEPARTMENTS),
    st.integers(0, 95),
)


def hmos(now: datetime) -> st.SearchStrategy[Hmo]:
    """HMOs of few patients who visit, and miss, a lot."""
    return st.lists(_visits, min_size=1, max_size=60).map(lambda visits: _hmo(now, visits))


def _hmo(now: datetime, visits: list[tuple[int, int, str, str, int]]) -> Hmo:
    hmo = Hmo(now)
    for patient, hours, status, department, age in visits:
        hmo.visit(f"p{patient}", hours / 24, status, department=department, age=age)
    return hmo


def counted(hmo: Hmo) -> pd.DataFrame:
    """The rows as an HMO knows them at `hmo.now`, with each one's earlier no-shows."""
    frame = pd.DataFrame(hmo.rows)
    frame["start"] = pd.to_datetime(frame["start"], utc=True)
    frame["day"] = frame["start"].dt.tz_convert(str(ZONE)).dt.date
    frame["age_group"] = [AGE_GROUPS[age_group(int(age))] for age in frame["age"]]
    unknown_yet = (frame["start"] > hmo.now) & frame["status"].isin(OUTCOMES)
    frame.loc[unknown_yet, "status"] = "booked"
    missed = frame[frame["status"] == "noshow"]
    frame["prior"] = [
        ((missed["patient_id"] == row.patient_id) & (missed["start"] < row.start)).sum()
        for row in frame.itertuples()
    ]
    return frame


def midnight(now: datetime, days: int) -> datetime:
    """The beginning of the local day that comes so many days after today."""
    day = now.astimezone(ZONE).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def emptied(store: Store) -> Store:
    """The store with nothing in it, so that many examples can share it."""

    def work(session: Session) -> None:
        unguard(session)
        for table in reversed(SQLModel.metadata.sorted_tables):
            session.execute(table.delete())
        session.add(AuditHead(entry_id=0, hash=""))

    store.write_now(work)
    return store
