"""The tables. Migrations in `storage/migrations` create them; `docs/architecture.md` tells why.

Three columns and one table are *kept up to date* rather than computed when asked, always in the
transaction that changes what they depend on (`storage/counters.py`): `prior_no_shows`,
`action_state` and `excused` of `Appointment`, and the rollup `DailyCount`.
"""

from datetime import date, datetime
from typing import Protocol

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

from domain.calls import CallOutcome
from domain.corrections import Excuse
from domain.deliveries import State as DeliveryState
from domain.people import Role
from domain.pushes import Choice, PushKind
from domain.statuses import Status
from domain.transfers import Kind, State
from storage.columns import Key, Moment, Word


class Keyed(Protocol):
    """Anything with a generated key."""

    id: int | None


def key_of(row: Keyed) -> int:
    """The key of a row that the database has given one."""
    if row.id is None:
        raise ValueError("the row was not flushed")
    return row.id


def _key() -> Column[int]:
    return Column(Key, primary_key=True, autoincrement=True)


def _refers(target: str, *, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(Key, ForeignKey(target), nullable=nullable, index=index)


def _moment(*, nullable: bool = False) -> Column[datetime]:
    return Column(Moment, nullable=nullable)


class Department(SQLModel, table=True):
    """A department (or clinic) of the HMO.

    `figures` and `outcomes` are versions: they grow whenever the Efficiency Gain, or the known
    outcomes, of the department may have changed.

    Attributes:
        capacity: How many appointments of a day are singled out by their chance; `None` for the
            usual number.
    """

    id: int | None = Field(default=None, sa_column=_key())
    name: str = Field(unique=True, max_length=200)
    figures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    outcomes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    capacity: int | None = None


class Clinician(SQLModel, table=True):
    """A person or room that sees patients, by the name the feed uses."""

    id: int | None = Field(default=None, sa_column=_key())
    name: str = Field(unique=True, max_length=200)


class Patient(SQLModel, table=True):
    """A patient. Outside the store a patient is only ever `reference`."""

    id: int | None = Field(default=None, sa_column=_key())
    external_id: str = Field(unique=True, max_length=100)
    reference: str = Field(unique=True, max_length=10)
    birth_date: date | None = None
    sex: str | None = Field(default=None, max_length=20)
    language: str | None = Field(default=None, max_length=20)
    phone: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=200)


class Appointment(SQLModel, table=True):
    """One booked visit.

    Attributes:
        day: The local day of `start`.
        age: Whole years on that day.
        age_group: A position in `domain.ages.AGE_GROUPS`.
        duration: Minutes.
        prior_no_shows: The patient's no-shows that started strictly before `start`.
        action_state: Where the furthest action stands; `authorized` makes it an actioned slot.
        excused: A recorded no-show that staff have excused: it counts as none.
        released_at: When the patient gave the slot back in a call: it is cancelled from then on,
            also while the feed still says `booked`.
        chance: That it becomes a no-show, in thousandths; 0 while no model has said so.
        chance_by: The model that said so last.
        picked: It is among the most likely no-shows of its department and day, as many as there
            is capacity for; to be read together with `status = 'booked'`.
        extra: Unknown columns of the feed, as a JSON object.
    """

    __table_args__ = (
        Index("ix_appointment_patient_start", "patient_id", "start"),
        Index("ix_appointment_day", "day"),
        Index(
            "ix_appointment_risk",
            text("prior_no_shows DESC"),
            "start",
            "id",
            "department_id",
            "age_group",
            "action_state",
            "chance",
            sqlite_where=text("status = 'booked'"),
            postgresql_where=text("status = 'booked'"),
        ),
        Index(
            "ix_appointment_chance",
            text("chance DESC"),
            text("prior_no_shows DESC"),
            "start",
            "id",
            "department_id",
            "age_group",
            "action_state",
            "picked",
            sqlite_where=text("status = 'booked'"),
            postgresql_where=text("status = 'booked'"),
        ),
        Index(
            "ix_appointment_picked",
            "start",
            "id",
            "department_id",
            "age_group",
            "prior_no_shows",
            "action_state",
            "chance",
            sqlite_where=text("status = 'booked' AND picked = 1"),
            postgresql_where=text("status = 'booked' AND picked"),
        ),
    )

    id: int | None = Field(default=None, sa_column=_key())
    external_id: str = Field(unique=True, max_length=100)
    patient_id: int = Field(sa_column=_refers("patient.id"))
    department_id: int = Field(sa_column=_refers("department.id"))
    clinician_id: int | None = Field(sa_column=_refers("clinician.id", nullable=True))
    start: datetime = Field(sa_column=_moment())
    day: date
    status: Status = Field(sa_column=Column(Word(Status), nullable=False))
    booked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    age: int | None = None
    age_group: int
    duration: int | None = None
    reminder_sent: bool | None = None
    prior_no_shows: int = 0
    action_state: State | None = Field(default=None, sa_column=Column(Word(State), nullable=True))
    excused: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    released_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    chance: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    chance_by: int | None = Field(default=None, sa_column=Column(Key, nullable=True))
    picked: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    extra: str | None = None


class DailyCount(SQLModel, table=True):
    """The rollup: appointments of one local day, department and age group.

    `scheduled` leaves out cancelled and entered in error; `actioned` counts, among those, the
    ones with an authorised action.
    """

    __tablename__ = "daily_count"
    __table_args__ = (
        Index(
            "ix_daily_count_outcomes",
            "department_id",
            "age_group",
            "day",
            "attended",
            "no_shows",
        ),
        {"sqlite_with_rowid": False},
    )

    day: date = Field(primary_key=True)
    department_id: int = Field(
        sa_column=Column(Key, ForeignKey("department.id"), primary_key=True, autoincrement=False)
    )
    age_group: int = Field(primary_key=True)
    scheduled: int = 0
    attended: int = 0
    no_shows: int = 0
    actioned: int = 0


class MemberRow(SQLModel, table=True):
    """A person who was invited and came. `domain.people.Member` is what the rest works with.

    Attributes:
        summary_minute: When their summary is due, in minutes after the local midnight; `None`
            for the time that the settings give.
        summary_days: The weekdays on which it is: the sum of `1 << weekday`, Monday being 0.
        summary_day: The last local day for which one was put into the outbox.
        summary_due_at: When the next one is due; `None` until that is planned.
    """

    __tablename__ = "member"
    __table_args__ = (Index("ix_member_summary_due_at", "summary_due_at"),)

    id: int | None = Field(default=None, sa_column=_key())
    telegram_id: int = Field(sa_column=Column(Key, unique=True, nullable=False))
    chat_id: int = Field(sa_column=Column(Key, nullable=False))
    name: str = Field(max_length=100)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    suspended: bool = False
    reachable: bool = True
    joined_at: datetime = Field(sa_column=_moment())
    summary_minute: int | None = None
    summary_days: int = Field(default=127, sa_column_kwargs={"server_default": "127"})
    summary_day: date | None = None
    summary_due_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class PushChoice(SQLModel, table=True):
    """How a member wants a kind of push, where that is not as usual."""

    __tablename__ = "push_choice"

    member_id: int = Field(
        sa_column=Column(Key, ForeignKey("member.id"), primary_key=True, autoincrement=False)
    )
    kind: PushKind = Field(sa_column=Column(Word(PushKind), primary_key=True))
    choice: Choice = Field(sa_column=Column(Word(Choice), nullable=False))


class Stranger(SQLModel, table=True):
    """Somebody who is no member and tried: how often of late, and until when they are ignored.

    Attributes:
        since: When the counted tries began.
        quiet_until: No answer is given before.
        told_at: When admins were last told of them.
    """

    telegram_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))
    since: datetime = Field(sa_column=_moment())
    tries: int = 0
    quiet_until: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    told_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class MemberDepartment(SQLModel, table=True):
    """A department that a member is limited to; a member without any sees all."""

    __tablename__ = "member_department"

    member_id: int = Field(sa_column=Column(Key, ForeignKey("member.id"), primary_key=True))
    department_id: int = Field(sa_column=Column(Key, ForeignKey("department.id"), primary_key=True))


class Invitation(SQLModel, table=True):
    """A single-use code that makes somebody a member; only its hash is kept."""

    id: int | None = Field(default=None, sa_column=_key())
    code_hash: str = Field(unique=True, max_length=64)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    departments: str = Field(default="[]", sa_column=Column(String, nullable=False))
    created_at: datetime = Field(sa_column=_moment())
    created_by: int | None = Field(default=None, sa_column=_refers("member.id", nullable=True))
    expires_at: datetime = Field(sa_column=_moment())
    used_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    used_by: int | None = Field(default=None, sa_column=_refers("member.id", nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Action(SQLModel, table=True):
    """Something to be done about one high-risk appointment, and what was decided about it."""

    __table_args__ = (
        Index(
            "ix_action_open",
            "appointment_id",
            "kind",
            unique=True,
            sqlite_where=text("state IN ('proposed', 'authorized')"),
            postgresql_where=text("state IN ('proposed', 'authorized')"),
        ),
        Index("ix_action_appointment", "appointment_id"),
        Index(
            "ix_action_waiting",
            "proposed_at",
            "id",
            sqlite_where=text("state = 'proposed'"),
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    id: int | None = Field(default=None, sa_column=_key())
    appointment_id: int = Field(sa_column=_refers("appointment.id"))
    kind: Kind = Field(sa_column=Column(Word(Kind), nullable=False))
    state: State = Field(sa_column=Column(Word(State), nullable=False))
    note: str | None = Field(default=None, max_length=200)
    proposed_by: int | None = Field(default=None, sa_column=_refers("member.id", nullable=True))
    proposed_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    decided_by: int | None = Field(default=None, sa_column=_refers("member.id", nullable=True))
    decided_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    reason: str | None = Field(default=None, max_length=200)
    revoked_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    batch_id: int | None = Field(
        default=None, sa_column=_refers("batch.id", nullable=True, index=True)
    )


class Batch(SQLModel, table=True):
    """Many authorisations by one press.

    Attributes:
        source: The address of the screen whose content it is.
        state: `proposed` while it asks, then `authorized`, `declined` (cancelled) or `revoked`.
        size: How many appointments it asked about.
        done: How many were authorised.
    """

    id: int | None = Field(default=None, sa_column=_key())
    member_id: int = Field(sa_column=_refers("member.id"))
    source: str = Field(max_length=64)
    state: State = Field(sa_column=Column(Word(State), nullable=False))
    size: int
    done: int = 0
    created_at: datetime = Field(sa_column=_moment())
    decided_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class BatchItem(SQLModel, table=True):
    """An appointment that a batch asks about; kept after the decision only if left out."""

    __tablename__ = "batch_item"
    __table_args__ = {"sqlite_with_rowid": False}

    batch_id: int = Field(
        sa_column=Column(Key, ForeignKey("batch.id"), primary_key=True, autoincrement=False)
    )
    appointment_id: int = Field(
        sa_column=Column(Key, ForeignKey("appointment.id"), primary_key=True, autoincrement=False)
    )


class OpenMessage(SQLModel, table=True):
    """A message about patients in a chat: its figures are kept true, and it is deleted once old.

    Attributes:
        address: Which screen it shows; empty for none.
        department_id: The one department that the screen is about, or none for all.
        version: The sum of `Department.figures` over those departments when it was shown;
            `None` if it shows no figures, only patients.
        digest: Of what it shows, so that an edit that changes nothing is spared.
        sent_at: When the message was sent: Telegram lets it be deleted for 48 hours from then.
    """

    __tablename__ = "open_message"

    chat_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))
    message_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))
    member_id: int = Field(sa_column=_refers("member.id"))
    address: str = Field(max_length=64)
    department_id: int | None = Field(
        default=None, sa_column=_refers("department.id", nullable=True)
    )
    version: int | None = None
    digest: str = Field(max_length=16)
    shown_at: datetime = Field(sa_column=_moment())
    sent_at: datetime = Field(sa_column=_moment())


class Push(SQLModel, table=True):
    """The outbox: something to be told to one person, written with the decision that causes it.

    Attributes:
        key: Of one cause and one person: the same is told once.
        address: The screen that is sent.
        state: See `domain/deliveries.py`.
        attempts: Tries so far, without those that Telegram or the network asked to wait.
        uncertain: A try may have arrived although that was not confirmed.
        due_at: When it is to be tried; when another process may take it, if it is being sent; when
            it ended, if it has failed.
        problem: What went wrong last, for admins.
    """

    __table_args__ = (
        Index(
            "ix_push_failed",
            "due_at",
            "id",
            sqlite_where=text("state = 'failed'"),
            postgresql_where=text("state = 'failed'"),
        ),
        Index(
            "ix_push_due",
            "kind",
            "due_at",
            "id",
            sqlite_where=text("state IN ('waiting', 'sending')"),
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
    )

    id: int | None = Field(default=None, sa_column=_key())
    key: str = Field(unique=True, max_length=100)
    kind: PushKind = Field(sa_column=Column(Word(PushKind), nullable=False))
    member_id: int = Field(sa_column=_refers("member.id"))
    address: str = Field(max_length=64)
    silent: bool = False
    state: DeliveryState = Field(
        default=DeliveryState.WAITING,
        sa_column=Column(Word(DeliveryState), nullable=False, default=DeliveryState.WAITING),
    )
    attempts: int = 0
    uncertain: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    created_at: datetime = Field(sa_column=_moment())
    due_at: datetime = Field(sa_column=_moment())
    sent_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    message_id: int | None = Field(default=None, sa_column=Column(Key, nullable=True))
    problem: str | None = Field(default=None, max_length=200)


class CallList(SQLModel, table=True):
    """The appointments of one department and day to be called about, frozen when first opened."""

    __tablename__ = "call_list"
    __table_args__ = (UniqueConstraint("department_id", "day"),)

    id: int | None = Field(default=None, sa_column=_key())
    department_id: int = Field(sa_column=_refers("department.id"))
    day: date
    made_at: datetime = Field(sa_column=_moment())


class CallListItem(SQLModel, table=True):
    """An appointment on a call list.

    Attributes:
        place: From 1; it never changes.
    """

    __tablename__ = "call_list_item"
    __table_args__ = {"sqlite_with_rowid": False}

    call_list_id: int = Field(
        sa_column=Column(Key, ForeignKey("call_list.id"), primary_key=True, autoincrement=False)
    )
    place: int = Field(primary_key=True)
    appointment_id: int = Field(sa_column=_refers("appointment.id", index=True))


class Call(SQLModel, table=True):
    """A call to a patient about an appointment, and how it ended.

    Attributes:
        action_id: The transfer that was proposed because the patient gave the slot back.
        undone_at: Since when it no longer holds: it was noted in error, or the patient said
            otherwise later.
    """

    id: int | None = Field(default=None, sa_column=_key())
    appointment_id: int = Field(sa_column=_refers("appointment.id", index=True))
    member_id: int = Field(sa_column=_refers("member.id"))
    outcome: CallOutcome = Field(sa_column=Column(Word(CallOutcome), nullable=False))
    at: datetime = Field(sa_column=_moment())
    action_id: int | None = Field(default=None, sa_column=_refers("action.id", nullable=True))
    undone_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


class Correction(SQLModel, table=True):
    """A recorded no-show that somebody excused, and why; in force until it is undone."""

    __table_args__ = (
        Index(
            "ix_correction_in_force",
            "appointment_id",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
        Index("ix_correction_at", "at"),
    )

    id: int | None = Field(default=None, sa_column=_key())
    appointment_id: int = Field(sa_column=_refers("appointment.id"))
    member_id: int = Field(sa_column=_refers("member.id"))
    reason: Excuse = Field(sa_column=Column(Word(Excuse), nullable=False))
    at: datetime = Field(sa_column=_moment())
    undone_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    undone_by: int | None = Field(default=None, sa_column=_refers("member.id", nullable=True))


class AuditEntry(SQLModel, table=True):
    """Who did what, when. Rows are only ever added; the database refuses anything else.

    Attributes:
        id: Without gaps, in the order of the chain.
        hash: SHA-256 of this row and the hash before it, in hexadecimal.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_at", "at"),
        Index("ix_audit_entry_member_id", "member_id"),
        Index("ix_audit_entry_department_id", "department_id"),
    )

    id: int | None = Field(default=None, sa_column=_key())
    at: datetime = Field(sa_column=_moment())
    member_id: int | None = Field(default=None, sa_column=_refers("member.id", nullable=True))
    event: str = Field(max_length=40)
    appointment_id: int | None = Field(
        default=None, sa_column=_refers("appointment.id", nullable=True, index=True)
    )
    department_id: int | None = Field(
        default=None, sa_column=_refers("department.id", nullable=True)
    )
    detail: str = Field(default="{}", sa_column=Column(String, nullable=False))
    hash: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": ""})


class AuditHead(SQLModel, table=True):
    """Where the audit chain ends; its one row is locked by who adds to the chain."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True)
    entry_id: int = Field(sa_column=Column(Key, nullable=False))
    hash: str = Field(max_length=64)


class Fact(SQLModel, table=True):
    """What the store knows about itself: the zone it was filled in."""

    name: str = Field(primary_key=True, max_length=40)
    value: str


class ModelRow(SQLModel, table=True):
    """A model that was trained. Its text lies in a file of that name.

    Attributes:
        kind: `boosted` or `forest`.
        sha256: Of the file, in hexadecimal.
        report: What its card tells, as a JSON object.
    """

    __tablename__ = "model"

    id: int | None = Field(default=None, sa_column=_key())
    name: str = Field(unique=True, max_length=40)
    kind: str = Field(max_length=16)
    made_at: datetime = Field(sa_column=_moment())
    sha256: str = Field(max_length=64)
    report: str = Field(sa_column=Column(String, nullable=False))


class ModelUse(SQLModel, table=True):
    """From when on which model is in charge; `None` is the rule alone. The last row holds."""

    __tablename__ = "model_use"

    id: int | None = Field(default=None, sa_column=_key())
    model_id: int | None = Field(default=None, sa_column=_refers("model.id", nullable=True))
    since: datetime = Field(sa_column=_moment())
    member_id: int | None = Field(default=None, sa_column=_refers("member.id", nullable=True))


class Rescore(SQLModel, table=True):
    """A patient whose coming appointments are to be scored anew."""

    patient_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))


class Repick(SQLModel, table=True):
    """A day whose most likely no-shows are to be singled out anew."""

    day: date = Field(primary_key=True)
