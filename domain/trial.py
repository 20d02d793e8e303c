"""The trial of reminders: do they help, told by patients who by chance get none.

A set share of the high-risk patients who would have been reminded is held out. Both groups live
through the same weeks, so whatever else changes meanwhile changes for both; a look at before and
after could not tell it apart. What counts is who was *assigned* to be reminded, whether or not a
message arrived (intention to treat), and of each patient one visit, the first of the trial: so
the visits are independent, as the interval supposes.
"""

import hashlib
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SHARES: Final = (10, 20, 30)
"""Per cent of the high-risk patients that a manager can hold out."""

HELD_OUT: Final = "held out"
"""The problem of a reminder that is not sent for the trial."""

USUAL_RATE: Final = 0.25
"""The no-show rate without reminders that is supposed until enough is seen, …"""
DROP: Final = 0.2
"""… and the part of the no-shows that reminders should prevent to be worth it: 25 → 20 %.

The part is fixed beforehand: to plan for the difference seen so far would chase chance.
"""
ENOUGH_FOR_A_RATE: Final = 30
"""Held-out visits from which their own rate is supposed instead of the usual one."""

_Z: Final = 1.959964
"""Of a two-sided 95 % interval."""
_Z_POWER: Final = 0.841621
"""Of a power of 80 %."""
_RATES: Final = (0.05, 0.6)


@dataclass(frozen=True)
class Group:
    """The visits of one group whose day is over and whose end is known.

    Attributes:
        visits: All of them: attended, missed and cancelled.
        no_shows: The missed ones that nobody excused.
    """

    visits: int = 0
    no_shows: int = 0

    @property
    def rate(self) -> float | None:
        """No-shows ÷ booked visits, 0–1; `None` without visits."""
        return self.no_shows / self.visits if self.visits else None


@dataclass(frozen=True)
class Lift:
    """How many no-shows reminders prevent: the rate held out − the rate reminded, 0–1.

    Attributes:
        low: The lower end of the 95 % interval.
        high: … and the upper one.
    """

    difference: float
    low: float
    high: float


class Verdict(StrEnum):
    """What may be concluded."""

    TOO_EARLY = "too early"
    HELPS = "helps"
    HARMS = "harms"
    NOT_SHOWN = "not shown"


def is_held_out(reference: str, salt: str, share: int) -> bool:
    """Whether a patient is held out: by chance, and the same throughout a trial.

    Args:
        reference: What the patient is known by.
        salt: The trial's own, so that each trial draws anew.
        share: Per cent of the patients, 0–100.
    """
    drawn = hashlib.sha256(f"{salt}:{reference}".encode()).digest()
    return int.from_bytes(drawn[:8]) * 100 < share << 64


def lift(held_out: Group, reminded: Group) -> Lift | None:
    """The difference with its 95 % interval; `None` while a group has no visit.

    The interval is made of the score intervals of both rates (R. G. Newcombe, "Interval
    estimation for the difference between independent proportions: comparison of eleven methods",
    Statist. Med. 17 (1998) 873–890, method 10): it holds for small groups and rates near 0 too.
    """
    if held_out.rate is None or reminded.rate is None:
        return None
    one, other = held_out.rate, reminded.rate
    (one_low, one_high), (other_low, other_high) = wilson(held_out), wilson(reminded)
    below = math.hypot(one - one_low, other_high - other)
    above = math.hypot(one_high - one, other - other_low)
    return Lift(one - other, one - other - below, one - other + above)


def wilson(group: Group) -> tuple[float, float]:
    """The 95 % score interval of a rate (E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209–212).

    Raises:
        ZeroDivisionError: The group has no visit.
    """
    missed, all_ = group.no_shows, group.visits
    rate = missed / all_
    half = _Z * math.sqrt(_Z**2 + 4 * missed * (1 - rate))
    middle, whole = 2 * missed + _Z**2, 2 * (all_ + _Z**2)
    # At 0 and 1 the ends are the rate itself, but for what is lost in rounding.
    return max(min((middle - half) / whole, rate), 0.0), min(
        max((middle + half) / whole, rate), 1.0
    )


def held_out_needed(share: int, rate: float = USUAL_RATE, drop: float = DROP) -> int:
    """Held-out visits needed to find such a drop in four of five trials.

    With rates p₁ (held out) and p₂ = p₁ (1 − drop), k reminded visits for each held-out one and
    p̄ = (p₁ + k p₂) ÷ (1 + k), two-sided at 5 %:

        n = (1.96 √((1 + 1/k) p̄ (1 − p̄)) + 0.84 √(p₁ (1 − p₁) + p₂ (1 − p₂) / k))² ÷ (p₁ − p₂)²

    (J. L. Fleiss, B. Levin, M. C. Paik, Statistical Methods for Rates and Proportions, 3rd ed.,
    2003, ch. 4, without correction for continuity.)

    Args:
        share: Per cent held out, 1–99.
        rate: The no-show rate without reminders, 0–1; taken into 5–60 %.
        drop: The part of them that reminders prevent, 0–1.
    """
    without = min(max(rate, _RATES[0]), _RATES[1])
    reminded, each = without * (1 - drop), (100 - share) / share
    mean = (without + each * reminded) / (1 + each)
    spread = _Z * math.sqrt((1 + 1 / each) * mean * (1 - mean))
    spread += _Z_POWER * math.sqrt(without * (1 - without) + reminded * (1 - reminded) / each)
    return math.ceil((spread / (without - reminded)) ** 2)


def still_needed(held_out: Group, reminded: Group, share: int) -> int:
    """Further visits of both groups until a verdict may be given, about; 0: it may."""
    rate = held_out.rate if held_out.visits >= ENOUGH_FOR_A_RATE else None
    needed = held_out_needed(share, USUAL_RATE if rate is None else rate)
    missing = max(needed - held_out.visits, 0) / share
    missing_reminded = max(needed * (100 - share) / share - reminded.visits, 0) / (100 - share)
    return math.ceil(100 * max(missing, missing_reminded))


def verdict(held_out: Group, reminded: Group, share: int) -> Verdict:
    """What may be concluded; nothing before the number of visits is reached.

    Who looks often enough sees a difference one day, by chance alone. So what the interval holds
    before that day decides nothing.
    """
    found = lift(held_out, reminded)
    if found is None or still_needed(held_out, reminded, share):
        return Verdict.TOO_EARLY
    if found.low > 0:
        return Verdict.HELPS
    return Verdict.HARMS if found.high < 0 else Verdict.NOT_SHOWN
