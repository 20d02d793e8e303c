"""What is due about a followed-up slot, by its stage; `bot/backfilling.py` asks for it."""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from domain.backfills import Stage
from domain.criteria import House
from storage import asking, backfills, offers
from storage.gone import tell_gone

_OFFERED: Final = frozenset(
    {Stage.RELEASED, Stage.OFFERING, Stage.FILLED, Stage.UNFILLED, Stage.OVER}
)
_NOT_TO_BE_HAD: Final = frozenset({Stage.KEPT, Stage.CALLING})


def step(session: Session, backfill_id: int, house: House, now: datetime) -> None:
    """Do what is due; a slot of which somebody else has done it is left alone.

    Args:
        session: A unit of work of its own.
        backfill_id: The backfill.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    backfill, _ = backfills.locked(session, backfill_id)
    if backfill.stage in _OFFERED:
        offers.step(session, backfill_id, house, now)
        return
    again = tell_gone(session, backfill, house, now) if backfill.stage in _NOT_TO_BE_HAD else None
    if again or backfill.stage is Stage.KEPT:
        backfills.wait_until(session, backfill_id, again)
    else:
        asking.step(session, backfill_id, house, now)


def undeliverable(session: Session, notice_id: int, house: House, now: datetime) -> None:
    """A notice has failed: what it asked or offered goes another way, or is left.

    Args:
        session: A unit of work of its own, since an appointment is locked before its notices.
        notice_id: The notice, which has failed by now.
        house: The HMO's calendar and manners.
        now: The present (aware).
    """
    asking.undeliverable(session, notice_id, house, now)
    offers.undeliverable(session, notice_id, house, now)
