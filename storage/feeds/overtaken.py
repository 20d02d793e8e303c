"""What a patient said by phone or message and the HMO's own word has overtaken.

A slot that was given back is offered for a transfer. Once the feed gives the appointment to another
patient, another start, or any status but `cancelled`, what was said holds no longer, and neither
does that transfer. Nothing more is done about a coming slot that the feed moves, hands to another
patient or department, gives another status, or fills itself.
"""
# ruff: noqa: S608 - statements are made of this module's constants; values are bound

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import column, insert, or_, select, table, update
from sqlmodel import Session, col

from domain.answers import Answer
from domain.backfills import FREE
from domain.backfills import OPEN as FOLLOWED
from domain.calls import CallOutcome
from domain.chain import Entry
from domain.pushes import PushKind
from domain.statuses import Status
from domain.transfers import OPEN, Act, Kind, State
from storage import audit, backfills, outbox
from storage.actions import PUSHED_DECISION, furthest_state
from storage.feeds.staging import Staging
from storage.tables import Action, Appointment, BackfillRow, Call, PatientAnswer
from storage.taken import is_taken

OVERTAKEN: Final = "changed in the HMO's own system"

_FOUND: Final = table("feed_overtaken", *map(column, ("call", "answer", "appointment", "action")))
_TOLD: Final = ("status", "start", "patient_id", "department_id")
"""What a backfill and all that was said hold for."""
_CHANGE: Final = table("feed_change", *map(column, ("id", *_TOLD)))


class _Transfer(NamedTuple):
    """A transfer that was revoked."""

    id: int
    appointment_id: int
    kind: Kind
    proposed_by: int | None
    decided_by: int | None

    @property
    def event(self) -> str:
        return Act.WITHDRAW if self.decided_by is None else Act.UNDO


def end_overtaken(staged: Staging, now: datetime, member_id: int | None) -> list[Entry]:
    """End what the changes in `feed_change` overtake, with all that follows from it.

    To be called while the appointments are as they were, but off the rollup: what is revoked
    changes what they add to it.

    Returns:
        What the audit trail is to say of it.
    """
    _end_backfills(staged, now)
    staged.run(_FIND_CALLS)
    staged.run(_FIND_ANSWERS)
    if not staged.one("SELECT count(*) FROM feed_overtaken"):
        return []
    with Session(staged.connection) as session:
        session.execute(
            update(PatientAnswer)
            .where(col(PatientAnswer.id).in_(select(_FOUND.c.answer)))
            .values(undone_at=now)
        )
        calls = session.execute(
            update(Call)
            .where(col(Call.id).in_(select(_FOUND.c.call)))
            .values(undone_at=now)
            .returning(col(Call.id), col(Call.appointment_id), col(Call.outcome))
        ).all()
        transfers = _revoke(session, now)
        for transfer in transfers:
            _tell(session, transfer, now, member_id)
        session.flush()
    by: dict[str, Any] = {"at": now, "member_id": member_id}
    return [
        *(
            audit.entry("undo call", appointment_id=about, call=call, outcome=outcome, **by)
            for call, about, outcome in sorted(calls)
        ),
        *(
            audit.entry(
                it.event, appointment_id=it.appointment_id, action=it.id, kind=it.kind, **by
            )
            for it in sorted(transfers)
        ),
    ]


_COMES_ANEW: Final = f"""
    known.status = '{Status.CANCELLED}'
    AND (new.status <> '{Status.CANCELLED}' OR new.start <> known.start
        OR new.patient_id <> known.patient_id)
"""
_IS_ANOTHER: Final = "(new.start <> known.start OR new.patient_id <> known.patient_id)"
_FIND_CALLS: Final = f"""
    INSERT INTO feed_overtaken (call, appointment, action)
    SELECT call.id, known.id, call.action_id
    FROM feed_change AS new
    JOIN appointment AS known ON known.id = new.id
    JOIN call ON call.appointment_id = known.id
    WHERE call.undone_at IS NULL AND (
        call.outcome = '{CallOutcome.CANCELS}' AND {_COMES_ANEW}
        OR call.outcome = '{CallOutcome.CONFIRMED}' AND {_IS_ANOTHER}
    )
"""
_FIND_ANSWERS: Final = f"""
    INSERT INTO feed_overtaken (answer, appointment, action)
    SELECT said.id, known.id, said.action_id
    FROM feed_change AS new
    JOIN appointment AS known ON known.id = new.id
    JOIN patient_answer AS said ON said.appointment_id = known.id
    WHERE said.answer = '{Answer.CANCEL}' AND said.undone_at IS NULL AND {_COMES_ANEW}
"""


def _end_backfills(staged: Staging, now: datetime) -> None:
    """End those of coming slots, with what their patients have said of them.

    Their transfers are found as overtaken, so that each can be proposed anew as things are now.
    What became of a slot that has started is told by its status.
    """
    changed = (
        select(col(Appointment.id))
        .join(_CHANGE, _CHANGE.c.id == col(Appointment.id))
        .where(
            col(Appointment.start) > now,
            or_(*(_CHANGE.c[name] != getattr(Appointment, name) for name in _TOLD)),
        )
    )
    ended = col(BackfillRow.appointment_id).in_(changed)
    transfers = select(col(BackfillRow.appointment_id), col(BackfillRow.action_id)).where(
        ended, col(BackfillRow.stage).in_(FOLLOWED)
    )
    with Session(staged.connection) as session:
        session.execute(insert(_FOUND).from_select(["appointment", "action"], transfers))
        backfills.end_for(session, ended, now)
        session.execute(
            update(PatientAnswer)
            .where(
                col(PatientAnswer.appointment_id).in_(changed),
                col(PatientAnswer.answer) != Answer.CANCEL,
                col(PatientAnswer.undone_at).is_(None),
            )
            .values(undone_at=now)
            .execution_options(synchronize_session=False)
        )
        session.flush()


def end_taken(staged: Staging, now: datetime) -> None:
    """End the backfills of free slots that the HMO has filled itself, as the appointments are now.

    Their transfers stay: the HMO has carried them out.
    """
    taken = (
        select(col(BackfillRow.id))
        .join(Appointment, col(Appointment.id) == col(BackfillRow.appointment_id))
        .where(col(BackfillRow.stage).in_(FREE), is_taken())
    )
    with Session(staged.connection) as session:
        backfills.end_for(session, col(BackfillRow.id).in_(taken), now)
        session.flush()


def _revoke(session: Session, now: datetime) -> list[_Transfer]:
    """Revoke the transfers, also those that are authorized: the slot they gave away is no more."""
    revoked = session.execute(
        update(Action)
        .where(col(Action.id).in_(select(_FOUND.c.action)), col(Action.state).in_(OPEN))
        .values(state=State.REVOKED, revoked_at=now, reason=OVERTAKEN)
        .returning(*(getattr(Action, name) for name in _Transfer._fields))
    ).all()
    session.execute(
        update(Appointment)
        .where(col(Appointment.id).in_(select(_FOUND.c.appointment)))
        .values(action_state=furthest_state())
    )
    return [_Transfer(*row) for row in revoked]


def _tell(session: Session, revoked: _Transfer, now: datetime, by_id: int | None) -> None:
    """Push what became of it to who proposed and who authorized it."""
    address = f"{PUSHED_DECISION}:{revoked.id}"
    for to in {revoked.proposed_by, revoked.decided_by}:
        if to not in (None, by_id):
            key = f"{address}:{State.REVOKED}:{to}"
            outbox.enqueue(session, to, address, now, key=key, kind=PushKind.DECISION)
