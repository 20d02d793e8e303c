"""A small HMO for tests: say who visits when, and it is imported through the product."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import numpy as np
from sqlmodel import Session

from domain.criteria import House
from domain.days import Calendar
from domain.people import Member, Role
from storage import invitations, joining
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.feeds.report import ImportReport
from storage.joining import Newcomer
from storage.store import Store

ZONE = ZoneInfo("Asia/Jerusalem")
HOUSE = House(Calendar(ZONE))
COLUMNS = (
    "appointment_id",
    "patient_id",
    "department",
    "start",
    "status",
    "booked_at",
    "age",
    "clinician",
)


@dataclass
class Hmo:
    """Rows of a feed, as of `now`."""

    now: datetime
    rows: list[dict[str, str]] = field(default_factory=list)

    def visit(
        self,
        patient: str,
        days: float,
        status: str = "booked",
        *,
        department: str = "Cardiology",
        age: int = 45,
        key: str | None = None,
        booked_days_ahead: float = 30,
    ) -> str:
        """Add an appointment `days` after now (before, if negative); returns its id."""
        start = self.now + timedelta(days=days)
        booked = min(start - timedelta(days=booked_days_ahead), self.now)
        appointment_id = key or f"A{len(self.rows) + 1}"
        self.rows.append(
            {
                "appointment_id": appointment_id,
                "patient_id": patient,
                "department": department,
                "start": start.isoformat(),
                "status": status,
                "booked_at": booked.isoformat(),
                "age": str(age),
                "clinician": f"Dr. {department}",
            }
        )
        return appointment_id

    def regular(
        self,
        patient: str,
        missed: int,
        *,
        coming: float = 1,
        came: int = 1,
        department: str = "Cardiology",
        age: int = 45,
    ) -> str:
        """A patient with so many missed visits and one that comes; returns the latter's id."""
        for number in range(missed):
            self.visit(patient, -40 - number, "noshow", department=department, age=age)
        for number in range(came):
            self.visit(patient, -20 - number, "fulfilled", department=department, age=age)
        return self.visit(patient, coming, department=department, age=age)

    def csv(self) -> bytes:
        """The feed."""
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue().encode()

    def load(self, store: Store, now: datetime | None = None) -> ImportReport:
        """Import it."""
        return load_file(store, self.csv(), now or self.now)


def join(
    store: Store,
    role: Role,
    telegram_id: int,
    name: str,
    now: datetime,
    departments: tuple[str, ...] = (),
) -> Member:
    """Invite a person and let them join."""

    def work(session: Session) -> Member:
        code = invitations.invite(session, role, departments, now)
        newcomer = Newcomer(telegram_id, telegram_id, name)
        member = joining.redeem(session, code, newcomer, now).member
        assert member is not None
        return member

    return store.write_now(work)


def load(store: Store, header: str, lines: Iterable[str], now: datetime) -> ImportReport:
    """Import a file of any kind, given by its lines."""
    return load_file(store, "\n".join([header, *lines, ""]).encode(), now)


def load_file(store: Store, content: bytes, now: datetime) -> ImportReport:
    """Import a file through the product."""
    with TemporaryDirectory() as folder:
        return import_file(
            store,
            io.BytesIO(content),
            name="hmo.csv",
            mapping=Mapping(),
            calendar=HOUSE.calendar,
            now=now,
            chance=np.random.default_rng(7),
            rejects=Path(folder, "rejects.csv"),
        )
