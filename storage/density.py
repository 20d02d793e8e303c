"""Where no-shows concentrate, read from the daily rollup."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from domain.ages import AGE_GROUPS
from domain.days import Span
from storage.risk import departments
from storage.store import ask
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
    days = {"first": span.first, "last": span.last}
    rows = ask(session, _OUTCOMES, days | {"departments": list(names)}).all()
    table = pd.DataFrame(
        {
            "department": [names[row[0]] for row in rows],
            "age_group": [AGE_GROUPS[row[1]] for row in rows],
            "attended": np.array([row[2] for row in rows], dtype=np.int64),
            "no_shows": np.array([row[3] for row in rows], dtype=np.int64),
        }
    )
    return Outcomes(table, outcomes_version(session))


_ATTENDED: Final = func.sum(col(DailyCount.attended))
_NO_SHOWS: Final = func.sum(col(DailyCount.no_shows))
_OUTCOMES: Final = (
    select(col(DailyCount.department_id), col(DailyCount.age_group), _ATTENDED, _NO_SHOWS)
    .where(
        # Named one by one, so that the index has them in groups and nothing is sorted.
        col(DailyCount.department_id).in_(bindparam("departments", expanding=True)),
        col(DailyCount.age_group).in_(range(len(AGE_GROUPS))),
        col(DailyCount.day).between(bindparam("first"), bindparam("last")),
    )
    .group_by(col(DailyCount.department_id), col(DailyCount.age_group))
    .having(_ATTENDED + _NO_SHOWS > 0)
)
_VERSION: Final = select(func.coalesce(func.sum(col(Department.outcomes)), 0))


def outcomes_version(session: Session) -> int:
    """Grows whenever a known outcome of any department may have changed."""
    return int(ask(session, _VERSION).scalar_one())
