"""Where no-shows concentrate, read from the daily rollup."""

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS
from domain.days import Span
from storage.risk import departments
from storage.tables import DailyCount, Department


@dataclass(frozen=True)
class Outcomes:
    """Known outcomes of some days.

    Attributes:
        table: Columns `department` (str), `age_group` (str), `attended`, `no_shows` (int); a row
            for each department and age group with any.
        version: Grows whenever an outcome may have changed; part of a picture's key.
    """

    table: pd.DataFrame
    version: int


def outcomes(session: Session, span: Span) -> Outcomes:
    """The known outcomes of all departments within whole local days."""
    names = departments(session)
    department_id, age_group = col(DailyCount.department_id), col(DailyCount.age_group)
    attended, no_shows = func.sum(col(DailyCount.attended)), func.sum(col(DailyCount.no_shows))
    rows = session.execute(
        select(department_id, age_group, attended, no_shows)
        .where(
            # Named one by one, so that the index has them in groups and nothing is sorted.
            department_id.in_(names),
            age_group.in_(range(len(AGE_GROUPS))),
            col(DailyCount.day).between(span.first, span.last),
        )
        .group_by(department_id, age_group)
        .having(attended + no_shows > 0)
    ).all()
    table = pd.DataFrame(
        [
            (names[key], AGE_GROUPS[group], int(came), int(missed))
            for key, group, came, missed in rows
        ],
        columns=["department", "age_group", "attended", "no_shows"],
    )
    return Outcomes(table.astype({"attended": int, "no_shows": int}), outcomes_version(session))


def outcomes_version(session: Session) -> int:
    """Grows whenever a known outcome of any department may have changed."""
    return int(
        session.execute(select(func.coalesce(func.sum(col(Department.outcomes)), 0))).scalar_one()
    )
