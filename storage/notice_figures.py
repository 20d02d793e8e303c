"""Notices in a few numbers: what waits, what became of today's, and what could not be delivered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, TextClause, func, select, text
from sqlmodel import Session, col

from domain.notices import Channel, NoticeKind, NoticeState, Unsaid
from storage import provider_outages
from storage.provider_outages import Down
from storage.tables import Notice, Patient

_IS_OPEN: Final = text("notice.state IN ('waiting', 'sending')")
_IN_VAIN: Final = text("notice.state IN ('failed', 'doubtful')")
"""Spelled out, not bound, as the partial indexes have it."""

_EXPECTED: Final = tuple(each.value for each in Unsaid)
"""Problems that are as they should be: the patient is not to be written to."""


@dataclass(frozen=True)
class NoticeFigures:
    """What is to be sent to patients, and what was not.

    Attributes:
        states: How many are `waiting`, `sending`, `failed` and `doubtful`; the last two as long as
            they are kept.
        oldest: When the one was due that has waited longest past its time, `None` if none has.
        down: Providers that take nothing.
    """

    states: dict[str, int]
    oldest: datetime | None
    down: list[Down]


@dataclass(frozen=True)
class Undelivered:
    """A notice that has failed, or of which nobody knows.

    Attributes:
        reference: The patient's.
        at: When that was known (aware).
    """

    reference: str
    kind: NoticeKind
    channel: Channel
    state: NoticeState
    at: datetime
    problem: str


@dataclass(frozen=True)
class Today:
    """How messages to patients stand today.

    Attributes:
        counts: How many by channel and state: that wait or are being sent, whenever they were
            written, and of which the rest has become since the day began.
        undelivered: The last that failed or are doubtful, of whatever day, the latest first.
        down: Providers that take nothing.
    """

    counts: dict[tuple[Channel, NoticeState], int]
    undelivered: list[Undelivered]
    down: list[Down]

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.counts or self.undelivered or self.down)


def figures(session: Session, now: datetime) -> NoticeFigures:
    """Count what is open and in vain: the indexes over these answer, however many were sent."""
    states = {state.value: 0 for state in NoticeState}
    del states[NoticeState.SENT], states[NoticeState.DROPPED]
    for which in (_IS_OPEN, _IN_VAIN):
        wanted = select(col(Notice.state), func.count()).where(which).group_by(col(Notice.state))
        states |= {state.value: number for state, number in session.execute(wanted)}
    oldest = session.scalar(
        select(func.min(col(Notice.due_at))).where(_IS_OPEN, col(Notice.due_at) <= now)
    )
    return NoticeFigures(states, oldest, provider_outages.down(session, list(Channel)))


def today(
    session: Session, channels: Collection[Channel], day_began: datetime, limit: int
) -> Today:
    """How messages to patients stand, for admins.

    Args:
        session: A unit of work.
        channels: Those that a provider is set for.
        day_began: The local midnight (aware).
        limit: How many undelivered ones are told at most.
    """
    counts: dict[tuple[Channel, NoticeState], int] = {}
    conditions: list[ColumnElement[bool] | TextClause] = [
        _IS_OPEN,
        col(Notice.ended_at) >= day_began,
    ]
    for which in conditions:
        wanted = select(col(Notice.channel), col(Notice.state), func.count()).where(which)
        rows = session.execute(wanted.group_by(col(Notice.channel), col(Notice.state)))
        counts |= {(channel, state): number for channel, state, number in rows}
    return Today(counts, _undelivered(session, limit), provider_outages.down(session, channels))


def _undelivered(session: Session, limit: int) -> list[Undelivered]:
    """What could not be delivered although it should have been, the latest first."""
    at = func.coalesce(col(Notice.ended_at), col(Notice.created_at))
    rows = session.execute(
        select(Notice, col(Patient.reference))
        .join(Patient, col(Patient.id) == col(Notice.patient_id))
        .where(_IN_VAIN, func.coalesce(col(Notice.problem), "").not_in(_EXPECTED))
        .order_by(at.desc(), col(Notice.id).desc())
        .limit(limit)
    )
    return [
        Undelivered(
            reference,
            notice.kind,
            notice.channel,
            notice.state,
            notice.ended_at or notice.created_at,
            notice.problem or "",
        )
        for notice, reference in rows
    ]
