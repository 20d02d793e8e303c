"""Corrections: why a recorded no-show is none."""

from enum import StrEnum


class Excuse(StrEnum):
    """Why a recorded no-show does not count as one."""

    ADMINISTRATIVE = "administrative"
    LATE_CANCEL = "late-cancel"
    CAME_LATE = "came-late"
    OTHER = "other"
