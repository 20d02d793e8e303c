"""`export`: the audit trail, the actions and the patients' references, as CSV or JSON lines."""

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TextIO

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from storage.audit import record
from storage.feeds.rejects import defused
from storage.tables import Action, Appointment, Department, MemberRow, Patient
from storage.trail import TRAIL_COLUMNS, whole_trail


class Format(StrEnum):
    """How a table is written."""

    CSV = "csv"
    JSONL = "jsonl"


def audit(session: Session, out: TextIO, form: Format = Format.CSV) -> None:
    """Write the audit trail, oldest first. Times are UTC.

    As JSON lines each row can be checked by another program: see `docs/operations.md`.
    """
    _write(out, form, TRAIL_COLUMNS, whole_trail(session))


def actions(session: Session, out: TextIO, form: Format = Format.CSV) -> None:
    """Write every action, oldest first: about what, by whom, decided how. Times are UTC."""
    proposer, decider = aliased(MemberRow), aliased(MemberRow)
    columns = {
        "id": col(Action.id),
        "reference": col(Patient.reference),
        "department": col(Department.name),
        "start": col(Appointment.start),
        "kind": col(Action.kind),
        "state": col(Action.state),
        "note": col(Action.note),
        "proposed_by": col(proposer.name),
        "proposed_at": col(Action.proposed_at),
        "decided_by": col(decider.name),
        "decided_at": col(Action.decided_at),
        "reason": col(Action.reason),
        "revoked_at": col(Action.revoked_at),
        "batch": col(Action.batch_id),
    }
    rows = session.execute(
        select(*columns.values())
        .join(Appointment, col(Appointment.id) == col(Action.appointment_id))
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(Department, col(Department.id) == col(Appointment.department_id))
        .join(proposer, col(proposer.id) == col(Action.proposed_by), isouter=True)
        .join(decider, col(decider.id) == col(Action.decided_by), isouter=True)
        .order_by(col(Action.id))
        .execution_options(yield_per=1000)
    )
    _write(out, form, tuple(columns), rows)


def references(session: Session, out: TextIO, form: Format = Format.CSV) -> None:
    """Write which reference stands for which of the HMO's patients.

    Loaded into the HMO's own system, it lets staff find who a reference in a chat is.
    """
    columns = {"reference": col(Patient.reference), "patient_id": col(Patient.external_id)}
    rows = session.execute(
        select(*columns.values()).order_by(col(Patient.reference)).execution_options(yield_per=1000)
    )
    _write(out, form, tuple(columns), rows)


def note(session: Session, what: str, now: datetime) -> None:
    """Record in the audit trail that `what` is exported, before anything is written."""
    record(session, f"export {what}", at=now)


def _write(
    out: TextIO, form: Format, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    if form is Format.JSONL:
        for row in rows:
            cells = dict(zip(columns, map(_plain, row), strict=True))
            out.write(json.dumps(cells, ensure_ascii=False) + "\n")
        return
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in map(_plain, row)])


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def _cell(value: object) -> object:
    """For CSV: text is defused, nothing is empty."""
    if value is None:
        return ""
    return defused(value) if isinstance(value, str) else value
