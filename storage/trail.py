"""Reading the audit trail: all of it, or the page that somebody asks for.

A page costs what is shown, however long the trail has grown: each way to find its rows goes by an
index, newest first, no further than the page.
"""

import json
from collections.abc import Collection, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Label,
    Row,
    Select,
    Subquery,
    exists,
    func,
    or_,
    select,
    union,
)
from sqlmodel import Session, col

from domain.chain import BEFORE_THE_FIRST, Entry
from domain.people import Member, Role
from storage import audit
from storage.batches import AUTHORIZED, UNDONE
from storage.tables import (
    Action,
    Appointment,
    AuditEntry,
    Department,
    MemberDepartment,
    MemberRow,
    Patient,
)

_CHAINED: Final = ("id", *Entry._fields, "hash")
TRAIL_COLUMNS: Final = (*_CHAINED, "by", "department", "reference")
"""What the chain is made of, as it is kept, and the names a person reads."""

COUNTED_AT_MOST: Final = 10_000
_ROWS_AT_ONCE: Final = 2_000
_MANY_APPOINTMENTS: Final = (AUTHORIZED, UNDONE)

_KEPT: Final = AuditEntry.metadata.tables["audit_entry"].columns

_Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True)
class Sought:
    """What the trail is searched for; `None` limits nothing.

    Attributes:
        since: The first moment (aware).
        before: The first moment after (aware).
        member_id: Who did it.
        reference: The patient's.
    """

    since: datetime | None = None
    before: datetime | None = None
    member_id: int | None = None
    reference: str | None = None


@dataclass(frozen=True)
class TrailRow:
    """A row as it can be told: `at` is UTC, `whom` the member it happened to."""

    at: datetime
    event: str
    who: str | None
    whom: str | None
    department: str | None
    reference: str | None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrailPage:
    """A page, newest first.

    Attributes:
        total: How many rows there are in all, counted up to `COUNTED_AT_MOST`.
    """

    rows: list[TrailRow]
    total: int


def whole_trail(session: Session) -> Iterator[Row[*tuple[Any, ...]]]:
    """All rows, oldest first, in `TRAIL_COLUMNS`; fetched in portions."""
    names = (col(MemberRow.name), col(Department.name), col(Patient.reference))
    columns = [*(_KEPT[name] for name in _CHAINED), *names]
    labelled: list[Label[Any]] = [
        column.label(name) for column, name in zip(columns, TRAIL_COLUMNS, strict=True)
    ]
    wanted = _with_names(select(*labelled))
    ordered = wanted.order_by(col(AuditEntry.id)).execution_options(yield_per=_ROWS_AT_ONCE)
    with session.execute(ordered) as rows:
        yield from rows


def trail_page(
    session: Session, member: Member, sought: Sought, offset: int, limit: int
) -> TrailPage:
    """What `member` may see of what is sought: admins all, managers what is theirs.

    That is what happened in their departments, and what they did themselves.
    """
    ways = _ways(session, member, sought)
    # A day by time, or PostgreSQL may look for it by walking back from the end of all.
    newest = [_KEPT.at, _KEPT.id] if sought.since or sought.before else [_KEPT.id]
    found = _found(ways, newest, offset + limit)
    place = [found.c[key.key].desc() for key in newest]
    page = select(found.c.id).order_by(*place).offset(offset).limit(limit).subquery()
    rows = session.execute(
        _with_names(
            select(
                col(AuditEntry.at),
                col(AuditEntry.event),
                col(MemberRow.name),
                col(Department.name),
                col(Patient.reference),
                col(AuditEntry.detail),
            )
        )
        .join(page, page.c.id == col(AuditEntry.id))
        .order_by(*(key.desc() for key in newest))
    ).all()
    return TrailPage(_told(session, rows), _total(session, ways))


def people_in_trail(session: Session, member: Member) -> dict[int, str]:
    """Whose doings `member` may look for: names by id, in the order of the names.

    Who is limited to departments finds themselves, who shares one of those, and who did
    something there. All others find everybody who is or was a member.
    """
    wanted = select(col(MemberRow.id), col(MemberRow.name))
    if member.departments:
        wanted = wanted.where(_is_near(member))
    by_name = (func.lower(col(MemberRow.name)), col(MemberRow.id))
    return dict(session.execute(wanted.order_by(*by_name)).all())


def _is_near(member: Member) -> ColumnElement[bool]:
    shares = exists().where(
        col(MemberDepartment.member_id) == col(MemberRow.id),
        col(MemberDepartment.department_id).in_(member.departments),
    )
    did_something = exists().where(
        col(AuditEntry.member_id) == col(MemberRow.id),
        col(AuditEntry.department_id).in_(member.departments),
    )
    return or_(col(MemberRow.id) == member.id, shares, did_something)


def _ways(session: Session, member: Member, sought: Sought) -> list[_Conditions]:
    """Conditions of which a row must fulfil one set; each set has one index to go by."""
    conditions: _Conditions = []
    if sought.reference:
        conditions.append(_KEPT.id.in_(_about_patient(session, sought.reference)))
    if sought.since:
        conditions.append(_KEPT.at >= sought.since)
    if sought.before:
        conditions.append(_KEPT.at < sought.before)
    if sought.member_id is not None:
        person = _unindexed(_KEPT.member_id) if conditions else _KEPT.member_id
        conditions.append(person == sought.member_id)
    if member.role is Role.ADMIN:
        return [conditions]
    if conditions:
        person, place = _unindexed(_KEPT.member_id), _unindexed(_KEPT.department_id)
        theirs = place.in_(member.departments) if member.departments else place > 0
        return [[*conditions, theirs | (person == member.id)]]
    place = _KEPT.department_id
    theirs = place.in_(member.departments) if member.departments else place.is_not(None)
    return [[theirs], [_KEPT.member_id == member.id]]


def _unindexed(key: Column[int]) -> ColumnElement[int]:
    """A key of a row whose index is not to be used: without statistics SQLite takes the wrong one.

    A day or a person has few rows; a department's may be a large part of all.
    """
    return func.coalesce(key, 0)


def _found(ways: Sequence[_Conditions], newest: Sequence[Column[Any]], most: int) -> Subquery:
    """The newest `most` rows of each way."""
    tops = [
        select(*newest).where(*way).order_by(*(key.desc() for key in newest)).limit(most)
        for way in ways
    ]
    if len(tops) == 1:
        return tops[0].subquery()
    return union(*(select(top.subquery()) for top in tops)).subquery()


def _total(session: Session, ways: Sequence[_Conditions]) -> int:
    if not any(ways):
        return (audit.head(session) or BEFORE_THE_FIRST).id  # rows are numbered without gaps
    rows = [select(col(AuditEntry.id)).where(*way).limit(COUNTED_AT_MOST) for way in ways]
    found = union(*(select(some.subquery()) for some in rows)).subquery()
    counted = session.scalar(select(func.count()).select_from(found)) or 0
    return min(counted, COUNTED_AT_MOST)


def _about_patient(session: Session, reference: str) -> list[int]:
    """The ids of the rows about a patient's appointments, those of batches included."""
    appointments = set(
        session.scalars(
            select(col(Appointment.id))
            .join(Patient, col(Patient.id) == col(Appointment.patient_id))
            .where(col(Patient.reference) == reference)
        )
    )
    single = select(col(AuditEntry.id)).where(col(AuditEntry.appointment_id).in_(appointments))
    return [*session.scalars(single), *_batches_about(session, appointments)]


def _batches_about(session: Session, appointments: Set[int | None]) -> Iterator[int]:
    """Rows of batches, found by when a batch decided something about these appointments."""
    decided = session.execute(
        select(col(Action.decided_at), col(Action.revoked_at)).where(
            col(Action.appointment_id).in_(appointments), col(Action.batch_id).is_not(None)
        )
    )
    moments = {moment for row in decided for moment in row if moment}
    rows = session.execute(
        select(col(AuditEntry.id), col(AuditEntry.detail)).where(
            col(AuditEntry.at).in_(moments), col(AuditEntry.event).in_(_MANY_APPOINTMENTS)
        )
    )
    for key, detail in rows:
        if not appointments.isdisjoint(_read(detail).get("appointments", ())):
            yield key


def _told(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[TrailRow]:
    details = [_read(row[-1]) for row in rows]
    concerned = [detail.get("person_id", detail.get("to")) for detail in details]
    names = _names(session, {key for key in concerned if isinstance(key, int)})
    return [
        TrailRow(at, event, who, names.get(key), department, reference, detail)
        for (at, event, who, department, reference, _), key, detail in zip(
            rows, concerned, details, strict=True
        )
    ]


def _names(session: Session, keys: Collection[int]) -> dict[Any, str]:
    if not keys:
        return {}
    wanted = select(col(MemberRow.id), col(MemberRow.name)).where(col(MemberRow.id).in_(keys))
    return dict(session.execute(wanted).all())


def _read(detail: str) -> dict[str, Any]:
    try:
        found = json.loads(detail)
    except ValueError:  # not ours: `verify` tells of it
        return {}
    return found if isinstance(found, dict) else {}


def _with_names(wanted: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join to a row who did it, the department and the patient, where there are any."""
    return (
        wanted.select_from(AuditEntry)
        .join(MemberRow, col(MemberRow.id) == col(AuditEntry.member_id), isouter=True)
        .join(Department, col(Department.id) == col(AuditEntry.department_id), isouter=True)
        .join(Appointment, col(Appointment.id) == col(AuditEntry.appointment_id), isouter=True)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id), isouter=True)
    )
