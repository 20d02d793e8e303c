"""The nightly tidying: what `storage/retention.py` does, once a night."""

import structlog

from domain.retention import last_night
from handlers.desk import Desk
from storage import retention
from storage.retention import TidiedElsewhere

log = structlog.get_logger()


async def tidy_nightly(desk: Desk) -> None:
    """Tidy up if last night's is still to be done; a program that was down then does it now."""
    store, now = desk.store, desk.clock.now()
    night = last_night(desk.house.calendar, now)
    if not await store.read(retention.is_due, night):
        return
    if await store.read(retention.is_new):
        # Nobody becomes anonymous by surprise: a first start may be with a wrong setting or clock.
        await store.write(retention.mark_done, night)
        log.info("from the coming night on, what is old is tidied away")
        return
    try:
        done = await retention.tidy(store, desk.keep, desk.house.calendar, now)
        await store.write(retention.mark_done, night)
    except TidiedElsewhere:
        return
    if done:
        log.info("what was old has been tidied away", **done)
