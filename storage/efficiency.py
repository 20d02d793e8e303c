"""The Efficiency Gain, read from the daily rollup."""

from functools import cache
from typing import Final

from sqlalchemy import Select, bindparam, func, select
from sqlmodel import Session, col

from domain.criteria import Selection
from domain.efficiency import Efficiency
from storage.selecting import Shape, counted, shape_of, values_of
from storage.store import ask
from storage.tables import DailyCount, Department


def efficiency(session: Session, selection: Selection) -> Efficiency:
    """Actioned and scheduled appointments on the selection's days."""
    sums = ask(session, _sums(shape_of(selection)), values_of(selection))
    actioned, scheduled = sums.one()
    return Efficiency(int(actioned), int(scheduled))


def efficiency_by_department(
    session: Session, selection: Selection
) -> list[tuple[int, str, Efficiency]]:
    """The same for each department with anything scheduled: id, name, figure; highest first."""
    by_department = _sums_by_department(shape_of(selection))
    rows = ask(session, by_department, values_of(selection))
    figures = [(key, name, Efficiency(int(done), int(all_))) for key, name, done, all_ in rows]
    return sorted(figures, key=lambda row: (-(row[2].gain or 0), row[1]))


def scheduled_by_department(session: Session, selection: Selection) -> list[tuple[int, str, int]]:
    """Departments of the selection with anything scheduled: id, name, how much; most first."""
    found = efficiency_by_department(session, selection)
    rows = [(key, name, figure.scheduled) for key, name, figure in found]
    return sorted(rows, key=lambda row: (-row[2], row[1]))


def scheduled_by_age_group(session: Session, selection: Selection) -> dict[int, int]:
    """How many scheduled appointments of the selection each age group has."""
    rows = ask(session, _scheduled_by_age_group(shape_of(selection)), values_of(selection))
    return {group: int(number) for group, number in rows}


_VERSION: Final = select(func.coalesce(func.sum(col(Department.figures)), 0))
_VERSION_OF_ONE: Final = _VERSION.where(col(Department.id) == bindparam("department_id"))


def figures_version(session: Session, department_id: int | None) -> int:
    """Grows whenever a figure of the department (or, with `None`, of any) may have changed."""
    version = _VERSION if department_id is None else _VERSION_OF_ONE
    return int(ask(session, version, {"department_id": department_id}).scalar_one())


@cache
def _sums(shape: Shape) -> Select[int, int]:
    return select(
        func.coalesce(func.sum(col(DailyCount.actioned)), 0),
        func.coalesce(func.sum(col(DailyCount.scheduled)), 0),
    ).where(*counted(shape))


@cache
def _sums_by_department(shape: Shape) -> Select[int, str, int, int]:
    scheduled = func.sum(col(DailyCount.scheduled))
    return (
        select(
            col(DailyCount.department_id),
            col(Department.name),
            func.sum(col(DailyCount.actioned)),
            scheduled,
        )
        .join(Department, col(Department.id) == col(DailyCount.department_id))
        .where(*counted(shape))
        .group_by(col(DailyCount.department_id), col(Department.name))
        .having(scheduled > 0)
    )


@cache
def _scheduled_by_age_group(shape: Shape) -> Select[int, int]:
    scheduled = func.sum(col(DailyCount.scheduled))
    return (
        select(col(DailyCount.age_group), scheduled)
        .where(*counted(shape))
        .group_by(col(DailyCount.age_group))
        .having(scheduled > 0)
    )
