"""Policies: how each department treats the patient of an authorised slot before it is released."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

DEADLINES: Final = (12, 24, 48, 72, 96)
"""Hours before the start that a manager can choose between."""

REMINDER_DAYS: Final = (14, 4, 1)
"""Days before a visit on which its patient is reminded. Fourteen and four did best in a pilot of
the NHS; the day before is where messages moved most in an Israeli HMO (PMC7310733)."""

ANSWER_WITHIN: Final = timedelta(hours=4)
"""A patient has at least this long to answer, however late a transfer is authorised."""

ARRIVES_WITHIN: Final = timedelta(minutes=30)
"""What a question may take until a provider has it; only then does `ANSWER_WITHIN` begin."""

AGAIN_AFTER: Final = timedelta(days=1)
"""A question is a day old before it is put once more."""

OFFER_UNTIL: Final = timedelta(hours=2)
"""A slot is offered no later than this long before it starts, and nobody is asked later whether
they keep it: what is left then is the call list."""


class Silence(StrEnum):
    """What becomes of a slot whose patient has not answered by the deadline."""

    CALL = "call"
    RELEASE = "release"


@dataclass(frozen=True)
class Policy:
    """What a department has settled on.

    Attributes:
        deadline_hours: Hours before the start by which the patient is to answer.
        silence: What happens if they do not.
        reminders: Whether patients with consent are reminded `REMINDER_DAYS` ahead.
        automatic: Whether released slots are offered by themselves; otherwise a manager sends
            the offers with `/balance`.
    """

    deadline_hours: int = 48
    silence: Silence = Silence.CALL
    reminders: bool = False
    automatic: bool = False


USUAL: Final = Policy()
"""Where nothing was settled: nobody loses a slot by silence, and nothing is sent by itself."""


def deadline_of(policy: Policy, start: datetime, now: datetime) -> datetime | None:
    """By when a patient who is asked now is to answer, or `None`: it is too late to ask.

    Args:
        policy: The department's.
        start: When the visit starts (aware).
        now: When the patient is asked, quiet hours considered (aware).
    """
    usual = start - timedelta(hours=policy.deadline_hours)
    deadline = max(usual, now + ARRIVES_WITHIN + ANSWER_WITHIN)
    return deadline if deadline <= start - OFFER_UNTIL else None


def ask_again_at(start: datetime, asked: datetime, deadline: datetime) -> datetime | None:
    """When a patient who was asked and stays silent is asked once more, or `None`: never.

    The last of the `REMINDER_DAYS` moments before the deadline, if the first question is a day
    old by then and the patient still has `ANSWER_WITHIN` to answer.

    Args:
        start: When the visit starts (aware).
        asked: When they were asked first (aware).
        deadline: By when they are to answer (aware).
    """
    moments = (start - timedelta(days=days) for days in REMINDER_DAYS)
    fitting = [
        moment for moment in moments if asked + AGAIN_AFTER <= moment <= deadline - ANSWER_WITHIN
    ]
    return max(fitting, default=None)
