"""Risk: which appointments are high-risk and which of them are most urgent."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from domain.statuses import ATTENDED, Status

HIGH_RISK_FROM: Final = 2
"""Earlier no-shows from which a patient is high-risk (the default of `RISK_THRESHOLD`)."""

STRIP_LENGTH: Final = 20
"""Visits that a history strip shows at most, the latest ones."""

EXCUSED_MARK: Final = "○"
_MARKS: Final = {Status.NOSHOW: "✗"} | dict.fromkeys(ATTENDED, "✓")


def is_high_risk(prior_no_shows: int, *, picked: bool, threshold: int) -> bool:
    """Whether an appointment is high-risk: by the rule, or singled out by its chance.

    Args:
        prior_no_shows: The patient's earlier no-shows.
        picked: It is among the most likely no-shows of its department and day.
        threshold: From how many earlier no-shows on the rule flags a patient.
    """
    return picked or prior_no_shows >= threshold


def history_strip(visits: Iterable[tuple[Status, bool]]) -> str:
    """One mark per visit, oldest first: ✓ came, ✗ did not, ○ did not and was excused.

    Args:
        visits: The status of each, and whether it is an excused no-show. Statuses that tell no
            outcome leave no mark.
    """
    marks = [
        EXCUSED_MARK if excused and status is Status.NOSHOW else _MARKS[status]
        for status, excused in visits
        if status in _MARKS
    ]
    return "".join(marks[-STRIP_LENGTH:])


def lead_days(booked: date, day: date) -> int:
    """Lead time: whole days from the day of booking to the day of the appointment."""
    return (day - booked).days
