"""The daily summary: when each member's next one is due, and putting what is due into the outbox.

When it is due is kept with the member, so a look at an index says whether anything is to be done,
and no timer is lost with a process.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from domain.criteria import House
from domain.mornings import Rhythm, day_due, next_due
from domain.people import RIGHTS, Right
from domain.pushes import PushKind
from storage import call_lists, outbox
from storage.tables import Department, Fact, MemberDepartment, MemberRow, key_of

PUSHED_SUMMARY: Final = "summary"
"""The address of the screen that is pushed."""

_PLANNED: Final = "summary"
"""The fact that tells which time and zone members were planned with."""


def rhythm_of(member: MemberRow, house: House) -> Rhythm:
    """When a member wants their summary."""
    minute = house.summary_minute if member.summary_minute is None else member.summary_minute
    return Rhythm(minute, member.summary_days)


def plan(member: MemberRow, house: House, after: datetime) -> None:
    """Plan a member's next summary: the first that is due after a moment, usually the present."""
    rhythm = rhythm_of(member, house)
    member.summary_due_at = next_due(rhythm, house.calendar, member.summary_day, after)


def plan_everybody(session: Session, house: House, now: datetime) -> None:
    """Plan anew if the house's time or zone is not the one that members were planned with.

    Who is still owed today's summary keeps it, even if the new time has passed already.
    """
    today = house.calendar.day_of(now)
    midnight = house.calendar.start_of(today) - timedelta(seconds=1)
    told = f"{house.summary_minute} {house.calendar.zone.key}"
    fact = session.get(Fact, _PLANNED) or Fact(name=_PLANNED, value="")
    if fact.value == told:
        return
    for member in session.scalars(select(MemberRow)):
        due_at = member.summary_due_at
        owed = due_at is not None and house.calendar.day_of(due_at) <= today
        plan(member, house, midnight if owed else now)
    fact.value = told
    session.add(fact)


def is_anybody_due(session: Session, now: datetime) -> bool:
    """Whether `tick` has anything to do."""
    return session.scalar(select(col(MemberRow.id)).where(_is_due(now)).limit(1)) is not None


def tick(session: Session, house: House, now: datetime, limit: int) -> int:
    """Put the summaries that are due into the outbox, and plan the next ones.

    Several processes share the work. Who is suspended or cannot be reached gets none, and who
    has just joined is only planned.

    Args:
        session: The unit of work.
        house: Its calendar and usual time.
        now: The present (aware).
        limit: How many members to look at, at most.

    Returns:
        How many members were looked at.
    """
    members = session.scalars(
        select(MemberRow)
        .where(_is_due(now))
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    ).all()
    told = {
        key_of(member): day
        for member in members
        if member.summary_due_at
        and member.reachable
        and not member.suspended
        # There may be no such day any more: all was told, or it is not one of theirs.
        and (day := day_due(rhythm_of(member, house), house.calendar, member.summary_day, now))
    }
    if told:
        outbox.supersede(session, told, PushKind.SUMMARY)
    served = [member for member in members if _serve(session, member, told, now)]
    for member in members:
        plan(member, house, now)
    _freeze_lists(session, served, house, now)
    return len(members)


def _is_due(now: datetime) -> ColumnElement[bool]:
    due_at = col(MemberRow.summary_due_at)
    return or_(due_at <= now, due_at.is_(None))


def _serve(session: Session, member: MemberRow, told: Mapping[int, date], now: datetime) -> bool:
    """Tell the summary of the day whose time has come, if there is such a day."""
    member_id = key_of(member)
    day = told.get(member_id)
    if day is None:
        return False
    member.summary_day = day
    key = f"{PUSHED_SUMMARY}:{member_id}:{day}"
    return outbox.enqueue(session, member_id, PUSHED_SUMMARY, now, key=key, kind=PushKind.SUMMARY)


def _freeze_lists(
    session: Session, served: Sequence[MemberRow], house: House, now: datetime
) -> None:
    """Freeze today's call lists of whom the summary tells: they lead to what it shows."""
    ids = [key_of(member) for member in served if Right.CALL in RIGHTS[member.role]]
    if not ids:
        return
    limits = session.execute(
        select(col(MemberDepartment.member_id), col(MemberDepartment.department_id)).where(
            col(MemberDepartment.member_id).in_(ids)
        )
    ).all()
    departments = {department_id for _, department_id in limits}
    if {member_id for member_id, _ in limits} != set(ids):  # somebody is not limited
        departments = set(session.scalars(select(col(Department.id))).all())
    today = house.calendar.day_of(now)
    for department_id in sorted(departments):
        call_lists.freeze(session, department_id, today, now, house.threshold)
