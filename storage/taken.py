"""Slots that the HMO fills itself while they are offered: nobody else is to be booked there.

A slot is taken once more visits start together with it, at its clinician in its department, than
when its transfer was authorised. Without a clinician that cannot be told.
"""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from domain.statuses import Status
from storage.tables import Appointment, BackfillRow


def beside() -> ScalarSelect[Any]:
    """How many other visits are booked with an appointment's clinician then; needs Appointment.

    Those that we have booked in place of somebody are not counted.
    """
    other, by_us = aliased(Appointment), aliased(BackfillRow)
    ours = exists().where(col(by_us.replacement_id) == col(other.id))
    return (
        select(func.count())
        .select_from(other)
        .where(
            col(other.clinician_id) == col(Appointment.clinician_id),
            col(other.start) == col(Appointment.start),
            col(other.department_id) == col(Appointment.department_id),
            col(other.status) == Status.BOOKED,
            col(other.id) != col(Appointment.id),
            ~ours,
        )
        .correlate(Appointment)
        .scalar_subquery()
    )


def is_taken() -> ColumnElement[bool]:
    """The condition that the HMO has filled a slot itself; needs BackfillRow and Appointment."""
    return beside() > col(BackfillRow.beside)
