"""Call lists: the high-risk appointments of a department and day, in an order that stays.

A list is frozen when it is first opened or pushed: everybody sees the same appointments at the
same places for the rest of the day. What comes in later is added at the end, when somebody asks.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Select,
    exists,
    func,
    insert,
    literal,
    select,
    type_coerce,
)
from sqlmodel import Session, col

from domain.calls import COUNTS_FOR, REACHED
from domain.statuses import Status
from storage.actions import touch_figures
from storage.calls import CallView, calls_in_force
from storage.risk import URGENCY, departments
from storage.selecting import IS_BOOKED, is_high_risk
from storage.tables import Appointment, Call, CallList, CallListItem, Department, Patient, key_of


@dataclass(frozen=True)
class CallRow:
    """A line of a call list.

    Attributes:
        place: From 1.
        reached: The patient was spoken to.
        tried: Not reached, but called.
        last: The last call in force, whenever it was; of a patient who was reached, the last
            that did.
        chance: That it becomes a no-show, 0–1; `None` while no model has said so.
    """

    place: int
    appointment_id: int
    reference: str
    start: datetime
    prior_no_shows: int
    status: Status
    reached: bool
    tried: bool
    last: CallView | None
    chance: float | None = None


@dataclass(frozen=True)
class CallPage:
    """A page of a call list, with what stands above and below it.

    Attributes:
        total: How many appointments the list has.
        reached: Of how many of them the patient was spoken to.
        tried: How many were called, but not reached.
        made_at: As of when it is ordered.
        fresh: How many have come in since, and could be added.
        next_up: Place and appointment of who is to be called next.
    """

    id: int
    department_id: int
    department: str
    day: date
    rows: list[CallRow]
    total: int
    reached: int
    tried: int
    made_at: datetime
    fresh: int
    next_up: tuple[int, int] | None


@dataclass(frozen=True)
class Choice:
    """A department with a call list, or with appointments for one.

    Attributes:
        reached: Of how many the patient was spoken to; `None` while its list is not opened.
    """

    department_id: int
    department: str
    total: int
    reached: int | None


def freeze(session: Session, department_id: int, day: date, now: datetime, threshold: int) -> int:
    """The list of a department and day, made now if this is its first use.

    Args:
        session: Within a transaction that writes.
        department_id: The department.
        day: The local day.
        now: The present (aware): appointments that start later are taken.
        threshold: From how many earlier no-shows on a patient is high-risk.

    Returns:
        The list's key.
    """
    known = select(CallList).where(
        col(CallList.department_id) == department_id, col(CallList.day) == day
    )
    found = session.scalars(known.with_for_update()).first()
    if found is None:
        # Who is a moment later is refused by the database, tried again, and finds it.
        found = CallList(department_id=department_id, day=day, made_at=now)
        session.add(found)
        session.flush()
    if not _last_place(session, key_of(found)):  # an empty list has no order to keep
        _append(session, found, now, threshold)
    return key_of(found)


def add_new(session: Session, call_list_id: int, now: datetime, threshold: int) -> tuple[int, int]:
    """Put what has come in since at the end of a list: how many that were, after which place."""
    found = session.get_one(CallList, call_list_id, with_for_update=True)
    last = _last_place(session, call_list_id)
    _append(session, found, now, threshold)
    touch_figures(session, [found.department_id])
    return _last_place(session, call_list_id) - last, last


def department_of(session: Session, call_list_id: int) -> tuple[int, str] | None:
    """The department that a list is about: id and name; `None` for no such list."""
    row = session.execute(
        select(col(Department.id), col(Department.name))
        .join(CallList, col(CallList.department_id) == col(Department.id))
        .where(col(CallList.id) == call_list_id)
    ).first()
    return (row[0], row[1]) if row else None


def call_page(
    session: Session, call_list_id: int, now: datetime, threshold: int, place: tuple[int, int]
) -> CallPage | None:
    """A page of a list; `None` for no such list.

    Args:
        session: The unit of work.
        call_list_id: The list.
        now: The present (aware).
        threshold: From how many earlier no-shows on a patient is high-risk.
        place: How many lines to leave out, and how many to show at most.
    """
    found = session.get(CallList, call_list_id)
    department = department_of(session, call_list_id)
    if found is None or department is None:
        return None
    total, reached, tried = session.execute(
        _items(
            func.count(),
            func.count().filter(is_reached()),
            func.count().filter(~is_reached(), _last_try().is_not(None)),
        ).where(_of(call_list_id))
    ).one()
    return CallPage(
        id=call_list_id,
        department_id=department[0],
        department=department[1],
        day=found.day,
        rows=_rows(session, call_list_id, place),
        total=total,
        reached=reached,
        tried=tried,
        made_at=found.made_at,
        fresh=session.scalar(_fresh(func.count(), found, now, threshold)) or 0,
        next_up=_next_up(session, call_list_id, now),
    )


def choices(
    session: Session,
    wanted: Collection[int],
    day: date,
    now: datetime,
    threshold: int,
) -> list[Choice]:
    """The departments (of those wanted; empty means all) that have a list, or could, by name."""
    names = {key: name for key, name in departments(session).items() if not wanted or key in wanted}
    opened = session.execute(
        _items(col(CallList.department_id), func.count(), func.count().filter(is_reached()))
        .join(CallList, col(CallList.id) == col(CallListItem.call_list_id))
        .where(col(CallList.day) == day)
        .group_by(col(CallList.department_id))
    ).all()
    waiting = session.execute(
        select(col(Appointment.department_id), func.count())
        .where(*_is_due(day, now, threshold))
        .group_by(col(Appointment.department_id))
    ).all()
    found = {key: Choice(key, names[key], total, None) for key, total in waiting if key in names}
    found |= {
        key: Choice(key, names[key], total, reached)
        for key, total, reached in opened
        if key in names
    }
    return sorted(found.values(), key=lambda choice: choice.department)


_AHEAD: Final = type_coerce(col(Appointment.start), BigInteger) - type_coerce(
    col(Call.at), BigInteger
)
"""Seconds from a call to the visit that it was about."""


_COUNTS: Final = (
    col(Call.appointment_id) == col(Appointment.id),
    col(Call.undone_at).is_(None),
    int(COUNTS_FOR.total_seconds()) >= _AHEAD,
)
"""The conditions of a call that counts on the day's list."""


def is_reached() -> ColumnElement[bool]:
    """The condition that a patient was spoken to about an appointment; needs Appointment."""
    return exists().where(*_COUNTS, col(Call.outcome).in_(REACHED)).correlate(Appointment)


def _last_try() -> ScalarSelect[datetime]:
    """When a patient was last called about an appointment, reached or not; needs Appointment."""
    last = select(func.max(col(Call.at))).where(*_COUNTS)
    return last.correlate(Appointment).scalar_subquery()


def _append(session: Session, found: CallList, now: datetime, threshold: int) -> None:
    key = key_of(found)
    last = _last_place(session, key)
    if not last:
        found.made_at = now
    place = literal(last) + func.row_number().over(order_by=URGENCY)
    chosen = _fresh(literal(key), found, now, threshold).add_columns(place, col(Appointment.id))
    session.execute(
        insert(CallListItem).from_select(["call_list_id", "place", "appointment_id"], chosen)
    )


def _last_place(session: Session, call_list_id: int) -> int:
    return session.scalar(select(func.max(col(CallListItem.place))).where(_of(call_list_id))) or 0


def _is_due(day: date, now: datetime, threshold: int) -> list[ColumnElement[bool]]:
    """The conditions of an appointment that belongs on the day's list."""
    return [
        IS_BOOKED,
        is_high_risk(threshold),
        col(Appointment.start) > now,
        col(Appointment.day) == day,
    ]


def _fresh(what: Any, found: CallList, now: datetime, threshold: int) -> Select[Any]:
    """Of what belongs on a list, that which is not on it."""
    listed = select(col(CallListItem.appointment_id)).where(_of(key_of(found)))
    return select(what).where(
        *_is_due(found.day, now, threshold),
        col(Appointment.department_id) == found.department_id,
        col(Appointment.id).not_in(listed),
    )


def _of(call_list_id: int) -> ColumnElement[bool]:
    return col(CallListItem.call_list_id) == call_list_id


def _items(*what: Any) -> Select[*tuple[Any, ...]]:
    """Of items of lists and their appointments."""
    return (
        select(*what)
        .select_from(CallListItem)
        .join(Appointment, col(Appointment.id) == col(CallListItem.appointment_id))
    )


def _rows(session: Session, call_list_id: int, place: tuple[int, int]) -> list[CallRow]:
    offset, limit = place
    rows = session.execute(
        _items(
            col(CallListItem.place),
            col(Appointment.id),
            col(Patient.reference),
            col(Appointment.start),
            col(Appointment.prior_no_shows),
            col(Appointment.status),
            is_reached(),
            _last_try(),
            col(Appointment.chance),
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .where(_of(call_list_id))
        .order_by(col(CallListItem.place))
        .offset(offset)
        .limit(limit)
    ).all()
    made = calls_in_force(session, [row[1] for row in rows])
    return [
        CallRow(
            at,
            key,
            reference,
            start,
            missed,
            status,
            reached=reached,
            tried=not reached and last_try is not None,
            last=_shown(made.get(key, []), reached=reached),
            chance=thousandths / 1000 if thousandths else None,
        )
        for at, key, reference, start, missed, status, reached, last_try, thousandths in rows
    ]


def _shown(made: list[CallView], *, reached: bool) -> CallView | None:
    """The call that a row tells of, out of all in force, oldest first."""
    told = [call for call in made if call.outcome in REACHED or not reached]
    return told[-1] if told else None


def _next_up(session: Session, call_list_id: int, now: datetime) -> tuple[int, int] | None:
    row = session.execute(
        _items(col(CallListItem.place), col(Appointment.id))
        .where(
            _of(call_list_id),
            col(Appointment.status) == Status.BOOKED,
            col(Appointment.start) > now,
            ~is_reached(),
        )
        .order_by(_last_try().nulls_first(), col(CallListItem.place))
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None
