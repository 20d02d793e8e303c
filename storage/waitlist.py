"""The waitlist: how many wait where, how urgently, and who waits for longer than they should."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, literal_column, select
from sqlmodel import Session, col

from domain.waiting import TARGET_DAYS
from storage.tables import Department, Waiting


@dataclass(frozen=True)
class Queue:
    """Who waits in one department with one urgency.

    Attributes:
        waiting: How many patients.
        late: How many of them for longer than `domain.waiting.TARGET_DAYS`.
        since: Since when the first of them does.
    """

    department_id: int
    department: str
    urgency: int
    waiting: int
    late: int
    since: datetime


def queues(session: Session, departments: Collection[int], now: datetime) -> list[Queue]:
    """The queues of some departments (none: all), by department, the most urgent first.

    Args:
        session: The unit of work.
        departments: Ids.
        now: The present (aware).
    """
    since = col(Waiting.since)
    is_late: Any = case(
        *(
            (col(Waiting.urgency) == urgency, since < now - timedelta(days=days))
            for urgency, days in TARGET_DAYS.items()
        ),
        else_=False,
    )
    counts = (
        select(
            col(Waiting.department_id),
            col(Waiting.urgency),
            func.count().label("waiting"),
            func.sum(case((is_late, 1), else_=0)).label("late"),
            func.min(since).label("first"),
        )
        # Spelled out, not bound: the partial index is used only if the planner sees the word.
        .where(col(Waiting.state) == literal_column("'waiting'"))
        .group_by(col(Waiting.department_id), col(Waiting.urgency))
    )
    if departments:
        counts = counts.where(col(Waiting.department_id).in_(departments))
    found = counts.subquery()
    wanted = (
        select(
            found.c.department_id,
            col(Department.name),
            found.c.urgency,
            found.c.waiting,
            found.c.late,
            found.c.first,
        )
        .join(Department, col(Department.id) == found.c.department_id)
        .order_by(col(Department.name), found.c.urgency.desc())
    )
    return [Queue(*row) for row in session.execute(wanted)]
