"""The audit trail: who did what, when. Rows are only ever added."""

import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from storage.tables import AuditEntry, MemberRow


def record(
    session: Session,
    event: str,
    *,
    at: datetime,
    member_id: int | None = None,
    appointment_id: int | None = None,
    department_id: int | None = None,
    **detail: object,
) -> None:
    """Add one row to the trail, in the transaction of what it tells about.

    Args:
        session: The unit of work.
        event: What happened, one or two words, e.g. `authorize`.
        at: When (aware).
        member_id: Who did it; `None` for the command line.
        appointment_id: What it was about, if it was about one appointment.
        department_id: … or about one department; that of the appointment need not be given.
        detail: Further facts; never a patient's name, phone number or national id.
    """
    session.add(
        AuditEntry(
            at=at,
            member_id=member_id,
            event=event,
            appointment_id=appointment_id,
            department_id=department_id,
            detail=json.dumps(detail, ensure_ascii=False, default=str),
        )
    )


def trail(session: Session) -> Iterator[tuple[AuditEntry, str | None]]:
    """All rows, oldest first, each with the name of who did it; read in portions."""
    wanted = (
        select(AuditEntry, col(MemberRow.name))
        .join(MemberRow, col(MemberRow.id) == col(AuditEntry.member_id), isouter=True)
        .order_by(col(AuditEntry.id))
        .execution_options(yield_per=1000)
    )
    yield from ((entry, name) for entry, name in session.execute(wanted))
