"""Retention: patients become anonymous, and what was sent or listed is deleted, once it is old.

Nothing that is counted changes: an anonymous patient's appointments stay, with their department,
time, status and age, so every rate and every kept counter is the same afterwards. The audit trail
is never touched; it names appointments by key, and holds no patient's data.

All of it is done in small portions, each a transaction that holds `_TURN`: of several processes
one tidies, and people's decisions pass in between.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

import numpy as np
from sqlalchemy import (
    Connection,
    Delete,
    Select,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)
from sqlmodel import Session, col

from domain.counting import count
from domain.days import Calendar
from domain.notices import NoticeKind, NoticeState
from domain.references import draw_references
from domain.retention import Retention
from domain.waiting import WaitState
from storage import audit
from storage.batches import drop_abandoned
from storage.locks import lock_appointments
from storage.store import Store
from storage.tables import (
    Action,
    Appointment,
    Batch,
    BatchItem,
    CallList,
    CallListItem,
    Fact,
    Notice,
    Patient,
    Push,
    ReplyRow,
    Trial,
    Waiting,
)

PORTION: Final = 200
"""Patients, or rows to be deleted, in one transaction."""

NOBODY: Final = "-"
"""How an anonymous id begins; no feed can name one, since it would begin like a formula."""

_TURN: Final = "retention"
"""The fact that holds the last night that is done; who has locked its row has the turn."""

_FORGOTTEN: Final = "forgotten before"
"""The fact that holds the moment (in seconds since 1970) before which patients were forgotten."""

_LISTS_AT_ONCE: Final = 20

Tidied = Counter[str]
"""To how many of what something was done."""


_ONE: Final = {
    "patients": "patient",
    "appointments": "appointment",
    "pushes": "push",
    "notices": "notice",
    "replies": "reply",
    "batch_items": "batch item",
    "call_list_items": "call list item",
    "call_lists": "call list",
}


class TidiedElsewhere(Exception):  # noqa: N818 - no error: it is being done
    """Another process is at it in this moment."""

    def __init__(self) -> None:
        super().__init__("another process is tidying up just now; try again in a minute")


async def tidy(store: Store, keep: Retention, calendar: Calendar, now: datetime) -> Tidied:
    """Make anonymous and delete all that is past its time; doing it again does nothing more.

    Raises:
        TidiedElsewhere: Another process does.
    """
    done: Tidied = Counter()
    before, last = now - keep.patients, 0
    while due := await store.read(past_patients, before, last):
        done += await store.write(anonymise, due, before, now)
        last = due[-1]
    while deleted := await store.write(delete_old, keep, calendar, now):
        done += deleted
    return done


def told(done: Tidied) -> list[str]:
    """What was done, in words."""
    return [
        f"{count(number, _ONE[what], what.replace('_', ' '))} "
        + ("made anonymous" if what in {"patients", "appointments"} else "deleted")
        for what, number in done.items()
    ] or ["Nothing was old enough."]


def is_due(session: Session, night: date) -> bool:
    """Whether the tidying of a night is still to be done."""
    fact = session.get(Fact, _TURN)
    return fact is None or fact.value < night.isoformat()


def is_new(session: Session) -> bool:
    """Whether nothing was ever tidied here, nor its first night seen."""
    return session.get(Fact, _TURN) is None


def mark_done(session: Session, night: date) -> None:
    """The tidying of a night is done.

    Raises:
        TidiedElsewhere: Another process is at it.
    """
    _take_turn(session)
    session.get_one(Fact, _TURN).value = night.isoformat()


def past_patients(session: Session, before: datetime, last: int = 0) -> list[int]:
    """The next patients after `last` who can be recognised and have no appointment since `before`.

    Who waits for one, or has begun to since, is not among them. So all portions together look at
    each patient once.
    """
    wanted = _past(before).where(col(Patient.id) > last).order_by(col(Patient.id)).limit(PORTION)
    return [key for key in session.scalars(wanted) if key is not None]


def anonymise(session: Session, patients: Sequence[int], before: datetime, now: datetime) -> Tidied:
    """Make those of the patients anonymous who still neither visited nor waited since `before`.

    Raises:
        TidiedElsewhere: Another process is at it.
    """
    _take_turn(session)
    if session.get_bind().dialect.name != "sqlite":
        # As an import locks it, which otherwise could add an appointment just now.
        session.execute(text("LOCK TABLE appointment IN ROW EXCLUSIVE MODE"))
    gone = session.scalars(_past(before).where(col(Patient.id).in_(patients))).all()
    if not gone:
        return Counter()
    lock_appointments(session, col(Appointment.patient_id).in_(gone))
    visits = select(col(Appointment.id)).where(col(Appointment.patient_id).in_(gone))
    session.execute(
        update(Action)
        .where(col(Action.appointment_id).in_(visits))
        .values(note=None, reason=None)
        .execution_options(synchronize_session=False)
    )
    changed: Any = session.execute(
        update(Appointment)
        .where(col(Appointment.patient_id).in_(gone))
        .values(external_id=_random_id(session), extra=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(Waiting)
        .where(col(Waiting.patient_id).in_(gone))
        .values(external_id=_random_id(session))
        .execution_options(synchronize_session=False)
    )
    nothing = dict.fromkeys(("birth_date", "sex", "language", "phone", "email", "consent"))
    references = _fresh_references(session, len(gone))
    session.execute(
        update(Patient),
        [
            {"id": key, "external_id": NOBODY + uuid4().hex, "reference": reference, **nothing}
            for key, reference in zip(gone, references, strict=True)
        ],
    )
    _note_forgotten(session, before)
    done: Tidied = Counter(patients=len(gone), appointments=changed.rowcount)
    audit.record(session, "anonymise", at=now, **done)
    return done


def delete_old(session: Session, keep: Retention, calendar: Calendar, now: datetime) -> Tidied:
    """Delete a portion of what was sent or listed long ago.

    What waits to be sent stays, whatever its age.

    Raises:
        TidiedElsewhere: Another process is at it.
    """
    _take_turn(session)
    drop_abandoned(session, now)
    views = now - keep.views
    done: Tidied = Counter()
    for what, statement in (
        ("pushes", _old_pushes(now - keep.outbox)),
        ("notices", _old_notices(now - keep.outbox, now)),
        ("replies", _old_replies(now - keep.outbox)),
        ("batch_items", _old_batch_items(views)),
        ("call_list_items", _old_call_list_items(calendar.day_of(views))),
        ("call_lists", _empty_call_lists(calendar.day_of(views))),
    ):
        deleted: Any = session.execute(statement.execution_options(synchronize_session=False))
        done[what] = deleted.rowcount
    done = +done
    if done:
        audit.record(session, "tidy", at=now, **done)
    return done


def forgotten_before(connection: Connection) -> int | None:
    """The moment before which patients were forgotten, in seconds since 1970."""
    kept = connection.scalar(select(col(Fact.value)).where(col(Fact.name) == _FORGOTTEN))
    return None if kept is None else int(kept)


def _take_turn(session: Session) -> None:
    if session.get(Fact, _TURN) is None:
        session.execute(insert(Fact).values(name=_TURN, value=""))
    locked = select(col(Fact.name)).where(col(Fact.name) == _TURN)
    if session.scalar(locked.with_for_update(skip_locked=True)) is None:
        raise TidiedElsewhere


def _past(before: datetime) -> Select[Any]:
    since = exists().where(
        col(Appointment.patient_id) == col(Patient.id), col(Appointment.start) >= before
    )
    waits = exists().where(
        col(Waiting.patient_id) == col(Patient.id),
        or_(col(Waiting.state) == WaitState.WAITING, col(Waiting.since) >= before),
    )
    return select(col(Patient.id)).where(
        func.substr(col(Patient.external_id), 1, 1) != NOBODY, ~since, ~waits
    )


def _random_id(session: Session) -> Any:
    """An expression that is another id in every row."""
    random = (
        "lower(hex(randomblob(16)))"
        if session.get_bind().dialect.name == "sqlite"
        else "replace(gen_random_uuid()::text, '-', '')"
    )
    return literal_column(f"'{NOBODY}' || {random}")


def _fresh_references(session: Session, count: int) -> list[str]:
    chance = np.random.default_rng()
    fresh: set[str] = set()
    while len(fresh) < count:
        drawn = set(draw_references(count - len(fresh), chance))
        known = select(col(Patient.reference)).where(col(Patient.reference).in_(drawn))
        fresh |= drawn - set(session.scalars(known))
    return list(fresh)


def _note_forgotten(session: Session, before: datetime) -> None:
    fact = session.get(Fact, _FORGOTTEN) or Fact(name=_FORGOTTEN, value="0")
    fact.value = str(max(int(fact.value), int(before.timestamp())))
    session.add(fact)


def _old_pushes(before: datetime) -> Delete:
    settled = col(Push.state).not_in(["waiting", "sending"])
    old = select(col(Push.id)).where(settled, col(Push.created_at) < before)
    return delete(Push).where(col(Push.id).in_(old.order_by(col(Push.id)).limit(PORTION)))


def _old_notices(before: datetime, now: datetime) -> Delete:
    """Of visits that are past; reminders stay until the trial that tells by them has ended."""
    trial = exists().where(col(Trial.ended_at).is_(None))
    old = (
        select(col(Notice.id))
        .join(Appointment, col(Appointment.id) == col(Notice.appointment_id))
        .where(
            col(Notice.state).not_in([NoticeState.WAITING, NoticeState.SENDING]),
            col(Notice.created_at) < before,
            col(Appointment.start) < now,
            or_(col(Notice.kind) != NoticeKind.REMINDER, ~trial),
        )
    )
    return delete(Notice).where(col(Notice.id).in_(old.order_by(col(Notice.id)).limit(PORTION)))


def _old_replies(before: datetime) -> Delete:
    old = select(col(ReplyRow.id)).where(col(ReplyRow.at) < before)
    return delete(ReplyRow).where(
        col(ReplyRow.id).in_(old.order_by(col(ReplyRow.at)).limit(PORTION))
    )


def _old_batch_items(before: datetime) -> Delete:
    old = (
        select(col(Batch.id))
        .where(
            col(Batch.created_at) < before,
            exists().where(col(BatchItem.batch_id) == col(Batch.id)),
        )
        .limit(_LISTS_AT_ONCE)
    )
    return delete(BatchItem).where(col(BatchItem.batch_id).in_(old))


def _old_call_list_items(before: date) -> Delete:
    old = (
        select(col(CallList.id))
        .where(
            col(CallList.day) < before,
            exists().where(col(CallListItem.call_list_id) == col(CallList.id)),
        )
        .limit(_LISTS_AT_ONCE)
    )
    return delete(CallListItem).where(col(CallListItem.call_list_id).in_(old))


def _empty_call_lists(before: date) -> Delete:
    return delete(CallList).where(
        col(CallList.day) < before,
        ~exists().where(col(CallListItem.call_list_id) == col(CallList.id)),
    )
