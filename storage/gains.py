"""The realised gain, read from the backfills of some days and the visits they led to."""

from collections import Counter
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, Select, bindparam, case, func, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain import gains
from domain.backfills import Stage
from domain.criteria import Selection
from domain.gains import Filled, Realised
from domain.statuses import Status
from storage.columns import Word
from storage.selecting import Shape, limits, shape_of, values_of
from storage.store import ask
from storage.tables import Appointment, BackfillRow


def realised(session: Session, selection: Selection) -> Realised:
    """What became of the slots on the selection's days that were filled or kept.

    Which department and age group a filled slot counts for is decided by the replacement, since
    that is the visit that stands in the schedule.
    """
    shape, values = shape_of(selection), values_of(selection)
    filled = [Filled(*row) for row in ask(session, _filled(shape), values)]
    kept: Counter[Status] = Counter()
    for status, number in ask(session, _kept(shape), values):
        kept[status] = number
    return gains.realised(filled, kept.elements())


def _status_there(visit: type[Appointment]) -> ColumnElement[Status]:
    """The status of a visit in the slot: one that the HMO has moved since is cancelled there."""
    moved = col(visit.start) != col(BackfillRow.start)
    return case((moved, literal(Status.CANCELLED, Word(Status))), else_=col(visit.status))


_DAYS: Final = col(BackfillRow.day).between(bindparam("first"), bindparam("last"))


@cache
def _filled(shape: Shape) -> Select[Status, Status, int]:
    first, replacement = aliased(Appointment), aliased(Appointment)
    return (
        select(
            _status_there(first),
            _status_there(replacement),
            func.coalesce(col(replacement.duration), col(first.duration)),
        )
        .select_from(BackfillRow)
        .join(first, col(first.id) == col(BackfillRow.appointment_id))
        .join(replacement, col(replacement.id) == col(BackfillRow.replacement_id))
        .where(col(BackfillRow.stage) == Stage.FILLED, _DAYS, *limits(shape, replacement))
    )


@cache
def _kept(shape: Shape) -> Select[Status, int]:
    return (
        select(col(Appointment.status), func.count())
        .select_from(BackfillRow)
        .join(Appointment, col(Appointment.id) == col(BackfillRow.appointment_id))
        .where(col(BackfillRow.stage) == Stage.KEPT, _DAYS, *limits(shape, Appointment))
        .group_by(col(Appointment.status))
    )
