"""Capacities: how many appointments of a day each department has singled out by their chance."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from domain.days import Calendar
from domain.people import Member, Right
from storage import audit, rescoring
from storage.rescoring import USUAL_CAPACITY
from storage.tables import Department

CHANGED: Final = "change capacity"
"""The event of the audit trail."""


@dataclass(frozen=True)
class Capacity:
    """How many a department has singled out a day; `is_usual` if nobody chose that."""

    department_id: int
    department: str
    a_day: int
    is_usual: bool


def capacities(session: Session, departments: Collection[int]) -> list[Capacity]:
    """Those of some departments (none: all), by name."""
    wanted = select(col(Department.id), col(Department.name), col(Department.capacity))
    if departments:
        wanted = wanted.where(col(Department.id).in_(departments))
    return [
        Capacity(key, name, USUAL_CAPACITY if chosen is None else chosen, chosen is None)
        for key, name, chosen in session.execute(wanted.order_by(col(Department.name)))
    ]


def change(
    session: Session,
    member: Member,
    department_id: int,
    a_day: int,
    calendar: Calendar,
    now: datetime,
) -> bool:
    """Have so many of a day singled out in a department; whether that is a change.

    Raises:
        domain.people.Refused: The member may not decide there.
        sqlalchemy.exc.NoResultFound: There is no such department.
    """
    member.require(Right.DECIDE, department_id)
    row = session.get_one(Department, department_id, with_for_update=True)
    if row.capacity == a_day:
        return False
    rescoring.set_capacity(session, department_id, a_day, calendar, now)
    audit.record(
        session,
        CHANGED,
        at=now,
        member_id=member.id,
        department_id=department_id,
        capacity=a_day,
    )
    return True
