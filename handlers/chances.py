"""What is said of a no-show chance: what it means, why it is that, and what it makes high-risk."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

from domain.prediction.reasons import chance_words
from domain.statuses import Status
from handlers import words
from handlers.screens import Visit
from storage.risk import Card, RiskRow

PATIENCE: Final = 1.0
"""Seconds that a card waits for the reasons."""


def shows_chances(rows: Iterable[RiskRow]) -> bool:
    """Whether any row of a list has a chance."""
    return any(row.chance is not None for row in rows)


def chance_part(row: RiskRow) -> str:
    """`, chance 41 %`, to follow the earlier no-shows; nothing without a chance."""
    return "" if row.chance is None else f", chance {words.chance(row.chance)} %"


async def chance_lines(visit: Visit, found: Card) -> list[str]:
    """The chance of a visit that is still to come, in words too, and why it is that."""
    row = found.row
    is_coming = found.status is Status.BOOKED and row.start > visit.desk.clock.now()
    if row.chance is None or not is_coming:
        return []
    told = f"No-show chance {words.chance(row.chance)} %: {chance_words(row.chance)}"
    reasons = await _reasons(visit, row.appointment_id)
    return [told, *(f"· {words.plain(reason)}" for reason in reasons)]


def what_it_takes(visit: Visit, found: Card) -> str:
    """What makes an appointment high-risk: the rule, and where there is a chance, its rank."""
    rule = words.count(visit.desk.house.threshold, "earlier no-show")
    if found.row.chance is None or not found.capacity:
        return rule
    return f"{rule}, or a place among the {found.capacity} most likely of the day"


async def _reasons(visit: Visit, appointment_id: int) -> list[str]:
    """As far as they can be told in time: a card comes without them rather than late."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            return await visit.desk.predictor.reasons(appointment_id)
    return []
