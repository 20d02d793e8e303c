"""What the sample HMO tells once time has passed: who came, who did not, who cancelled.

It is a file like any other and comes in through the product. Each appointment has its fate from
the beginning (`sample`), so the demo's future is as likely as its past; but who said that they
come, and who took a slot that was offered, comes. A slot that Slotwise booked anew has been entered
at the HMO's front desk under a number of its own.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import exists, select
from sqlmodel import Session, col

from bot.demo.sample import sample_rows
from domain.answers import Answer
from domain.backfills import Stage
from domain.days import Calendar
from domain.statuses import Status
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.store import Store
from storage.tables import Appointment, BackfillRow, Department, Patient, PatientAnswer

COLUMNS: Final = ("appointment_id", "patient_id", "department", "start", "status")
_OWN_NUMBER: Final = "APT-9{:05}"


@dataclass(frozen=True)
class SampleFeed:
    """The sample HMO's system.

    Attributes:
        store: The demo's database.
        folder: Where the files are written.
        calendar: The HMO's.
        began: The moment at which the sample was made (aware).
    """

    store: Store
    folder: Path
    calendar: Calendar
    began: datetime

    def tell(self, now: datetime) -> int:
        """Import what has become of appointments by `now` (aware) that Slotwise knows as booked.

        Takes a few seconds; nothing is told twice.

        Returns:
            How many appointments were told of.
        """
        rows = list(self._news(now))
        if rows:
            file = self.folder / f"outcomes-{now:%Y%m%dT%H%M%S}.csv"
            with file.open("w", encoding="utf-8", newline="") as target:
                writer = csv.writer(target, lineterminator="\n")
                writer.writerows((COLUMNS, *rows))
            import_file(
                self.store,
                file,
                name=file.name,
                mapping=Mapping(),
                calendar=self.calendar,
                now=now,
                chance=np.random.default_rng(len(rows)),
                rejects=self.folder / "rejects.csv",
            )
        return len(rows)

    def _news(self, now: datetime) -> Iterator[tuple[str, str, str, str, str]]:
        minute = self.began.replace(second=0, microsecond=0)
        fates = {
            row["appointment_id"]: Status(row["status"])
            for row in sample_rows(minute, self.calendar.zone, later=now)
            if row["status"] != Status.BOOKED
        }
        for booked in self.store.read_now(_booked):
            number, fate = booked.number, fates.get(booked.number)
            if booked.key is not None:
                number = _OWN_NUMBER.format(booked.key)
            if booked.is_sure:
                fate = Status.FULFILLED if booked.start <= now else None
            if fate is not None:
                start = booked.start.astimezone(self.calendar.zone).isoformat()
                yield number, booked.patient, booked.department, start, fate.value


@dataclass(frozen=True)
class _Booked:
    """An appointment that is booked as far as Slotwise knows.

    Attributes:
        number: The HMO's, or Slotwise's own.
        key: Of the appointment if Slotwise has booked it; else `None`.
        is_sure: Whether its patient accepted it, or said that they come.
    """

    number: str
    patient: str
    department: str
    start: datetime
    key: int | None
    is_sure: bool


def _booked(session: Session) -> list[_Booked]:
    ours = exists().where(col(BackfillRow.replacement_id) == col(Appointment.id))
    confirmed = exists().where(
        col(PatientAnswer.appointment_id) == col(Appointment.id),
        col(PatientAnswer.answer) == Answer.CONFIRM,
        col(PatientAnswer.undone_at).is_(None),
    )
    kept = exists().where(
        col(BackfillRow.appointment_id) == col(Appointment.id),
        col(BackfillRow.stage) == Stage.KEPT,
    )
    rows = session.execute(
        select(
            col(Appointment.id),
            col(Appointment.external_id),
            col(Patient.external_id),
            col(Department.name),
            col(Appointment.start),
            ours.correlate(Appointment),
            confirmed.correlate(Appointment) | kept.correlate(Appointment),
        )
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(Department, col(Department.id) == col(Appointment.department_id))
        .where(col(Appointment.status) == Status.BOOKED)
        .order_by(col(Appointment.start), col(Appointment.id))
    )
    return [
        _Booked(number, patient, name, start, key if is_ours else None, is_ours or says_so)
        for key, number, patient, name, start, is_ours, says_so in rows
    ]
