"""What follows an authorised slot: policies, backfills, offers, and messages to patients."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Column, Index, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from domain.answers import Answer, Source
from domain.backfills import Release, Stage
from domain.notices import Channel, NoticeKind, NoticeState
from domain.offers import OfferState
from domain.policies import Silence
from domain.waiting import WaitState
from storage.columns import Word, generated_key, key_part, moment, refers

_ZERO: Final = {"server_default": "0"}


def _where(condition: str) -> dict[str, Any]:
    """The condition of an index that holds only some rows."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class PolicyRow(SQLModel, table=True):
    """What a department has settled on; `domain.policies.USUAL` where there is no row."""

    __tablename__ = "policy"
    __table_args__ = {"sqlite_with_rowid": False}

    department_id: int = Field(sa_column=key_part("department.id"))
    deadline_hours: int
    silence: Silence = Field(sa_column=Column(Word(Silence), nullable=False))
    reminders: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    automatic: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class BackfillRow(SQLModel, table=True):
    """The course of one authorised slot (`domain/backfills.py`).

    Attributes:
        action_id: The authorised transfer that it follows.
        day: The local day of the slot.
        start: When the slot starts, wherever the HMO moves the visit later.
        beside: Visits booked with its clinician then when it was opened (`storage/taken.py`).
        deadline_at: By when the patient is to answer; `None` until they are asked.
        due_at: When something is to be done by itself; `None`: it waits for a person.
        release: How the slot was released, while it is free and afterwards.
        waves: Waves of offers that went out.
        replacement_id: The appointment of who accepted.
    """

    __tablename__ = "backfill"
    __table_args__ = (
        Index(
            "ix_backfill_open",
            "appointment_id",
            unique=True,
            **_where("stage IN ('asking', 'calling', 'kept', 'released', 'offering')"),
        ),
        Index("ix_backfill_due", "due_at", **_where("due_at IS NOT NULL")),
        Index("ix_backfill_stage", "stage", "opened_at"),
        Index("ix_backfill_day", "stage", "day"),
        Index("ix_backfill_appointment_id", "appointment_id"),
        Index("ix_backfill_action_id", "action_id"),
        Index("ix_backfill_replacement_id", "replacement_id"),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    appointment_id: int = Field(sa_column=refers("appointment.id"))
    action_id: int = Field(sa_column=refers("action.id"))
    day: date
    start: datetime = Field(sa_column=moment())
    stage: Stage = Field(sa_column=Column(Word(Stage), nullable=False))
    opened_at: datetime = Field(sa_column=moment())
    deadline_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    due_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    release: Release | None = Field(default=None, sa_column=Column(Word(Release), nullable=True))
    released_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    waves: int = Field(default=0, sa_column_kwargs=_ZERO)
    beside: int = Field(default=0, sa_column_kwargs=_ZERO)
    replacement_id: int | None = Field(
        default=None, sa_column=refers("appointment.id", nullable=True)
    )
    ended_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class Waiting(SQLModel, table=True):
    """A patient's place on a department's waitlist, as the HMO's feed tells it.

    Attributes:
        urgency: 1 to 5, the most urgent.
        since: Since when they wait.
        earliest: The first local day that suits them; `None`: any.
        latest: … and the last one.
        notice_hours: How long before the start they must know.
        visit_type: What kind of visit they need; `None`: any.
        appointment_id: The slot that they accepted.
    """

    __table_args__ = (
        Index(
            "ix_waiting_open",
            "department_id",
            text("urgency DESC"),
            "since",
            "id",
            "state",
            **_where("state = 'waiting'"),
        ),
        Index("ix_waiting_patient_id", "patient_id"),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    external_id: str = Field(unique=True, max_length=100)
    patient_id: int = Field(sa_column=refers("patient.id"))
    department_id: int = Field(sa_column=refers("department.id"))
    urgency: int
    since: datetime = Field(sa_column=moment())
    earliest: date | None = None
    latest: date | None = None
    notice_hours: int
    visit_type: str | None = Field(default=None, max_length=40)
    state: WaitState = Field(sa_column=Column(Word(WaitState), nullable=False))
    appointment_id: int | None = Field(
        default=None, sa_column=refers("appointment.id", nullable=True)
    )


class ClinicSession(SQLModel, table=True):
    """Time that a clinician has for patients of a department.

    Attributes:
        until: The first moment after it.
        slot_minutes: How long a visit takes.
        visit_types: The kinds of visit that it is for, separated by `;`; `None`: any.
        blocked: It takes no patients (leave, a meeting).
    """

    __tablename__ = "clinic_session"
    __table_args__ = (
        UniqueConstraint("clinician_id", "department_id", "start"),
        Index(
            "ix_clinic_session_department",
            "department_id",
            "start",
            "until",
            "slot_minutes",
            "blocked",
            "clinician_id",
        ),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    clinician_id: int = Field(sa_column=refers("clinician.id"))
    department_id: int = Field(sa_column=refers("department.id"))
    start: datetime = Field(sa_column=moment())
    until: datetime = Field(sa_column=moment())
    slot_minutes: int
    visit_types: str | None = Field(default=None, max_length=400)
    blocked: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


class OfferRow(SQLModel, table=True):
    """A free slot, offered to one waiting patient, who has one open offer at most.

    Attributes:
        wave: From 1 on.
        expires_at: Until when it can be accepted.
        rank: The place within the wave, from 1 on; the first one was assigned the slot.
    """

    __tablename__ = "offer"
    __table_args__ = (
        UniqueConstraint("backfill_id", "waiting_id"),
        Index("ix_offer_accepted", "backfill_id", unique=True, **_where("state = 'accepted'")),
        Index("ix_offer_open", "waiting_id", unique=True, **_where("state = 'open'")),
        Index("ix_offer_waiting_id", "waiting_id"),
        Index("ix_offer_answered_at", "answered_at"),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    backfill_id: int = Field(sa_column=refers("backfill.id"))
    waiting_id: int = Field(sa_column=refers("waiting.id"))
    wave: int
    rank: int
    state: OfferState = Field(sa_column=Column(Word(OfferState), nullable=False))
    made_at: datetime = Field(sa_column=moment())
    expires_at: datetime = Field(sa_column=moment())
    answered_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class Notice(SQLModel, table=True):
    """A message to a patient; its words are made when it is sent.

    Attributes:
        key: Unique: one cause writes to one patient once.
        counts: Whether it is one of the notices that a patient gets in a week at most.
        due_at: Not sent before.
        tries: How often the provider surely did not take it.
        claimed_until: Until when one process has it in hand.
        problem: Why a try did not succeed, in our own few words.
    """

    __table_args__ = (
        Index("ix_notice_due", "due_at", "id", **_where("state IN ('waiting', 'sending')")),
        Index("ix_notice_patient", "patient_id", "created_at"),
        Index("ix_notice_appointment_id", "appointment_id"),
        Index("ix_notice_backfill_id", "backfill_id"),
        Index("ix_notice_offer_id", "offer_id"),
        Index("ix_notice_failed", "created_at", **_where("state IN ('failed', 'doubtful')")),
        Index(
            "ix_notice_texted",
            "ended_at",
            **_where("channel = 'sms' AND state IN ('sent', 'doubtful')"),
        ),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    key: str = Field(unique=True, max_length=80)
    patient_id: int = Field(sa_column=refers("patient.id"))
    kind: NoticeKind = Field(sa_column=Column(Word(NoticeKind), nullable=False))
    channel: Channel = Field(sa_column=Column(Word(Channel), nullable=False))
    state: NoticeState = Field(sa_column=Column(Word(NoticeState), nullable=False))
    counts: bool
    appointment_id: int = Field(sa_column=refers("appointment.id"))
    backfill_id: int | None = Field(default=None, sa_column=refers("backfill.id", nullable=True))
    offer_id: int | None = Field(default=None, sa_column=refers("offer.id", nullable=True))
    created_at: datetime = Field(sa_column=moment())
    due_at: datetime = Field(sa_column=moment())
    ended_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    tries: int = Field(default=0, sa_column_kwargs=_ZERO)
    claimed_until: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    problem: str | None = Field(default=None, max_length=200)


class OptOut(SQLModel, table=True):
    """An address that is never written to again, known only by its digest.

    It outlives the patient's data: a stop holds for good.

    Attributes:
        digest: Of the channel and the address (`storage/notices.py`).
    """

    __tablename__ = "opt_out"
    __table_args__ = {"sqlite_with_rowid": False}

    digest: str = Field(primary_key=True, max_length=64)
    at: datetime = Field(sa_column=moment())


class PatientAnswer(SQLModel, table=True):
    """What a patient said about their own visit without a call.

    Attributes:
        action_id: The transfer that was authorised, or is proposed because of it.
        undone_at: Since when it no longer holds: they said otherwise later, or the HMO did.
    """

    __tablename__ = "patient_answer"
    __table_args__ = (
        Index("ix_patient_answer_appointment_id", "appointment_id"),
        Index(
            "ix_patient_answer_call_me",
            "appointment_id",
            **_where("answer = 'call-me' AND undone_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    appointment_id: int = Field(sa_column=refers("appointment.id"))
    answer: Answer = Field(sa_column=Column(Word(Answer), nullable=False))
    source: Source = Field(sa_column=Column(Word(Source), nullable=False))
    at: datetime = Field(sa_column=moment())
    action_id: int | None = Field(default=None, sa_column=refers("action.id", nullable=True))
    undone_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))


class ReplyRow(SQLModel, table=True):
    """An SMS that was taken, whatever it said: its provider may bring it twice.

    Attributes:
        id: The provider's.
    """

    __tablename__ = "reply"
    __table_args__ = (Index("ix_reply_at", "at"), {"sqlite_with_rowid": False})

    id: str = Field(primary_key=True, max_length=200)
    at: datetime = Field(sa_column=moment())


class Trial(SQLModel, table=True):
    """A time in which a share of the high-risk patients gets no reminder, to learn what they do.

    Attributes:
        salt: Decides, with the patient, who is held out: the same ones throughout.
        share: Per cent.
        threshold: Earlier no-shows from which a patient was high-risk when it began.
    """

    id: int | None = Field(default=None, sa_column=generated_key())
    salt: str = Field(max_length=32)
    share: int
    threshold: int
    started_at: datetime = Field(sa_column=moment())
    started_by: int = Field(sa_column=refers("member.id"))
    ended_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    ended_by: int | None = Field(default=None, sa_column=refers("member.id", nullable=True))


class TrialPatient(SQLModel, table=True):
    """A patient who came into a trial, with the one visit that counts for it.

    Kept when they would have been reminded for the first time, so that whatever becomes of the
    reminder, the visit or the patient's risk later does not move them from group to group.
    """

    __tablename__ = "trial_patient"
    __table_args__ = (
        Index("ix_trial_patient_appointment_id", "appointment_id"),
        {"sqlite_with_rowid": False},
    )

    trial_id: int = Field(sa_column=key_part("trial.id"))
    patient_id: int = Field(sa_column=key_part("patient.id"))
    appointment_id: int = Field(sa_column=refers("appointment.id"))
    held_out: bool
