"""Expected no-shows: the sum of the chances of coming appointments."""

from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Select, bindparam, func, literal_column, select
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS
from domain.criteria import Selection
from domain.days import Calendar, Span
from storage.columns import Moment
from storage.density import Outcomes, outcomes_version
from storage.efficiency import figures_version
from storage.risk import departments, is_undecided
from storage.selecting import IS_BOOKED, Shape, coming, counted_at_risk, shape_of, values_of
from storage.store import ask
from storage.tables import Appointment, BatchItem

_THOUSAND: Final = 1000
_CHANCES: Final = func.sum(col(Appointment.chance))
_IS_ACTIONED: Final = col(Appointment.action_state) == literal_column("'authorized'")
"""Spelled out for the partial index, as `IS_BOOKED` is."""


def expected(session: Session, selection: Selection) -> tuple[float, float] | None:
    """The no-shows to expect on the risk list: of all that it holds, and of what is undecided.

    Returns:
        Both numbers, or `None` while nothing on the list has a chance.
    """
    listed, undecided = ask(session, _listed(shape_of(selection)), values_of(selection)).one()
    if not listed:
        return None
    return int(listed) / _THOUSAND, int(undecided or 0) / _THOUSAND


def expected_of_actioned(session: Session, selection: Selection) -> float | None:
    """The no-shows to expect among the actioned slots to come: the most that can be won back.

    Returns:
        `None` while none of them has a chance.
    """
    found = ask(session, _actioned(shape_of(selection)), values_of(selection)).scalar()
    return int(found) / _THOUSAND if found else None


def expected_in_batch(session: Session, batch_id: int) -> float | None:
    """The no-shows to expect among a batch's items; `None` while none of them has a chance."""
    found = session.scalar(
        select(_CHANCES)
        .join(BatchItem, col(BatchItem.appointment_id) == col(Appointment.id))
        .where(col(BatchItem.batch_id) == batch_id)
    )
    return int(found) / _THOUSAND if found else None


def expected_by_cell(session: Session, span: Span, calendar: Calendar) -> Outcomes:
    """The outcomes to expect of some days, as `storage.density.outcomes` has the known ones.

    `attended` and `no_shows` are not whole here, but their sum is: the appointments that are
    booked and have a chance.
    """
    names = departments(session)
    days = {"begin": calendar.start_of(span.first), "end": calendar.end_of(span)}
    rows = ask(session, _BY_CELL, days).all()
    misses = np.array([row[3] for row in rows], dtype=np.float64) / _THOUSAND
    table = pd.DataFrame(
        {
            "department": [names[row[0]] for row in rows],
            "age_group": [AGE_GROUPS[row[1]] for row in rows],
            "attended": np.array([row[2] for row in rows], dtype=np.float64) - misses,
            "no_shows": misses,
        }
    )
    # Both only grow, and so their sum grows whenever one does.
    return Outcomes(table, figures_version(session, None) + outcomes_version(session))


_BY_CELL: Final = (
    select(col(Appointment.department_id), col(Appointment.age_group), func.count(), _CHANCES)
    .where(
        IS_BOOKED,
        col(Appointment.chance) > 0,
        col(Appointment.start) >= bindparam("begin", type_=Moment),
        col(Appointment.start) < bindparam("end", type_=Moment),
    )
    .group_by(col(Appointment.department_id), col(Appointment.age_group))
)


@cache
def _actioned(shape: Shape) -> Select[Any]:
    return select(_CHANCES).where(IS_BOOKED, _IS_ACTIONED, *coming(shape))


@cache
def _listed(shape: Shape) -> Select[Any, Any]:
    undecided = _CHANCES.filter(is_undecided())
    listed = counted_at_risk(shape, _CHANCES.label("all"), undecided.label("undecided"))
    return select(func.sum(listed.c.all), func.sum(listed.c.undecided))
