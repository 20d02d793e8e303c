"""The schedule as the feed tells it, and its daily rollup.

Three columns and one table are *kept up to date* rather than computed when asked, always in the
transaction that changes what they depend on (`storage/counters.py`): `prior_no_shows`,
`action_state` and `excused` of `Appointment`, and the rollup `DailyCount`.
"""

from datetime import date, datetime

from sqlalchemy import Column, Index, false, text
from sqlmodel import Field, SQLModel

from domain.statuses import Status
from domain.transfers import State
from storage.columns import Key, Word, generated_key, key_part, moment, refers


class Department(SQLModel, table=True):
    """A department (or clinic) of the HMO.

    `figures` and `outcomes` are versions: they grow whenever the Efficiency Gain, or the known
    outcomes, of the department may have changed.

    Attributes:
        capacity: How many appointments of a day are singled out by their chance; `None` for the
            usual number.
    """

    id: int | None = Field(default=None, sa_column=generated_key())
    name: str = Field(unique=True, max_length=200)
    figures: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    outcomes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    capacity: int | None = None


class Clinician(SQLModel, table=True):
    """A person or room that sees patients, by the name the feed uses."""

    id: int | None = Field(default=None, sa_column=generated_key())
    name: str = Field(unique=True, max_length=200)


class Patient(SQLModel, table=True):
    """A patient. Outside the store a patient is only ever `reference`.

    Attributes:
        consent: Whether they agreed to be written to; `None`: nobody has said, which is no.
    """

    id: int | None = Field(default=None, sa_column=generated_key())
    external_id: str = Field(unique=True, max_length=100)
    reference: str = Field(unique=True, max_length=10)
    birth_date: date | None = None
    sex: str | None = Field(default=None, max_length=20)
    language: str | None = Field(default=None, max_length=20)
    phone: str | None = Field(default=None, max_length=40)
    email: str | None = Field(default=None, max_length=200)
    consent: bool | None = None


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
            "ix_appointment_clinician",
            "clinician_id",
            "start",
            "status",
            "department_id",
            "duration",
        ),
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
        Index(
            "ix_appointment_actioned",
            "start",
            "department_id",
            "age_group",
            "chance",
            sqlite_where=text("status = 'booked' AND action_state = 'authorized'"),
            postgresql_where=text("status = 'booked' AND action_state = 'authorized'"),
        ),
    )

    id: int | None = Field(default=None, sa_column=generated_key())
    external_id: str = Field(unique=True, max_length=100)
    patient_id: int = Field(sa_column=refers("patient.id"))
    department_id: int = Field(sa_column=refers("department.id"))
    clinician_id: int | None = Field(sa_column=refers("clinician.id", nullable=True))
    start: datetime = Field(sa_column=moment())
    day: date
    status: Status = Field(sa_column=Column(Word(Status), nullable=False))
    booked_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
    age: int | None = None
    age_group: int
    duration: int | None = None
    reminder_sent: bool | None = None
    prior_no_shows: int = 0
    action_state: State | None = Field(default=None, sa_column=Column(Word(State), nullable=True))
    excused: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    released_at: datetime | None = Field(default=None, sa_column=moment(nullable=True))
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
    department_id: int = Field(sa_column=key_part("department.id"))
    age_group: int = Field(primary_key=True)
    scheduled: int = 0
    attended: int = 0
    no_shows: int = 0
    actioned: int = 0


class Fact(SQLModel, table=True):
    """What the store knows about itself: the zone it was filled in."""

    name: str = Field(primary_key=True, max_length=40)
    value: str
