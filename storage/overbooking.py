"""Overbooking: what the chances of coming days would bear. Advice, never carried out."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session, col

from domain.balance.overbooking import Advice, advise
from domain.days import Span
from storage.selecting import IS_BOOKED
from storage.tables import Appointment


@dataclass(frozen=True)
class DayAdvice:
    """What one day of a department would bear.

    Attributes:
        booked: Appointments.
        known: How many of them have a chance; the others are taken to come.
    """

    day: date
    booked: int
    known: int
    advice: Advice


def overbooking(session: Session, department_id: int, span: Span) -> list[DayAdvice]:
    """What each day of a department would bear; days without appointments are left out."""
    rows = session.execute(
        select(col(Appointment.day), col(Appointment.chance))
        .where(
            IS_BOOKED,
            col(Appointment.day).between(span.first, span.last),
            col(Appointment.department_id) == department_id,
        )
        .order_by(col(Appointment.day))
    )
    of_day: dict[date, list[int]] = defaultdict(list)
    for day, chance in rows:
        of_day[day].append(chance)
    return [
        DayAdvice(
            day,
            len(chances),
            sum(chance > 0 for chance in chances),
            advise(chance / 1000 for chance in chances),
        )
        for day, chances in of_day.items()
    ]
