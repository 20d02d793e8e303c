"""What has happened of late, in a few numbers: decisions, imports, deliveries, people."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlmodel import Session, col

from domain.people import Role
from domain.transfers import Act
from storage.deliveries import fates
from storage.outbox import IS_OPEN
from storage.people import headcount
from storage.tables import AuditEntry, Push

_BATCHES: Final[dict[str, str]] = {
    "authorize batch": Act.AUTHORIZE.value,
    "undo batch": Act.UNDO.value,
}
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_IMPORTS_WITHIN: Final = timedelta(days=30)


@dataclass(frozen=True)
class Import:
    """An import that came in at `at` (UTC): how many appointments it added and changed."""

    at: datetime
    inserted: int
    updated: int


@dataclass(frozen=True)
class People:
    """Members by role, and how many of all are suspended or not reachable."""

    roles: dict[Role, int]
    suspended: int
    unreachable: int


def decisions(session: Session, departments: frozenset[int], since: datetime) -> dict[str, int]:
    """How often each event was recorded since a moment, in some departments (none: all).

    A batch counts as many authorisations (or undos) as it made in those departments.
    """
    conditions: list[ColumnElement[bool]] = [col(AuditEntry.at) > since]
    if departments:
        conditions.append(col(AuditEntry.department_id).in_(departments))
    counted = session.execute(
        select(col(AuditEntry.event), func.count()).where(*conditions).group_by(AuditEntry.event)
    )
    found = Counter({str(event): int(number) for event, number in counted})
    rows = session.execute(
        select(col(AuditEntry.event), col(AuditEntry.detail)).where(
            *conditions, col(AuditEntry.event).in_(_BATCHES)
        )
    )
    for event, detail in rows:
        found[_BATCHES[event]] += json.loads(detail)["done"]
    return found


def last_import(session: Session, now: datetime) -> Import | None:
    """The last import of the last 30 days."""
    row = session.execute(
        select(col(AuditEntry.at), col(AuditEntry.detail))
        .where(col(AuditEntry.event) == "import", col(AuditEntry.at) > now - _IMPORTS_WITHIN)
        .order_by(col(AuditEntry.at).desc(), col(AuditEntry.id).desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    told = json.loads(row[1])
    return Import(row[0], told["inserted"], told["updated"])


def deliveries(session: Session, now: datetime) -> dict[str, int]:
    """How many pushes of the last day, and older ones that still wait, stand in each state.

    Those of the last minute are left out: they may well be on their way.
    """
    lately = or_(IS_OPEN, col(Push.created_at) > now - _DAY)
    found = fates(session, lately, col(Push.created_at) <= now - _MINUTE)
    counted = Counter({word: fate.number for word, fate in found.items()})
    counted["waiting"] += counted.pop("unknown", 0)
    return dict(+counted)


def people(session: Session) -> People:
    """Who there is."""
    counted = headcount(session)
    roles: Counter[Role] = Counter()
    for some in counted:
        roles[some.role] += some.number
    return People(
        dict(roles),
        suspended=sum(some.number for some in counted if some.suspended),
        unreachable=sum(some.number for some in counted if not some.reachable),
    )
