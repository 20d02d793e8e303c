"""Selections in SQL: what limits a statement by their shape, and the values to run it with.

Building a statement takes several times as long as running it. So it is built once for each shape
(what a selection limits, whatever to), and run with the selection's values.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Subquery,
    bindparam,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlmodel import col

from domain.criteria import Selection
from storage.tables import Appointment, DailyCount

_THRESHOLD: Final[BindParameter[int]] = bindparam("threshold")


class Shape(NamedTuple):
    """What a selection limits besides days."""

    departments: bool
    age_group: bool


def shape_of(selection: Selection) -> Shape:
    """The selection's shape."""
    return Shape(bool(selection.departments), selection.age_group is not None)


def values_of(selection: Selection) -> dict[str, Any]:
    """The selection's values, by the names that the conditions below give them."""
    return {
        "threshold": selection.threshold,
        "after": selection.after,
        "before": selection.before,
        "first": selection.span.first,
        "last": selection.span.last,
        "departments": sorted(selection.departments),
        "age_group": selection.age_group,
    }


IS_BOOKED: Final = col(Appointment.status) == literal_column("'booked'")
"""Spelled out, not bound: a partial index is used only if the planner sees the word."""


def is_high_risk(threshold: int | BindParameter[int]) -> ColumnElement[bool]:
    """By the rule, or among the most likely no-shows of its day (`domain.risk.is_high_risk`)."""
    return or_(col(Appointment.prior_no_shows) >= threshold, col(Appointment.picked))


def at_risk(shape: Shape) -> list[ColumnElement[bool]]:
    """The conditions of the risk list, for reading it in order."""
    return [IS_BOOKED, is_high_risk(_THRESHOLD), *coming(shape)]


def counted_at_risk(shape: Shape, *numbers: Any, by: Any = None) -> Subquery:
    """Numbers of the risk list: of those whom the rule flags, and of the others, a row each.

    An index serves each of the two, and to count in it takes half as long as to hand its rows on.

    Args:
        shape: What the selection limits.
        numbers: What is counted or added up, labelled.
        by: The column, labelled, by whose values that is done; `None` for all together.
    """
    rule = col(Appointment.prior_no_shows) >= _THRESHOLD
    halves = ([rule], [col(Appointment.picked), ~rule])
    key = [] if by is None else [by]
    return union_all(
        *(
            select(*key, *numbers).where(IS_BOOKED, *half, *coming(shape)).group_by(*key)
            for half in halves
        )
    ).subquery("listed")


def coming(shape: Shape) -> list[ColumnElement[bool]]:
    """The conditions of appointments that start within the selection."""
    start = col(Appointment.start)
    return [
        start > bindparam("after"),
        start < bindparam("before"),
        *limits(shape, Appointment),
    ]


def counted(shape: Shape) -> list[ColumnElement[bool]]:
    """The conditions of the rollup's rows on the selection's days."""
    days = col(DailyCount.day).between(bindparam("first"), bindparam("last"))
    return [days, *limits(shape, DailyCount)]


def limits(shape: Shape, table: type[Appointment] | type[DailyCount]) -> list[ColumnElement[bool]]:
    """The conditions of what has the selection's departments and age group."""
    found: list[ColumnElement[bool]] = []
    if shape.departments:
        found.append(col(table.department_id).in_(bindparam("departments", expanding=True)))
    if shape.age_group:
        found.append(col(table.age_group) == bindparam("age_group"))
    return found
