"""Offers: how many waiting patients a free slot is offered to at once, and for how long.

Of offers to waiting patients 8 to 11 % are accepted (jmir 2020/6/e16451, 2024/1/e52071), so one by
one a slot would hardly ever be filled in time. A wave goes to as many as make it likely enough that
one of them accepts; the first one has it, and the others are told that it is gone.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from domain.policies import OFFER_UNTIL

PRIOR_RATE: Final = 0.10
PRIOR_OFFERS: Final = 40
"""The published rate, weighing as much as so many offers of one's own."""

ENOUGH: Final = 0.8
"""How likely a wave should be to find somebody."""

AT_LEAST: Final = 2
AT_MOST: Final = 12
"""Limits of a wave: more would mostly hear that the slot is gone."""

WAVES: Final = 4
"""Waves for one slot at most."""

LOOK_AGAIN: Final = timedelta(hours=1)
"""A slot that suits nobody who waits is looked at again after this time."""

SEEN_WITHIN: Final = timedelta(days=90)
"""The offers that the acceptance rate is taken from have ended within this time."""

_LONGEST: Final = timedelta(hours=12)
_SHORTEST: Final = timedelta(minutes=30)


class OfferState(StrEnum):
    """How far an offer has come."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    GONE = "gone"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OfferBarrier(StrEnum):
    """Why an offer cannot be accepted or declined any more."""

    YOURS = "the slot is theirs already"
    GONE = "another patient has the slot"
    EXPIRED = "the offer has expired"
    WITHDRAWN = "the slot is no longer offered"


_BARRIERS: Final = MappingProxyType(
    {
        OfferState.ACCEPTED: OfferBarrier.YOURS,
        OfferState.GONE: OfferBarrier.GONE,
        OfferState.EXPIRED: OfferBarrier.EXPIRED,
        OfferState.WITHDRAWN: OfferBarrier.WITHDRAWN,
    }
)

ANSWERABLE: Final = frozenset(OfferState) - _BARRIERS.keys()
"""States in which an offer can be accepted: also by somebody who thinks again."""


@dataclass(frozen=True)
class Seen:
    """What became of the offers that have ended: how many, and how many were accepted.

    An offer that was gone before the patient answered says nothing and is not among them.
    """

    ended: int = 0
    accepted: int = 0

    @property
    def rate(self) -> float:
        """The share that is accepted, smoothed towards the published rate."""
        return (self.accepted + PRIOR_RATE * PRIOR_OFFERS) / (self.ended + PRIOR_OFFERS)


def wave_size(seen: Seen) -> int:
    """To how many patients a slot is offered at once.

    The smallest n with 1 − (1 − rate)ⁿ ≥ `ENOUGH`, within the limits.
    """
    rate = min(max(seen.rate, 0.01), 0.95)
    return min(max(math.ceil(math.log(1 - ENOUGH) / math.log(1 - rate)), AT_LEAST), AT_MOST)


def expiry(start: datetime, now: datetime) -> datetime | None:
    """When offers made now expire: half of the time that is left, within limits.

    Args:
        start: When the slot starts (aware).
        now: When they go out, quiet hours considered (aware).

    Returns:
        `None` if it is too late to offer it.
    """
    left = start - OFFER_UNTIL - now
    if left < _SHORTEST:
        return None
    return now + min(max(left / 2, _SHORTEST), _LONGEST)


def too_late_from(start: datetime) -> datetime:
    """The first moment from which a slot is not offered any more (`expiry`)."""
    return start - OFFER_UNTIL - _SHORTEST + timedelta(seconds=1)


def barrier_of_offer(state: OfferState, expires_at: datetime, now: datetime) -> OfferBarrier | None:
    """Why an offer cannot be answered now, or `None` if it can be.

    Args:
        state: How far it has come.
        expires_at: Until when it can be accepted (aware).
        now: The present (aware).
    """
    barrier = _BARRIERS.get(state)
    if barrier is None and expires_at <= now:
        return OfferBarrier.EXPIRED
    return barrier
