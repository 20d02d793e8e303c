"""Corrections: why a recorded no-show is none, who may say so, and what follows from it.

Staff and managers excuse a recorded no-show of their departments. An excused no-show stays on
record and counts no more; anybody who could have excused it can undo that, at any time.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.people import Right
from domain.statuses import Status

NEEDS: Final = Right.CORRECT
"""What excusing and undoing take, in the department of the recorded no-show."""


class Excuse(StrEnum):
    """Why a recorded no-show does not count as one."""

    ADMINISTRATIVE = "administrative"
    LATE_CANCEL = "late-cancel"
    CAME_LATE = "came-late"
    OTHER = "other"


IN_WORDS: Final = MappingProxyType(
    {
        Excuse.ADMINISTRATIVE: "administrative error",
        Excuse.LATE_CANCEL: "late cancellation",
        Excuse.CAME_LATE: "came late",
        Excuse.OTHER: "other",
    }
)


class Barrier(StrEnum):
    """Why a correction is not possible."""

    NOT_A_NO_SHOW = "it is not recorded as a no-show"
    ALREADY = "it was excused before"
    NOT_EXCUSED = "it is not excused"


def barrier_of_excuse(status: Status, *, excused: bool) -> Barrier | None:
    """Why an appointment cannot be excused, or `None` if it can."""
    if status is not Status.NOSHOW:
        return Barrier.NOT_A_NO_SHOW
    return Barrier.ALREADY if excused else None


def standing(before: int, after: int, threshold: int) -> str:
    """What a changed number of earlier no-shows makes of a patient, e.g. `no longer high-risk`.

    Args:
        before: Earlier no-shows without the change.
        after: … and with it.
        threshold: From how many on a patient is high-risk.
    """
    return {
        (True, True): "still high-risk",
        (True, False): "no longer high-risk",
        (False, True): "high-risk again",
        (False, False): "not high-risk",
    }[before >= threshold, after >= threshold]
