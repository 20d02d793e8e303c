"""What has become of an authorised slot, as its card tells it."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.answers import Answer, Source
from domain.backfills import Release, Stage
from domain.notices import Channel, NoticeKind, NoticeState
from domain.offers import OfferState
from storage import backfills
from storage.tables import (
    Appointment,
    BackfillRow,
    Notice,
    OfferRow,
    Patient,
    PatientAnswer,
    key_of,
)


@dataclass(frozen=True)
class Said:
    """An answer of the patient; `in_force` until they say otherwise. Times are UTC."""

    answer: Answer
    source: Source
    at: datetime
    in_force: bool


@dataclass(frozen=True)
class Written:
    """A question or a reminder to the patient.

    Attributes:
        at: When it was sent or failed; while it waits, when it is due (UTC).
        problem: Why it failed, in our own few words.
    """

    kind: NoticeKind
    channel: Channel
    state: NoticeState
    at: datetime
    problem: str | None


@dataclass(frozen=True)
class Slot:
    """The backfill of an appointment, if it has one.

    Attributes:
        deadline_at: By when the patient is to answer.
        released_at: Since when the slot is free, or was.
        wave: How many waves of offers went out.
        offered: To how many patients the last wave went.
        until: Until when its offers can be accepted.
        filled_by: The reference of who has the slot now.
        ended_at: When it was filled, or was given up.
    """

    stage: Stage
    deadline_at: datetime | None
    release: Release | None
    released_at: datetime | None
    wave: int
    offered: int
    until: datetime | None
    filled_by: str | None
    ended_at: datetime | None


@dataclass(frozen=True)
class Story:
    """What was asked, answered and done about an appointment, oldest first."""

    written: list[Written] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    slot: Slot | None = None

    @property
    def is_filled(self) -> bool:
        """Whether a waiting patient has the slot."""
        return self.slot is not None and self.slot.stage is Stage.FILLED


def story_of(session: Session, appointment_id: int) -> Story:
    """The story of an appointment."""
    backfill = backfills.of_appointment(session, appointment_id)
    return Story(
        _written(session, appointment_id),
        _said(session, appointment_id),
        _slot(session, backfill) if backfill else None,
    )


def _written(session: Session, appointment_id: int) -> list[Written]:
    wanted = (
        select(Notice)
        .where(
            col(Notice.appointment_id) == appointment_id,
            col(Notice.kind).in_([NoticeKind.CONFIRM, NoticeKind.REMINDER]),
            col(Notice.state) != NoticeState.DROPPED,
        )
        .order_by(col(Notice.id))
    )
    return [
        Written(it.kind, it.channel, it.state, it.ended_at or it.due_at, it.problem)
        for it in session.scalars(wanted)
    ]


def _said(session: Session, appointment_id: int) -> list[Said]:
    wanted = (
        select(PatientAnswer)
        .where(col(PatientAnswer.appointment_id) == appointment_id)
        .order_by(col(PatientAnswer.id))
    )
    return [
        Said(it.answer, it.source, it.at, it.undone_at is None) for it in session.scalars(wanted)
    ]


def _slot(session: Session, backfill: BackfillRow) -> Slot:
    wave = (
        col(OfferRow.backfill_id) == key_of(backfill),
        col(OfferRow.wave) == backfill.waves,
        col(OfferRow.state) != OfferState.WITHDRAWN,
    )
    offered, until = session.execute(
        select(func.count(), func.max(col(OfferRow.expires_at))).where(*wave)
    ).one()
    filled_by = (
        select(col(Patient.reference))
        .join(Appointment, col(Appointment.patient_id) == col(Patient.id))
        .where(col(Appointment.id) == backfill.replacement_id)
    )
    return Slot(
        stage=backfill.stage,
        deadline_at=backfill.deadline_at,
        release=backfill.release,
        released_at=backfill.released_at,
        wave=backfill.waves,
        offered=offered,
        until=until,
        filled_by=session.scalar(filled_by) if backfill.replacement_id else None,
        ended_at=backfill.ended_at,
    )
