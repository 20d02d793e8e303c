"""Reminders: high-risk patients who have agreed to be written to hear of their visit ahead.

They are put by sets, once a day, for the visits of `REMINDER_DAYS` ahead. Who is being asked about
the same visit, or is to be called, is not reminded of it as well.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import exists, insert, select
from sqlmodel import Session, col

from domain.backfills import OPEN, Stage
from domain.criteria import House
from domain.notices import NoticeKind, NoticeState, Unsaid
from domain.policies import REMINDER_DAYS
from storage import notices, trials
from storage.notices import About
from storage.selecting import IS_BOOKED, is_high_risk
from storage.tables import Appointment, BackfillRow, Fact, Notice, Patient, PolicyRow

REMINDS_AT: Final = time(9)
"""The local time from which on the day's reminders are written: the night's files are in."""

_DONE: Final = "reminded"
"""The fact that holds the last day of which all reminders are written."""

_PORTION: Final = 500


def is_due(session: Session, house: House, now: datetime) -> bool:
    """Whether today's reminders are still to be written."""
    if now.astimezone(house.calendar.zone).time() < REMINDS_AT:
        return False
    fact = session.get(Fact, _DONE)
    return fact is None or fact.value < house.calendar.day_of(now).isoformat()


def remind(session: Session, house: House, now: datetime) -> int:
    """Write today's reminders, except to whom a trial holds out (`storage/trials.py`).

    Args:
        session: A unit of work of its own.
        house: The HMO's calendar, threshold and manners.
        now: The present (aware).

    Returns:
        How many are to be sent.
    """
    today = house.calendar.day_of(now)
    if not _take_turn(session, today):
        return 0
    written = sum(_remind_of(session, days, house, now) for days in REMINDER_DAYS)
    return written - trials.hold_out(session, now)


def _take_turn(session: Session, today: date) -> bool:
    """Whether it is this process that writes today's reminders."""
    if session.get(Fact, _DONE) is None:
        session.execute(insert(Fact).values(name=_DONE, value=""))
    mine = select(Fact).where(col(Fact.name) == _DONE, col(Fact.value) < today.isoformat())
    fact = session.scalars(mine.with_for_update(skip_locked=True)).first()
    if fact is None:
        return False
    fact.value = today.isoformat()
    session.flush()
    return True


def _remind_of(session: Session, days: int, house: House, now: datetime) -> int:
    """Write the reminders of the visits so many days ahead."""
    day = house.calendar.day_of(now) + timedelta(days=days)
    written = 0
    found = list(session.execute(_visits(day, house.threshold, now)))
    for first in range(0, len(found), _PORTION):
        part = found[first : first + _PORTION]
        rows = _rows(session, part, f"{days}/{day.isoformat()}", house, now)
        notices.write_many(session, rows)
        written += len(rows)
    return written


def _visits(day: date, threshold: int, now: datetime) -> Any:
    """High-risk visits of a day, with their patients, where reminders are wanted and wise."""
    asked = exists().where(
        col(BackfillRow.appointment_id) == col(Appointment.id),
        col(BackfillRow.stage).in_(OPEN - {Stage.KEPT}),
    )
    return (
        select(col(Appointment.id), Patient)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(PolicyRow, col(PolicyRow.department_id) == col(Appointment.department_id))
        .where(
            col(Appointment.day) == day,
            IS_BOOKED,
            is_high_risk(threshold),
            col(Appointment.start) > now,
            col(PolicyRow.reminders),
            col(Patient.consent).is_(True),
            ~asked,
        )
        .order_by(col(Appointment.id))
    )


def _rows(
    session: Session, found: Iterable[Any], which: str, house: House, now: datetime
) -> list[dict[str, Any]]:
    """The reminders of those visits whose patients may be written to."""
    visits = [(visit, patient) for visit, patient in found]
    channels = notices.channels_of(session, [patient for _, patient in visits], house)
    written = notices.recent(session, channels, now)
    due_at = notices.due_at(NoticeKind.REMINDER, house, now)
    rows: list[dict[str, Any]] = []
    for visit, patient in visits:
        channel = channels[patient.id]
        if isinstance(channel, Unsaid) or written.get(patient.id, 0) >= house.manners.a_week:
            continue
        written[patient.id] = written.get(patient.id, 0) + 1
        about = About(NoticeKind.REMINDER, visit)
        rows.append(
            {
                "key": about.key(patient.id, which),
                "patient_id": patient.id,
                "kind": about.kind,
                "channel": channel,
                "state": NoticeState.WAITING,
                "counts": True,
                "appointment_id": visit,
                "created_at": now,
                "due_at": due_at,
            }
        )
    known = _known(session, [row["key"] for row in rows])
    return [row for row in rows if row["key"] not in known]


def _known(session: Session, keys: Collection[str]) -> frozenset[str]:
    """Which of these reminders were written before."""
    return frozenset(session.scalars(select(col(Notice.key)).where(col(Notice.key).in_(keys))))
