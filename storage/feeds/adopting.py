"""What Slotwise has booked and the HMO has booked since: the same visit, so one appointment.

Our booking carries an external id of our own until the feed brings a row of the same patient,
department and start: then it takes over that row's id, and the merge goes on as if it had always
been the HMO's. If the HMO moved the patient's earlier appointment there, which was given back when
they accepted the slot, the two change their ids.
"""
# ruff: noqa: S608 - statements are made of this module's constants; values are bound

from datetime import datetime
from typing import Final

from sqlalchemy import column, select, table

from domain.chain import Entry
from domain.statuses import NOT_SCHEDULED, Status
from storage import audit
from storage.bookings import OURS
from storage.feeds.staging import Staging

_OURS: Final = f"""
    INSERT INTO feed_ours (patient, department, start, id)
    SELECT patient.external_id, department.number, ours.start, min(ours.id)
    FROM backfill
    JOIN appointment AS ours ON ours.id = backfill.replacement_id
    JOIN patient ON patient.id = ours.patient_id
    JOIN feed_department AS department ON department.id = ours.department_id
    WHERE ours.status = '{Status.BOOKED}' AND ours.external_id LIKE '{OURS}%'
    GROUP BY patient.external_id, department.number, ours.start
"""
_NOT_BOOKED: Final = ", ".join(f"'{status}'" for status in sorted(NOT_SCHEDULED))

# A cancelled row is none of ours, which would be cancelled by it: rather an older booking.
_ADOPTED: Final = f"""
    INSERT INTO feed_adopted (id, name, other)
    SELECT ours.id, feed.appointment, known.id
    FROM feed_row AS feed
    JOIN feed_ours AS ours ON ours.patient = feed.patient
        AND ours.department = feed.department AND ours.start = feed.start
    LEFT JOIN appointment AS known ON known.external_id = feed.appointment
    WHERE feed.status NOT IN ({_NOT_BOOKED}) AND feed.appointment NOT LIKE '{OURS}%'
        AND (known.id IS NULL OR known.status = '{Status.CANCELLED}'
            AND known.released_at IS NOT NULL AND known.start <> feed.start)
    ORDER BY feed.line
    ON CONFLICT (id) DO NOTHING
"""

# Ids are unique at every moment, so the one that gives its own away gets another first.
_RENAME: Final = (
    f"""
    UPDATE appointment SET external_id = '{OURS}moved-' || id
    WHERE id IN (SELECT other FROM feed_adopted)
    """,
    """
    UPDATE appointment SET external_id = adopted.name
    FROM feed_adopted AS adopted WHERE adopted.id = appointment.id
    """,
)

_FOUND: Final = table("feed_adopted", column("id"))


def adopt(staged: Staging, now: datetime, member_id: int | None) -> list[Entry]:
    """Give our bookings the ids of the rows that the feed has of them.

    To be called once patients and departments are known, before changes are looked for.

    Returns:
        What the audit trail is to say of it.
    """
    if not staged.run(_OURS) or not staged.run(_ADOPTED):
        return []
    for statement in _RENAME:
        staged.run(statement)
    adopted = staged.connection.scalars(select(_FOUND.c.id).order_by(_FOUND.c.id)).all()
    return [
        audit.entry("adopt booking", at=now, member_id=member_id, appointment_id=key)
        for key in adopted
    ]
