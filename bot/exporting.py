"""`export`: the audit trail and the actions as CSV."""

import csv
from typing import TextIO

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from storage import audit as trail
from storage.feeds.rejects import defused
from storage.tables import Action, Appointment, Department, MemberRow, Patient


def audit(session: Session, out: TextIO) -> None:
    """Write the audit trail, oldest first. Times are UTC."""
    writer = csv.writer(out)
    writer.writerow(["id", "at", "by", "event", "appointment_id", "detail"])
    for entry, name in trail.trail(session):
        writer.writerow(
            [
                entry.id,
                entry.at.isoformat(),
                defused(name or ""),
                entry.event,
                entry.appointment_id or "",
                entry.detail,
            ]
        )


def actions(session: Session, out: TextIO) -> None:
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
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if cell is None else defused(str(cell)) for cell in row])
