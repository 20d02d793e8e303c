"""What has happened of late, in a few numbers: decisions, imports, deliveries, people."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from domain.people import Role
from domain.transfers import Act, State
from storage.tables import Action, Appointment, AuditEntry, MemberRow, Push

_BATCHES: Final = {"authorize batch": Act.AUTHORIZE, "undo batch": Act.UNDO}
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


def decisions(session: Session, departments: frozenset[int], since: datetime) -> dict[Act, int]:
    """How often each act was done since a moment, in some departments (none: all)."""
    wanted = (
        select(col(AuditEntry.event), func.count())
        .where(col(AuditEntry.at) > since, col(AuditEntry.event).in_([act.value for act in Act]))
        .group_by(col(AuditEntry.event))
    )
    if departments:
        wanted = wanted.join(
            Appointment, col(Appointment.id) == col(AuditEntry.appointment_id)
        ).where(col(Appointment.department_id).in_(departments))
    found = Counter({Act(event): number for event, number in session.execute(wanted)})
    found.update(_in_batches(session, departments, since))
    return found


def _in_batches(session: Session, departments: frozenset[int], since: datetime) -> dict[Act, int]:
    """What batches did, which leave one audit row for all their appointments."""
    rows = session.execute(
        select(col(AuditEntry.event), col(AuditEntry.detail)).where(
            col(AuditEntry.at) > since, col(AuditEntry.event).in_(_BATCHES)
        )
    ).all()
    found: Counter[Act] = Counter()
    for event, detail in rows:
        told = json.loads(detail)
        act = _BATCHES[event]
        found[act] += (
            _within(session, departments, told["batch"], act) if departments else told["done"]
        )
    return found


def _within(session: Session, departments: frozenset[int], batch_id: int, act: Act) -> int:
    """How much of a batch lies in some departments."""
    state = State.AUTHORIZED if act is Act.AUTHORIZE else State.REVOKED
    counted = (
        select(func.count())
        .select_from(Action)
        .join(Appointment, col(Appointment.id) == col(Action.appointment_id))
        .where(
            col(Action.batch_id) == batch_id,
            col(Action.state) == state,
            col(Appointment.department_id).in_(departments),
        )
    )
    return session.scalar(counted) or 0


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
    rows = session.execute(
        select(col(Push.state), func.count())
        .where(
            or_(col(Push.state).in_(["waiting", "sending"]), col(Push.created_at) > now - _DAY),
            col(Push.created_at) <= now - _MINUTE,
        )
        .group_by(col(Push.state))
    )
    return {str(state): int(number) for state, number in rows}


def people(session: Session) -> People:
    """Who there is."""
    rows = session.execute(
        select(
            col(MemberRow.role), col(MemberRow.suspended), col(MemberRow.reachable), func.count()
        ).group_by(col(MemberRow.role), col(MemberRow.suspended), col(MemberRow.reachable))
    ).all()
    roles: Counter[Role] = Counter()
    for role, _, _, number in rows:
        roles[role] += number
    return People(
        dict(roles),
        suspended=sum(number for _, suspended, _, number in rows if suspended),
        unreachable=sum(number for _, _, reachable, number in rows if not reachable),
    )
