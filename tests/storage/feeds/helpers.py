"""Feeds to import, and looks into the store afterwards."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from storage import counters
from storage.feeds.report import ImportReport
from storage.store import Store
from storage.tables import Appointment, Patient

TakeIn = Callable[..., ImportReport]

HEADER = "appointment_id,patient_id,department,start,status"
MANY = "".join(f"A{n},P{n % 7},Eyes,2026-11-0{n % 9 + 1},noshow\n" for n in range(3_000))

TABLES = ("appointment", "patient", "department", "clinician", "daily_count", "fact", "audit_entry")


def contents(store: Store, *tables: str) -> dict[str, list[Any]]:
    def work(session: Session) -> dict[str, list[Any]]:
        return {
            table: sorted(map(repr, session.execute(text(f"SELECT * FROM {table}"))))  # noqa: S608
            for table in tables or TABLES
        }

    return store.read_now(work)


def appointment(store: Store, external_id: str) -> Appointment:
    def work(session: Session) -> Appointment:
        return session.exec(
            select(Appointment).where(col(Appointment.external_id) == external_id)
        ).one()

    return store.read_now(work)


def patient(store: Store, external_id: str) -> Patient:
    def work(session: Session) -> Patient:
        return session.exec(select(Patient).where(col(Patient.external_id) == external_id)).one()

    return store.read_now(work)


def is_true(store: Store) -> bool:
    return store.read_now(counters.verify) == []
