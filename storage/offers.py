"""Offers: a free slot, offered to waiting patients.

Only the signatures that the rest of the course needs; the branch `offer` has the module.
"""

from datetime import datetime

from sqlmodel import Session

from domain.criteria import House


def step(session: Session, backfill_id: int, house: House, now: datetime) -> None:
    """Do what is due about a slot that is free, or was."""
    raise NotImplementedError


def accept(session: Session, offer_id: int, house: House, now: datetime) -> object:
    """A waiting patient takes the slot."""
    raise NotImplementedError


def decline(session: Session, offer_id: int, house: House, now: datetime) -> object:
    """A waiting patient does not want it."""
    raise NotImplementedError
