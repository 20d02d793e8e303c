"""Idle hours: how long free slots are expected to stay empty once whole waves are asked.

The first to accept has the slot, and each who accepts is as likely the first as any other:

    used             = (1 − Π (1 − accept)) × Σ (accept and come) ÷ Σ accept
    idle hours after = Σ hours × (1 − used)

where accept is the share of offers that is accepted × how likely at this part of the day. What
`outcome` tells is less: it counts the first patient of each wave alone.
"""

from collections import defaultdict
from collections.abc import Iterable
from math import prod

from domain.balance.dispatch import Wave
from domain.balance.outcome import Change
from domain.balance.plan import FreeSlot
from domain.balance.times import part_of
from domain.balance.worth import chances
from domain.days import Calendar


def chance_to_be_used(wave: Wave, accepts: float, calendar: Calendar) -> float:
    """How likely somebody of a wave accepts the slot and then comes, 0–1.

    Args:
        wave: Who is asked.
        accepts: The share of offers that is accepted, more than 0.
        calendar: The HMO's.
    """
    local = wave.slot.start.astimezone(calendar.zone)
    part = part_of(60 * local.hour + local.minute)
    accept = [min(accepts * one.times[part], 1.0) for one in wave.candidates]
    come = sum(chances(one)[part] for one in wave.candidates)
    anybody = 1 - prod(1 - chance for chance in accept)
    return min(anybody * come / sum(accept), 1.0) if sum(accept) else 0.0


def idle_hours(
    waves: Iterable[Wave], unfilled: Iterable[FreeSlot], accepts: float, calendar: Calendar
) -> dict[int, Change]:
    """The idle hours of each department, without the offers and as expected with them.

    Args:
        waves: Whom the slots are offered to.
        unfilled: The slots that nobody is offered.
        accepts: The share of offers that is accepted, more than 0.
        calendar: The HMO's.
    """
    before: dict[int, float] = defaultdict(float)
    after: dict[int, float] = defaultdict(float)
    for wave in waves:
        slot = wave.slot
        before[slot.department_id] += slot.hours
        after[slot.department_id] += slot.hours * (1 - chance_to_be_used(wave, accepts, calendar))
    for slot in unfilled:
        before[slot.department_id] += slot.hours
        after[slot.department_id] += slot.hours
    return {key: Change(hours, after[key]) for key, hours in before.items()}
