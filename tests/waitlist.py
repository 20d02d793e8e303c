"""A small waitlist for tests: slots and patients, of one department unless it is said."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from domain.balance.fitting import Fitting, fit
from domain.balance.plan import Candidate, FreeSlot
from tests.hmo import HOUSE

NOW: Final = datetime(2026, 11, 29, 9, tzinfo=UTC)
"""A Sunday."""


def slot(backfill: int, days: float = 7, **facts: Any) -> FreeSlot:
    """A free slot in so many days."""
    usual = {"department_id": 1, "clinician_id": None, "minutes": 30}
    return FreeSlot(backfill, start=NOW + timedelta(days=days), **(usual | facts))


def candidate(waiting: int, waited: float = 10, **facts: Any) -> Candidate:
    """A patient, by default one of their own, who has waited so many days."""
    usual = {"patient_id": waiting, "department_id": 1, "urgency": 3}
    return Candidate(waiting, since=NOW - timedelta(days=waited), **(usual | facts))


def fitted(slots: list[FreeSlot], candidates: list[Candidate]) -> Fitting:
    return fit(slots, candidates, HOUSE.calendar, NOW)
