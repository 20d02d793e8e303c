"""The risk list: coming appointments of high-risk patients, most urgent first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select
from sqlmodel import Session, col

from domain.criteria import Selection
from domain.efficiency import Efficiency
from domain.statuses import OUTCOMES, Status
from domain.transfers import State
from storage.efficiency import efficiency
from storage.rescoring import USUAL_CAPACITY
from storage.selecting import Shape, at_risk, counted_at_risk, shape_of, values_of
from storage.slots import is_given_back
from storage.store import ask
from storage.tables import Appointment, Clinician, Department, Patient


@dataclass(frozen=True)
class RiskRow:
    """One line of a list. `age_group` is a position in `AGE_GROUPS`; `start` is UTC."""

    appointment_id: int
    reference: str
    department: str
    age_group: int
    start: datetime
    prior_no_shows: int
    action_state: State | None
    thousandths: int = 0
    """The chance as it is stored."""
    picked: bool = False
    """It is among the most likely no-shows of its department and day."""

    @property
    def chance(self) -> float | None:
        """That it becomes a no-show, 0–1; `None` while no model has said so."""
        return self.thousandths / 1000 if self.thousandths else None


@dataclass(frozen=True)
class RiskPage:
    """A page of the list, with what stands above it.

    Attributes:
        rows: The page.
        total: How many appointments the whole list has.
        undecided: How many of them wait for a decision: nothing authorised, nothing declined.
        efficiency: The figure within the same criteria.
    """

    rows: list[RiskRow]
    total: int
    undecided: int
    efficiency: Efficiency


@dataclass(frozen=True)
class Visit:
    """One earlier appointment of a patient."""

    start: datetime
    status: Status
    excused: bool
    department_id: int


@dataclass(frozen=True)
class Card:
    """An appointment in full. Times are UTC, `duration` is minutes."""

    row: RiskRow
    department_id: int
    patient_id: int
    status: Status
    booked_at: datetime | None
    clinician: str | None
    duration: int | None
    history: list[Visit]
    """Earlier appointments with a known outcome, oldest first."""
    given_back: bool = False
    """The patient gave the slot back in a call, and it is nobody's yet."""
    capacity: int = USUAL_CAPACITY
    """How many appointments of its department and day are singled out by their chance."""


def risk_page(session: Session, selection: Selection, offset: int, limit: int) -> RiskPage:
    """One page of the list, and its totals."""
    total, undecided = risk_totals(session, selection)
    return RiskPage(
        rows=risk_rows(session, selection, offset, limit),
        total=total,
        undecided=undecided,
        efficiency=efficiency(session, selection),
    )


def risk_rows(session: Session, selection: Selection, offset: int, limit: int) -> list[RiskRow]:
    """The rows `offset` to `offset + limit` of the list, most urgent first."""
    place = {"offset": offset, "limit": limit}
    rows = ask(session, _page(shape_of(selection)), values_of(selection) | place)
    return [RiskRow(*row) for row in rows]


def risk_totals(session: Session, selection: Selection) -> tuple[int, int]:
    """How many appointments the list has, and how many of them wait for a decision."""
    totals = ask(session, _totals(shape_of(selection)), values_of(selection))
    total, undecided = totals.one()
    return int(total), int(undecided)


def risk_by_department(session: Session, selection: Selection) -> list[tuple[int, str, int]]:
    """Departments of the selection with anything on the list: id, name, count; longest first."""
    by_department = _totals_by(Appointment.department_id, shape_of(selection))
    rows = ask(session, by_department, values_of(selection))
    names = departments(session)
    found = [(key, names[key], int(number)) for key, number in rows]
    return sorted(found, key=lambda row: (-row[2], row[1]))


def risk_by_age_group(session: Session, selection: Selection) -> dict[int, int]:
    """How many appointments of the list each age group has."""
    by_age_group = _totals_by(Appointment.age_group, shape_of(selection))
    rows = ask(session, by_age_group, values_of(selection))
    return {group: int(number) for group, number in rows}


def card(session: Session, appointment_id: int) -> Card | None:
    """An appointment with its patient's history, or `None` if there is none of that id."""
    found = session.execute(
        select(
            Appointment,
            col(Patient.reference),
            col(Department.name),
            col(Clinician.name),
            is_given_back(),
            func.coalesce(col(Department.capacity), USUAL_CAPACITY),
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(Department, col(Department.id) == col(Appointment.department_id))
        .join(Clinician, col(Clinician.id) == col(Appointment.clinician_id), isouter=True)
        .where(col(Appointment.id) == appointment_id)
    ).first()
    if found is None:
        return None
    appointment, reference, department, clinician, given_back, capacity = found
    return Card(
        row=RiskRow(
            appointment_id,
            reference,
            department,
            appointment.age_group,
            appointment.start,
            appointment.prior_no_shows,
            appointment.action_state,
            appointment.chance,
            appointment.picked,
        ),
        department_id=appointment.department_id,
        patient_id=appointment.patient_id,
        status=appointment.status,
        booked_at=appointment.booked_at,
        clinician=clinician,
        duration=appointment.duration,
        history=_history(session, appointment),
        given_back=given_back,
        capacity=capacity,
    )


def coming_of_patient(
    session: Session, reference: str, now: datetime, departments: Collection[int]
) -> list[RiskRow]:
    """A patient's booked appointments after `now` in some departments (none: all), soonest first.

    An unknown reference has none, like a patient of other departments.
    """
    conditions: list[ColumnElement[bool]] = [
        col(Patient.reference) == reference,
        col(Appointment.status) == Status.BOOKED,
        col(Appointment.start) > now,
    ]
    if departments:
        conditions.append(col(Appointment.department_id).in_(departments))
    rows = session.execute(
        _rows().where(*conditions).order_by(col(Appointment.start), col(Appointment.id))
    ).all()
    return [RiskRow(*row) for row in rows]


URGENCY: Final = (
    col(Appointment.chance).desc(),
    col(Appointment.prior_no_shows).desc(),
    col(Appointment.start),
    col(Appointment.id),
)
"""The most likely no-shows first; while no model says which, who missed most."""

_DEPARTMENTS: Final = select(col(Department.id), col(Department.name))


def departments(session: Session) -> dict[int, str]:
    """All departments: name by id."""
    return {row[0]: row[1] for row in ask(session, _DEPARTMENTS)}


def department_name(session: Session, department_id: int | None) -> str | None:
    """The name of a department; `None` for no department or an unknown one."""
    found = session.get(Department, department_id) if department_id else None
    return found.name if found else None


def is_undecided() -> ColumnElement[bool]:
    """Nothing was authorised and nothing declined about the appointment."""
    state = col(Appointment.action_state)
    return state.is_(None) | (state == State.PROPOSED)


@cache
def _page(shape: Shape) -> Select[*tuple[Any, ...]]:
    # The page is cut out of the index first, so that names are looked up for its rows alone.
    page = (
        select(col(Appointment.id))
        .where(*at_risk(shape))
        .order_by(*URGENCY)
        .offset(bindparam("offset", type_=Integer))
        .limit(bindparam("limit", type_=Integer))
        .subquery()
    )
    return _rows().join(page, page.c.id == col(Appointment.id)).order_by(*URGENCY)


@cache
def _totals(shape: Shape) -> Select[int, int]:
    undecided = func.count().filter(is_undecided())
    listed = counted_at_risk(shape, func.count().label("all"), undecided.label("undecided"))
    return select(func.sum(listed.c.all), func.sum(listed.c.undecided))


@cache
def _totals_by(column: int, shape: Shape) -> Select[int, int]:
    listed = counted_at_risk(shape, func.count().label("all"), by=col(column).label("key"))
    return select(listed.c.key, func.sum(listed.c.all)).group_by(listed.c.key)


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            col(Appointment.id),
            col(Patient.reference),
            col(Department.name),
            col(Appointment.age_group),
            col(Appointment.start),
            col(Appointment.prior_no_shows),
            col(Appointment.action_state),
            col(Appointment.chance),
            col(Appointment.picked),
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(Department, col(Department.id) == col(Appointment.department_id))
    )


def _history(session: Session, appointment: Appointment) -> list[Visit]:
    rows = session.execute(
        select(
            col(Appointment.start),
            col(Appointment.status),
            col(Appointment.excused),
            col(Appointment.department_id),
        )
        .where(
            col(Appointment.patient_id) == appointment.patient_id,
            col(Appointment.start) < appointment.start,
            col(Appointment.status).in_(OUTCOMES),
        )
        .order_by(col(Appointment.start), col(Appointment.id))
    ).all()
    return [Visit(*row) for row in rows]
