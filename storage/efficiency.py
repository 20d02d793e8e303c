"""The Efficiency Gain, read from the daily rollup."""

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from domain.criteria import Selection
from domain.efficiency import Efficiency
from storage.tables import DailyCount, Department


def efficiency(session: Session, selection: Selection) -> Efficiency:
    """Actioned and scheduled appointments on the selection's days."""
    actioned, scheduled = session.execute(
        select(
            func.coalesce(func.sum(col(DailyCount.actioned)), 0),
            func.coalesce(func.sum(col(DailyCount.scheduled)), 0),
        ).where(*_within(selection))
    ).one()
    return Efficiency(int(actioned), int(scheduled))


def efficiency_by_department(
    session: Session, selection: Selection
) -> list[tuple[int, str, Efficiency]]:
    """The same for each department with anything scheduled: id, name, figure; highest first."""
    rows = session.execute(
        select(
            col(DailyCount.department_id),
            col(Department.name),
            func.sum(col(DailyCount.actioned)),
            func.sum(col(DailyCount.scheduled)),
        )
        .join(Department, col(Department.id) == col(DailyCount.department_id))
        .where(*_within(selection))
        .group_by(col(DailyCount.department_id), col(Department.name))
        .having(func.sum(col(DailyCount.scheduled)) > 0)
    ).all()
    figures = [(key, name, Efficiency(int(done), int(all_))) for key, name, done, all_ in rows]
    return sorted(figures, key=lambda row: (-(row[2].gain or 0), row[1]))


def figures_version(session: Session, department_id: int | None) -> int:
    """Grows whenever a figure of the department (or, with `None`, of any) may have changed."""
    total = select(func.coalesce(func.sum(col(Department.figures)), 0))
    if department_id is not None:
        total = total.where(col(Department.id) == department_id)
    return int(session.execute(total).scalar_one())


def _within(selection: Selection) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        col(DailyCount.day).between(selection.span.first, selection.span.last),
    ]
    if selection.departments:
        conditions.append(col(DailyCount.department_id).in_(selection.departments))
    if selection.age_group is not None:
        conditions.append(col(DailyCount.age_group) == selection.age_group)
    return conditions
