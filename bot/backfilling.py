"""The jobs that follow authorised slots up: what is due about each, and the day's reminders."""

from datetime import timedelta
from typing import Final

import structlog

from handlers.desk import Desk
from storage import backfills, reminding, slot_steps
from storage.store import StoreUnavailable

PORTION: Final = 100
"""Slots that one look takes; what is left is due a second later."""

LATER: Final = timedelta(minutes=1)
"""So long a slot is put off that something went wrong with."""

log = structlog.get_logger()


async def follow_up_slots(desk: Desk) -> None:
    """Do what is due about each slot, each in a transaction of its own.

    Everything that is due is in the database, so that a process may be killed at any moment. One
    slot that fails holds up no other.
    """
    for key in await desk.store.read(backfills.due, desk.clock.now(), PORTION):
        now = desk.clock.now()
        try:
            await desk.store.write(slot_steps.step, key, desk.house, now)
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("a slot could not be followed up; it is put off", backfill=key)
            await desk.store.write(backfills.put_off, key, now + LATER)
        desk.changed.set()


async def remind_patients(desk: Desk) -> None:
    """Write the day's reminders, once a day."""
    now = desk.clock.now()
    if await desk.store.read(reminding.is_due, desk.house, now):
        written = await desk.store.write(reminding.remind, desk.house, now)
        if written:
            log.info("reminders are written", number=written)
