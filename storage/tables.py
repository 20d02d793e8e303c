"""The tables. Migrations in `storage/migrations` create them; `docs/architecture.md` tells why.

Two columns and one table are *kept up to date* rather than computed when asked, always in the
transaction that changes what they depend on (`storage/counters.py`):
`Appointment.prior_no_shows`, `Appointment.action_state` and the rollup `DailyCount`.
"""

from datetime import date, datetime
from typing import Protocol

from sqlalchemy import Column, ForeignKey, Index, String, text
from sqlmodel import Field, SQLModel

from domain.people import Role
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
    """

    id: int | None = Field(default=None, sa_column=_key())
    name: str = Field(unique=True, max_length=200)
    figures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    outcomes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


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
            sqlite_where=text("status = 'booked'"),
            postgresql_where=text("status = 'booked'"),
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
    """A person who was invited and came. `domain.people.Member` is what the rest works with."""

    __tablename__ = "member"

    id: int | None = Field(default=None, sa_column=_key())
    telegram_id: int = Field(sa_column=Column(Key, unique=True, nullable=False))
    chat_id: int = Field(sa_column=Column(Key, nullable=False))
    name: str = Field(max_length=100)
    role: Role = Field(sa_column=Column(Word(Role), nullable=False))
    suspended: bool = False
    reachable: bool = True
    joined_at: datetime = Field(sa_column=_moment())


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
    expires_at: datetime = Field(sa_column=_moment())
    used_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))


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
    """A message whose figures are kept true.

    Attributes:
        address: Which screen it shows.
        department_id: The one department that the screen is about, or none for all.
        version: The sum of `Department.figures` over those departments when it was shown.
        digest: Of what it shows, so that an edit that changes nothing is spared.
    """

    __tablename__ = "open_message"

    chat_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))
    message_id: int = Field(sa_column=Column(Key, primary_key=True, autoincrement=False))
    member_id: int = Field(sa_column=_refers("member.id"))
    address: str = Field(max_length=64)
    department_id: int | None = Field(
        default=None, sa_column=_refers("department.id", nullable=True)
    )
    version: int
    digest: str = Field(max_length=16)
    shown_at: datetime = Field(sa_column=_moment())


class Push(SQLModel, table=True):
    """The outbox: something to be told to one person, written with the decision that causes it."""

    __table_args__ = (
        Index(
            "ix_push_due",
            "due_at",
            "id",
            sqlite_where=text("state IN ('waiting', 'sending')"),
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
    )

    id: int | None = Field(default=None, sa_column=_key())
    key: str = Field(unique=True, max_length=100)
    member_id: int = Field(sa_column=_refers("member.id"))
    address: str = Field(max_length=64)
    silent: bool = False
    state: str = Field(default="waiting", max_length=16)
    attempts: int = 0
    created_at: datetime = Field(sa_column=_moment())
    due_at: datetime = Field(sa_column=_moment())
    sent_at: datetime | None = Field(default=None, sa_column=_moment(nullable=True))
    message_id: int | None = Field(default=None, sa_column=Column(Key, nullable=True))
    problem: str | None = Field(default=None, max_length=200)


class AuditEntry(SQLModel, table=True):
    """Who did what, when. Rows are only ever added."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, sa_column=_key())
    at: datetime = Field(sa_column=_moment())
    member_id: int | None = Field(default=None, sa_column=_refers("member.id", nullable=True))
    event: str = Field(max_length=40)
    appointment_id: int | None = Field(
        default=None, sa_column=_refers("appointment.id", nullable=True, index=True)
    )
    detail: str = Field(default="{}", sa_column=Column(String, nullable=False))


class Fact(SQLModel, table=True):
    """What the store knows about itself: the zone it was filled in."""

    name: str = Field(primary_key=True, max_length=40)
    value: str
