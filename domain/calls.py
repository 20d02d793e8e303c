"""Calls to patients: how one may end."""

from enum import StrEnum


class CallOutcome(StrEnum):
    """The four outcomes of a call."""

    CONFIRMED = "confirmed"
    CANCELS = "cancels"
    NO_ANSWER = "no-answer"
    WRONG_NUMBER = "wrong-number"
