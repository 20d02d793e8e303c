"""What is due about a followed-up slot, by its stage; `bot/backfilling.py` asks for it."""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from domain.backfills import Stage
from domain.criteria import House
from storage import asking, backfills, offers
from storage.gone import tell_gone
from storage.tables import BackfillRow

_OFFERED: Final = frozenset(
    {Stage.RELEASED, Stage.OFFERING, Stage.FILLED, Stage.UNFILLED, Stage.OVER}
)


def step(session: Session, backfill_id: int, house: House, now: datetime) -> None:
    """Do what is due; a slot of which somebody else has done it is left alone.

    Args:
        session: A unit of work of its own.
        backfill_id: The backfill.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    stage = session.get_one(BackfillRow, backfill_id).stage
    if stage in _OFFERED:
        offers.step(session, backfill_id, house, now)
        return
    if stage in {Stage.KEPT, Stage.CALLING}:
        _tell_who_was_offered_it(session, backfill_id, house, now)
    if stage is not Stage.KEPT:
        asking.step(session, backfill_id, house, now)


def _tell_who_was_offered_it(
    session: Session, backfill_id: int, house: House, now: datetime
) -> None:
    """The patient wants the slot after all, or has to be asked: it is not to be had."""
    backfill, _ = backfills.locked(session, backfill_id)
    if backfill.stage in {Stage.KEPT, Stage.CALLING}:
        tell_gone(session, backfill, house, now)
        if backfill.stage is Stage.KEPT:
            backfills.wait_until(session, backfill_id, None)
