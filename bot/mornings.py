"""The job that has everybody told their daily summary once it is due."""

from typing import Final

from handlers.desk import Desk
from storage import mornings

PORTION: Final = 25
"""Members in a transaction: it takes hundredths of a second, since deliveries wait for it."""


async def push_summaries(desk: Desk) -> None:
    """Put all summaries that are due into the outbox."""
    now = desk.clock.now()
    while await desk.store.read(mornings.is_anybody_due, now):
        if not await desk.store.write(mornings.tick, desk.house, now, PORTION):
            return  # another process has them in hand
        desk.changed.set()
