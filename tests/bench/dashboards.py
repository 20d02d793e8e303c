"""A dashboard's way, for comparison: load the table into pandas, then answer from the frame.

It gets only the columns that it needs, names already joined.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import pandas as pd
from sqlalchemy import text

from storage.store import Store
from tests.bench.databases import SQLITE, Databases
from tests.bench.history import NOW
from tests.bench.measuring import medians
from tests.bench.questions import MONTH, PAGE, density_of_90_days, first_page
from tests.bench.results import Result, at_least, short
from tests.hmo import HOUSE

_ALL: Final = text("""
    SELECT appointment.id, patient.reference, department.name AS department,
        appointment.start, appointment.day, appointment.status, appointment.age_group
    FROM appointment
    JOIN patient ON patient.id = appointment.patient_id
    JOIN department ON department.id = appointment.department_id
""")


def against_pandas(databases: Databases, rounds: int) -> Iterator[Result]:
    """How many times faster Slotwise answers, with and without the dashboard's loading."""
    store = databases.store(SQLITE, databases.small)
    databases.say("loading all into pandas")
    frame, loading = _timed_load(store)
    _agree(store, frame)
    ours = medians(lambda: first_page(store), lambda: density_of_90_days(store), rounds=rounds)
    theirs = medians(lambda: _first_page(frame), lambda: _density(frame), rounds=5)
    where = f"pandas, {short(databases.small)}"
    for work, our, their in zip(("risk list", "density"), ours, theirs, strict=True):
        yield Result(f"{work} ÷ ours", where, (loading + their) / our, "×", at_least(100))
        yield Result(f"{work} ÷ ours, already loaded", where, their / our, "×")


def _timed_load(store: Store) -> tuple[pd.DataFrame, float]:
    loaded: list[pd.DataFrame] = []
    (taken,) = medians(lambda: loaded.append(_load(store)), rounds=1)
    return loaded[-1], taken


def _load(store: Store) -> pd.DataFrame:
    with store.engine.connect() as connection:
        return pd.read_sql(_ALL, connection, parse_dates=["day"])


def _first_page(frame: pd.DataFrame) -> pd.DataFrame:
    """The most urgent coming appointments of patients with two or more earlier no-shows."""
    now, end = int(NOW.timestamp()), int(MONTH.before.timestamp())
    missed = frame[frame["status"] == "noshow"].groupby("reference").size().rename("missed")
    coming = frame[
        (frame["status"] == "booked") & (frame["start"] > now) & (frame["start"] < end)
    ].join(missed, on="reference")
    at_risk = coming[coming["missed"] >= MONTH.threshold]
    order = at_risk.sort_values(["missed", "start", "id"], ascending=[False, True, True])
    return order.head(PAGE)


def _density(frame: pd.DataFrame) -> pd.DataFrame:
    """No-shows and visits by department and age group over 90 days."""
    span = HOUSE.calendar.back(NOW, 90)
    days = frame["day"]
    within = frame[
        (days >= pd.Timestamp(span.first))
        & (days < pd.Timestamp(span.last + timedelta(days=1)))
        & frame["status"].isin(["noshow", "fulfilled"])
    ]
    missed = within.assign(no_show=within["status"] == "noshow")
    return missed.groupby(["department", "age_group"]).agg({"no_show": ["size", "sum"]})


def _agree(store: Store, frame: pd.DataFrame) -> None:
    """Both ways must answer the same, or the comparison says nothing."""
    ours = [row.appointment_id for row in first_page(store)]
    if ours != _first_page(frame)["id"].tolist():
        raise RuntimeError("pandas finds another risk list")
