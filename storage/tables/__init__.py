"""The tables, by what is kept in them. Migrations in `storage/migrations` create them.

`docs/architecture.md` tells why they are as they are.
"""

from typing import Protocol

from storage.tables.backfills import (
    BackfillRow,
    ClinicSession,
    Notice,
    OfferRow,
    OptOut,
    PatientAnswer,
    PolicyRow,
    ReplyRow,
    Trial,
    TrialPatient,
    Waiting,
)
from storage.tables.calls import Call, CallList, CallListItem
from storage.tables.decisions import Action, Batch, BatchItem, Correction
from storage.tables.messages import OpenMessage, Push
from storage.tables.people import Invitation, MemberDepartment, MemberRow, PushChoice, Stranger
from storage.tables.plans import SentPlan
from storage.tables.prediction import ModelRow, ModelUse, Repick, Rescore
from storage.tables.schedule import Appointment, Clinician, DailyCount, Department, Fact, Patient
from storage.tables.trail import AuditEntry, AuditHead

__all__ = [
    "Action",
    "Appointment",
    "AuditEntry",
    "AuditHead",
    "BackfillRow",
    "Batch",
    "BatchItem",
    "Call",
    "CallList",
    "CallListItem",
    "ClinicSession",
    "Clinician",
    "Correction",
    "DailyCount",
    "Department",
    "Fact",
    "Invitation",
    "MemberDepartment",
    "MemberRow",
    "ModelRow",
    "ModelUse",
    "Notice",
    "OfferRow",
    "OpenMessage",
    "OptOut",
    "Patient",
    "PatientAnswer",
    "PolicyRow",
    "Push",
    "PushChoice",
    "Repick",
    "ReplyRow",
    "Rescore",
    "SentPlan",
    "Stranger",
    "Trial",
    "TrialPatient",
    "Waiting",
    "key_of",
]


class Keyed(Protocol):
    """Anything with a generated key."""

    id: int | None


def key_of(row: Keyed) -> int:
    """The key of a row that the database has given one."""
    if row.id is None:
        raise ValueError("the row was not flushed")
    return row.id
