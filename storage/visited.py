"""What the earlier visits of waiting patients say: how often they missed, and when they came."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlmodel import Session, col

from domain.balance.times import ANY_TIME, Times, part_of, times_of
from domain.days import Calendar
from domain.statuses import ATTENDED, Status
from domain.waiting import chance_to_miss
from storage.tables import Appointment

Counts = list[int]
"""Visits in the morning, at midday and in the afternoon."""


@dataclass
class Past:
    """What is known of one patient.

    Attributes:
        missed: No-shows, excused ones left out.
        visits: Those and the visits that they came to.
        oldest: The highest age on any appointment, which is that on the last one (whole years).
        by_department: When they came, by department.
    """

    missed: int = 0
    visits: int = 0
    oldest: int | None = None
    by_department: dict[int, Counts] = field(default_factory=dict)


class Pasts:
    """What is known of the patients who wait, and of the departments that they came to.

    A department's usual mix of hours is that of all who wait.

    Args:
        session: The unit of work.
        patients: A question that gives their keys.
        calendar: The HMO's, whose hours count.
    """

    def __init__(self, session: Session, patients: Select[int], calendar: Calendar) -> None:
        self._past: dict[int, Past] = defaultdict(Past)
        self._usual: dict[int, Counts] = defaultdict(lambda: [0, 0, 0])
        rows = session.execute(
            select(
                col(Appointment.patient_id),
                col(Appointment.department_id),
                col(Appointment.start),
                col(Appointment.age),
                col(Appointment.status),
                col(Appointment.excused),
            ).where(
                col(Appointment.patient_id).in_(patients),
                col(Appointment.status) != Status.ENTERED_IN_ERROR,
            )
        )
        for patient_id, department_id, start, age, status, excused in rows:
            past = self._past[patient_id]
            if age is not None:
                past.oldest = max(age, past.oldest or 0)
            if status in ATTENDED:
                past.visits += 1
                part = _part_of(start, calendar.zone)
                past.by_department.setdefault(department_id, [0, 0, 0])[part] += 1
                self._usual[department_id][part] += 1
            elif status is Status.NOSHOW and not excused:
                past.visits += 1
                past.missed += 1

    def chance_to_miss(self, patient_id: int) -> float:
        """How likely a patient misses a visit, by how often they did (0–1)."""
        past = self._past[patient_id]
        return chance_to_miss(past.missed, past.visits)

    def oldest(self, patient_id: int) -> int | None:
        """A patient's age on their last appointment (whole years), if the feed told it."""
        return self._past[patient_id].oldest

    def times(self, patient_id: int, department_id: int) -> Times:
        """At which part of the day a patient is likely to take a slot of a department."""
        counts = self._past[patient_id].by_department.get(department_id)
        if counts is None:
            return ANY_TIME
        morning, midday, afternoon = counts
        usual_morning, usual_midday, usual_afternoon = self._usual[department_id]
        return times_of(
            (morning, midday, afternoon), (usual_morning, usual_midday, usual_afternoon)
        )


def _part_of(start: datetime, zone: ZoneInfo) -> int:
    local = start.astimezone(zone)
    return part_of(local.hour * 60 + local.minute)
