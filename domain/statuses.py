"""Appointment statuses: the words of FHIR R4 `Appointment.status`, and what counts as what."""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """FHIR R4 `AppointmentStatus` (http://hl7.org/fhir/appointmentstatus)."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"
    CHECKED_IN = "checked-in"
    WAITLIST = "waitlist"


ATTENDED: Final = frozenset({Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED})
"""The patient came."""

OUTCOMES: Final = ATTENDED | {Status.NOSHOW}
"""What can be known only once the appointment's start has passed."""

NOT_SCHEDULED: Final = frozenset({Status.CANCELLED, Status.ENTERED_IN_ERROR})
"""Left out of "scheduled", the denominator of the Efficiency Gain."""


def status_known_at(status: Status, *, started: bool) -> Status:
    """The status that may be kept: the future has no outcome.

    Args:
        status: What the record says.
        started: Whether the appointment's start lies at or before the present.

    Returns:
        `booked` for an outcome of an appointment that has not started, else `status`.
    """
    return Status.BOOKED if status in OUTCOMES and not started else status
