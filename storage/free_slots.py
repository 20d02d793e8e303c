"""Free slots: what may be offered to waiting patients, and for which kinds of visit.

A slot whose clinician is not there is not offered, nor one that the HMO has filled itself. Where
the clinician's sessions of that day are known, one of the department must cover the start, and none
that is blocked; where none are known, the appointment itself says that somebody is there.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.backfills import Release, Stage
from domain.balance.plan import FreeSlot
from domain.criteria import House
from domain.days import Calendar
from domain.offers import WAVES, expiry
from storage.tables import Appointment, BackfillRow, ClinicSession
from storage.taken import is_taken

USUAL_MINUTES: Final = 20
"""How long a slot is taken to be where neither the appointment nor a session says it."""

_DAY: Final = timedelta(days=1)


def free_slots(
    session: Session,
    departments: frozenset[int],
    house: House,
    now: datetime,
    *,
    confirmed: bool = False,
) -> list[FreeSlot]:
    """The released slots that can still be offered.

    Args:
        session: The unit of work.
        departments: Ids; empty means all.
        house: The HMO's calendar and manners: what is offered in quiet hours goes out after them.
        now: The present (aware).
        confirmed: Only slots that their patients gave back themselves.
    """
    wanted = (
        select(col(BackfillRow.id), Appointment)
        .join(Appointment, col(Appointment.id) == col(BackfillRow.appointment_id))
        .where(
            col(BackfillRow.stage) == Stage.RELEASED,
            col(BackfillRow.waves) < WAVES,
            col(Appointment.start) > now,
            ~is_taken(),
        )
        .order_by(col(BackfillRow.id))
    )
    if departments:
        wanted = wanted.where(col(Appointment.department_id).in_(departments))
    if confirmed:
        wanted = wanted.where(col(BackfillRow.release) == Release.WORD)
    sent_at = house.manners.free_at(now, house.calendar)
    found = [
        (backfill_id, slot)
        for backfill_id, slot in session.execute(wanted)
        if backfill_id is not None and expiry(slot.start, sent_at) is not None
    ]
    sessions = _sessions(session, [slot for _, slot in found], house.calendar)
    return [
        _as_free(backfill_id, slot, _covering(of_day, slot))
        for backfill_id, slot in found
        if _is_seen(of_day := sessions[_key(slot, house.calendar)], slot)
    ]


def number_offered(session: Session, departments: frozenset[int]) -> int:
    """How many slots of some departments (none: all) patients are being offered now."""
    wanted = (
        select(func.count())
        .select_from(BackfillRow)
        .join(Appointment, col(Appointment.id) == col(BackfillRow.appointment_id))
        .where(col(BackfillRow.stage) == Stage.OFFERING)
    )
    if departments:
        wanted = wanted.where(col(Appointment.department_id).in_(departments))
    return int(session.scalar(wanted) or 0)


def is_available(session: Session, slot: Appointment, calendar: Calendar) -> bool:
    """Whether the clinician of a slot is there, as far as is known."""
    return _is_seen(_sessions(session, [slot], calendar)[_key(slot, calendar)], slot)


_Key = tuple[int | None, date]
"""A clinician and a local day."""


def _sessions(
    session: Session, slots: Sequence[Appointment], calendar: Calendar
) -> dict[_Key, list[ClinicSession]]:
    """The sessions of the slots' clinicians on the slots' days, in whichever department."""
    found: dict[_Key, list[ClinicSession]] = defaultdict(list)
    clinicians = {slot.clinician_id for slot in slots} - {None}
    if clinicians:
        first = min(slot.start for slot in slots) - _DAY
        last = max(slot.start for slot in slots) + _DAY
        wanted = (
            select(ClinicSession)
            .where(
                col(ClinicSession.clinician_id).in_(clinicians),
                col(ClinicSession.start).between(first, last),
            )
            .order_by(col(ClinicSession.start), col(ClinicSession.id))
        )
        for row in session.scalars(wanted):
            found[row.clinician_id, calendar.day_of(row.start)].append(row)
    return found


def _key(slot: Appointment, calendar: Calendar) -> _Key:
    return slot.clinician_id, calendar.day_of(slot.start)


def _is_seen(of_day: Collection[ClinicSession], slot: Appointment) -> bool:
    if any(each.blocked for each in of_day if each.start <= slot.start < each.until):
        return False
    return not of_day or _covering(of_day, slot) is not None


def _covering(of_day: Collection[ClinicSession], slot: Appointment) -> ClinicSession | None:
    """The session of the slot's department in which it lies."""
    return next(
        (
            each
            for each in of_day
            if each.department_id == slot.department_id
            and each.start <= slot.start < each.until
            and not each.blocked
        ),
        None,
    )


def _as_free(backfill_id: int, slot: Appointment, within: ClinicSession | None) -> FreeSlot:
    kinds = (within.visit_types or "").split(";") if within else []
    usual = within.slot_minutes if within else USUAL_MINUTES
    return FreeSlot(
        backfill_id,
        slot.department_id,
        slot.clinician_id,
        slot.start,
        slot.duration or usual,
        frozenset(kind.strip() for kind in kinds if kind.strip()),
    )
