"""Plans that were sent: when, by whom, and what became of their offers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlmodel import Session, col

from domain.notices import NoticeState
from domain.offers import OfferState
from domain.people import Member
from storage.tables import (
    Appointment,
    BackfillRow,
    MemberRow,
    Notice,
    OfferRow,
    Patient,
    SentPlan,
    Waiting,
)


@dataclass(frozen=True)
class SentPlanView:
    """A plan that was sent, as it stands. Times are UTC.

    Attributes:
        slots: How many were offered.
        offers: How many offers were made, by what became of them.
        until: Until when the last of them can be accepted.
        unreached: References of patients whom no message reached.
    """

    id: int
    sent_by: str
    sent_at: datetime
    slots: int
    offers: Mapping[OfferState, int]
    until: datetime | None
    unreached: tuple[str, ...]


def note(
    session: Session, digest: str, member_id: int, backfills: Collection[int], now: datetime
) -> None:
    """Note that a plan was sent, in the unit of work that made its offers.

    Args:
        session: The unit of work.
        digest: The plan's.
        member_id: Who sent it.
        backfills: Those whose slots are offered.
        now: When its offers were made (aware).
    """
    which = ",".join(map(str, sorted(backfills)))
    session.add(SentPlan(digest=digest, member_id=member_id, sent_at=now, backfills=which))
    session.flush()


def latest(session: Session, digest: str) -> int | None:
    """The plan of this digest that was sent last, if one was."""
    return session.scalar(select(func.max(col(SentPlan.id))).where(col(SentPlan.digest) == digest))


def sent_plan(session: Session, member: Member, sent_plan_id: int) -> SentPlanView:
    """A plan that was sent, as far as its departments are the member's.

    Raises:
        NoResultFound: There is no such plan.
        domain.people.Refused: None of its departments is the member's.
    """
    found = session.get_one(SentPlan, sent_plan_id)
    which = [int(key) for key in found.backfills.split(",")]
    rows = session.execute(
        select(col(BackfillRow.id), col(Appointment.department_id))
        .join(Appointment, col(BackfillRow.appointment_id) == col(Appointment.id))
        .where(col(BackfillRow.id).in_(which))
    ).all()
    seen = member.sees({department for _, department in rows})
    backfills = [backfill for backfill, department in rows if department in seen]
    offers = col(OfferRow.backfill_id).in_(backfills), col(OfferRow.made_at) == found.sent_at
    states = session.execute(
        select(col(OfferRow.state), func.count(), func.max(col(OfferRow.expires_at)))
        .where(*offers)
        .group_by(col(OfferRow.state))
        .order_by(col(OfferRow.state))
    ).all()
    failed = exists().where(
        col(Notice.offer_id) == col(OfferRow.id), col(Notice.state) == NoticeState.FAILED
    )
    unreached = session.scalars(
        select(col(Patient.reference))
        .join(Waiting, col(Waiting.patient_id) == col(Patient.id))
        .join(OfferRow, col(OfferRow.waiting_id) == col(Waiting.id))
        .where(*offers, col(OfferRow.state) == OfferState.WITHDRAWN, failed.correlate(OfferRow))
        .order_by(col(OfferRow.id))
    )
    return SentPlanView(
        sent_plan_id,
        session.get_one(MemberRow, found.member_id).name,
        found.sent_at,
        len(backfills),
        {state: number for state, number, _ in states},
        max((until for _, _, until in states), default=None),
        tuple(unreached),
    )
