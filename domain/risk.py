"""Risk: which appointments are high-risk and which of them are most urgent."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from domain.statuses import ATTENDED, Status

HIGH_RISK_FROM: Final = 2
"""Earlier no-shows from which a patient is high-risk (the default of `RISK_THRESHOLD`)."""

STRIP_LENGTH: Final = 20
"""Visits that a history strip shows at most, the latest ones."""

_MARKS: Final = {Status.NOSHOW: "✗"} | dict.fromkeys(ATTENDED, "✓")


def history_strip(outcomes: Iterable[Status]) -> str:
    """One mark per visit, oldest first: ✓ came, ✗ did not. Other statuses leave no mark."""
    marks = [_MARKS[status] for status in outcomes if status in _MARKS]
    return "".join(marks[-STRIP_LENGTH:])


def lead_days(booked: date, day: date) -> int:
    """Lead time: whole days from the day of booking to the day of the appointment."""
    return (day - booked).days
