"""Times: at which part of the day a patient is likely to take a slot.

That people take again what suited them is an assumption, not a finding: they come when they were
booked, and that is only in part their own choice. So a few visits say little, and nobody is ever
thought to take a slot less than a quarter as likely as one at their best time.
"""

from bisect import bisect_right
from typing import Final

Times = tuple[float, float, float]
"""How likely a slot is taken in the morning, at midday and in the afternoon, relative to the best
of the three (0–1)."""

ANY_TIME: Final[Times] = (1.0, 1.0, 1.0)
"""Of whom nothing is known."""

_BOUNDS: Final = (12 * 60, 15 * 60)

_PRIOR_VISITS: Final = 4.0
"""Visits in the department's usual mix that are added to the patient's own: our own choice."""

_RAREST: Final = 0.1
"""A part of the day counts as no rarer than this share of a department's visits: otherwise a
single visit at an unusual time would outdo all others. Our own choice."""

_LEAST: Final = 0.25
"""How likely the least likely part is at least, relative to the best: our own choice."""


def part_of(minute_of_day: int) -> int:
    """0 before 12:00, 1 before 15:00, 2 from then on.

    Args:
        minute_of_day: Local minutes since midnight.
    """
    return bisect_right(_BOUNDS, minute_of_day)


def times_of(counts: tuple[int, int, int], usual: tuple[float, float, float]) -> Times:
    """How likely a patient takes a slot at each part of the day, from when they came before.

        ratio = (visits + 4 × usual share) ÷ (all visits + 4) ÷ usual share

    divided by the largest of the three ratios, and 0.25 at least.

    Args:
        counts: The patient's past visits by part of the day.
        usual: The department's visits by part of the day, as shares or as numbers; all 0 if it
            has none yet, and each part then counts the same.

    Raises:
        ValueError: A number is negative.
    """
    if min(*counts, *usual) < 0:
        raise ValueError(f"visits are 0 or more, not {counts} of {usual}")
    total = sum(usual)
    shares = [max(each / total, _RAREST) if total else 1 / len(usual) for each in usual]
    ratios = [
        (count + _PRIOR_VISITS * share) / (sum(counts) + _PRIOR_VISITS) / share
        for count, share in zip(counts, shares, strict=True)
    ]
    morning, midday, afternoon = (max(ratio / max(ratios), _LEAST) for ratio in ratios)
    return morning, midday, afternoon
