"""The trial of reminders: started and stopped, whom it holds out, and what came of it."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, exists, func, literal_column, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from domain.criteria import House
from domain.notices import NoticeKind, NoticeState
from domain.people import Member, Refused, Right
from domain.risk import is_high_risk
from domain.statuses import ATTENDED, Status
from domain.trial import HELD_OUT, SHARES, Group, is_held_out
from storage import audit
from storage.tables import (
    Appointment,
    Fact,
    MemberRow,
    Notice,
    Patient,
    PolicyRow,
    Trial,
    TrialPatient,
    key_of,
)

STARTED: Final = "start trial"
STOPPED: Final = "stop trial"
"""The events of the audit trail."""

WHO: Final = "managers of all departments"
"""Who alone may start and stop a trial: it concerns the whole HMO."""

_LAST: Final = "trial"
"""The fact that holds the last trial's key; who has locked its row may start or stop one."""

_COUNTED: Final = ATTENDED | {Status.NOSHOW, Status.CANCELLED}
"""Ends of a visit that count. A cancelled one was no no-show, and a reminder may be why."""


@dataclass(frozen=True)
class TrialView:
    """A trial.

    Attributes:
        share: Per cent of the high-risk patients who get no reminder.
        started_by: The member's name.
        ended_at: `None` while it runs (aware, UTC).
    """

    id: int
    share: int
    started_at: datetime
    started_by: str
    ended_at: datetime | None


@dataclass(frozen=True)
class TrialReport:
    """What is known of a trial's visits.

    Attributes:
        held_out: Of patients without a reminder, …
        reminded: … and of those with one.
        to_come: Visits that have not started.
        unknown: Visits that have started, and nobody knows yet how they ended.
    """

    held_out: Group
    reminded: Group
    to_come: int
    unknown: int


class _Reminder(NamedTuple):
    """A reminder that was written just now, and whom it is for."""

    notice_id: int
    appointment_id: int
    patient_id: int
    reference: str
    prior_no_shows: int
    picked: bool
    is_late: bool


def latest(session: Session) -> TrialView | None:
    """The trial that runs or ran last."""
    found = session.execute(
        select(
            col(Trial.id),
            col(Trial.share),
            col(Trial.started_at),
            col(MemberRow.name),
            col(Trial.ended_at),
        )
        .join(MemberRow, col(MemberRow.id) == col(Trial.started_by))
        .order_by(col(Trial.id).desc())
        .limit(1)
    ).first()
    return TrialView(*found) if found else None


def running(session: Session) -> TrialView | None:
    """The trial that runs."""
    found = latest(session)
    return found if found and found.ended_at is None else None


def may_decide(member: Member) -> bool:
    """Whether a member may start and stop trials."""
    return member.may(Right.DECIDE) and not member.departments


def start(session: Session, member: Member, share: int, house: House, now: datetime) -> bool:
    """Start a trial; `False` if one runs already.

    Args:
        session: The unit of work.
        member: Who does.
        share: Per cent of the high-risk patients to hold out, one of `SHARES`.
        house: Tells who is high-risk; that holds throughout the trial.
        now: The present (aware).

    Raises:
        domain.people.Refused: It is not theirs to decide.
        ValueError: Nobody offered that share.
    """
    _require(member)
    if share not in SHARES:
        raise ValueError(f"a trial holds out {SHARES} %, not {share}")
    last = _take_turn(session)
    if running(session):
        return False
    trial = Trial(
        salt=secrets.token_hex(16),
        share=share,
        threshold=house.threshold,
        started_at=now,
        started_by=member.id,
    )
    session.add(trial)
    session.flush()
    last.value = str(key_of(trial))
    audit.record(session, STARTED, at=now, member_id=member.id, share=share)
    return True


def stop(session: Session, member: Member, trial_id: int, now: datetime) -> bool:
    """Stop a trial: everybody is reminded again; `False` if it does not run.

    Raises:
        domain.people.Refused: It is not theirs to decide.
    """
    _require(member)
    _take_turn(session)
    trial = session.get(Trial, trial_id, populate_existing=True)
    if trial is None or trial.ended_at is not None:
        return False
    trial.ended_at, trial.ended_by = now, member.id
    audit.record(session, STOPPED, at=now, member_id=member.id)
    return True


def hold_out(session: Session, now: datetime) -> int:
    """Hold out whom the trial holds out: drop their reminders that were written at this moment.

    To be called in the unit of work that wrote them. A high-risk patient comes into the trial
    with the first visit that they would be reminded of, unless they were reminded of it before
    the trial began.

    Returns:
        How many reminders were dropped.
    """
    trial = session.scalars(select(Trial).where(col(Trial.ended_at).is_(None))).first()
    if trial is None:
        return 0
    session.flush()
    reminders = list(_just_written(session, trial, now))
    known = _known(session, key_of(trial), {each.patient_id for each in reminders})
    dropped = []
    for each in reminders:
        risky = is_high_risk(each.prior_no_shows, picked=each.picked, threshold=trial.threshold)
        if each.patient_id not in known:
            if each.is_late or not risky:
                continue
            known[each.patient_id] = _enter(session, trial, each)
        entered = known[each.patient_id]
        if entered.held_out and (risky or entered.appointment_id == each.appointment_id):
            dropped.append(each.notice_id)
    session.execute(
        update(Notice)
        .where(col(Notice.id).in_(dropped))
        .values(state=NoticeState.DROPPED, ended_at=now, problem=HELD_OUT)
        .execution_options(synchronize_session=False)
    )
    return len(dropped)


def report(session: Session, trial_id: int, now: datetime) -> TrialReport:
    """What came of a trial's visits, each counted for the group that its patient was assigned.

    After a trial's end everybody is reminded, so visits that started later are not among them.
    """
    ended_at = session.get_one(Trial, trial_id).ended_at
    started = col(Appointment.start) <= now
    has_end = col(Appointment.status).in_(_COUNTED)
    missed = and_(col(Appointment.status) == Status.NOSHOW, ~col(Appointment.excused))
    numbers = (and_(started, has_end), and_(started, missed), ~started, and_(started, ~has_end))
    rows = session.execute(
        select(col(TrialPatient.held_out), *(func.count().filter(each) for each in numbers))
        .join(Appointment, col(Appointment.id) == col(TrialPatient.appointment_id))
        .where(
            col(TrialPatient.trial_id) == trial_id,
            col(Appointment.status) != Status.ENTERED_IN_ERROR,
            *([col(Appointment.start) <= ended_at] if ended_at else []),
        )
        .group_by(col(TrialPatient.held_out))
    ).all()
    groups = {held_out: Group(visits, missed) for held_out, visits, missed, *_ in rows}
    return TrialReport(
        held_out=groups.get(True, Group()),
        reminded=groups.get(False, Group()),
        to_come=sum(row[3] for row in rows),
        unknown=sum(row[4] for row in rows),
    )


def are_reminders_on(session: Session) -> bool:
    """Whether any department reminds its patients; without that a trial learns nothing."""
    found = select(col(PolicyRow.department_id)).where(col(PolicyRow.reminders)).limit(1)
    return session.scalar(found) is not None


def _require(member: Member) -> None:
    if not may_decide(member):
        raise Refused(Right.DECIDE, who=WHO)


def _take_turn(session: Session) -> Fact:
    found = session.get(Fact, _LAST, with_for_update=True)
    if found is None:
        found = Fact(name=_LAST, value="")
        session.add(found)
        session.flush()
    return found


def _just_written(session: Session, trial: Trial, now: datetime) -> Iterator[_Reminder]:
    """The reminders of this moment that wait, the next visit of a patient first."""
    earlier = aliased(Notice)
    is_late = exists().where(
        col(earlier.appointment_id) == col(Notice.appointment_id),
        col(earlier.kind) == NoticeKind.REMINDER,
        col(earlier.created_at) < trial.started_at,
    )
    rows = session.execute(
        select(
            col(Notice.id),
            col(Notice.appointment_id),
            col(Notice.patient_id),
            col(Patient.reference),
            col(Appointment.prior_no_shows),
            col(Appointment.picked),
            is_late.correlate(Notice),
        )
        .join(Appointment, col(Appointment.id) == col(Notice.appointment_id))
        .join(Patient, col(Patient.id) == col(Notice.patient_id))
        .where(
            # Spelled out for the partial index; what is written now is due now or later.
            literal_column("notice.state IN ('waiting', 'sending')"),
            col(Notice.due_at) >= now,
            col(Notice.state) == NoticeState.WAITING,
            col(Notice.kind) == NoticeKind.REMINDER,
            col(Notice.created_at) == now,
        )
        .order_by(col(Appointment.start), col(Notice.id))
    )
    return (_Reminder(*row) for row in rows)


def _known(session: Session, trial_id: int, patients: set[int]) -> dict[int, TrialPatient]:
    """Those of the patients who are in the trial."""
    found = session.scalars(
        select(TrialPatient).where(
            col(TrialPatient.trial_id) == trial_id, col(TrialPatient.patient_id).in_(patients)
        )
    )
    return {row.patient_id: row for row in found}


def _enter(session: Session, trial: Trial, reminder: _Reminder) -> TrialPatient:
    """Take a patient into the trial, by chance into one of its groups."""
    row = TrialPatient(
        trial_id=key_of(trial),
        patient_id=reminder.patient_id,
        appointment_id=reminder.appointment_id,
        held_out=is_held_out(reminder.reference, trial.salt, trial.share),
    )
    session.add(row)
    return row
