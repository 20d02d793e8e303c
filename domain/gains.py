"""Gains: what became of slots that were given to a waiting patient.

Three numbers answer three questions, each within the same criteria and over the same appointments
that were scheduled there:

| number            | part                                    | what it says                  |
|-------------------|-----------------------------------------|-------------------------------|
| Efficiency Gain   | actioned slots                          | how much was acted on         |
| expected no-shows | Σ chance of actioned slots still booked | the most that can be won back |
| realised gain     | slots won back − collisions             | how much *was* won back       |

A slot is won back when its first patient stayed away, or gave it back, *and* the replacement came.
When both came, two people stood before one slot: a collision, which is not only no gain but takes
one away. Who kept their visit after they were asked is told beside these and never added.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from domain.statuses import ATTENDED, NOT_SCHEDULED, Status

EXPECTED_FORMULA: Final = "Σ chance of actioned slots ÷ scheduled × 100"
REALISED_FORMULA: Final = "(won back − collisions) ÷ scheduled × 100"

_STAYED_AWAY: Final = NOT_SCHEDULED | {Status.NOSHOW}


class Outcome(StrEnum):
    """What became of one slot that was filled."""

    WON = "won"
    COLLISION = "collision"
    LOST = "lost"
    UNKNOWN = "unknown"


class Filled(NamedTuple):
    """A filled slot as the schedule now tells of it.

    Attributes:
        first: The status of the first patient's visit; `cancelled` if it is no more in the slot.
        replacement: … and of the visit of who accepted.
        minutes: How long the visit takes; `None` where nobody said.
    """

    first: Status
    replacement: Status
    minutes: int | None


@dataclass(frozen=True)
class Realised:
    """What became of the filled and the kept slots of some days.

    Attributes:
        won: The first patient stayed away or gave the slot back, and the replacement came.
        collisions: Both came.
        lost: The replacement did not come.
        unknown: Not known yet.
        minutes: Of care won back, those of collisions taken off.
        untimed: Slots among `won` and `collisions` of which nobody said how long they take.
        kept: Patients who confirmed when they were asked, and came; not part of the gain.
        kept_unknown: … who confirmed, and of whom nobody knows yet.
    """

    won: int = 0
    collisions: int = 0
    lost: int = 0
    unknown: int = 0
    minutes: int = 0
    untimed: int = 0
    kept: int = 0
    kept_unknown: int = 0

    @property
    def filled(self) -> int:
        """Slots that a waiting patient accepted."""
        return self.won + self.collisions + self.lost + self.unknown

    @property
    def slots(self) -> int:
        """Slots won back, net of collisions; below zero if there were more of those."""
        return self.won - self.collisions

    @property
    def hours(self) -> float:
        """Hours of care won back, net of collisions."""
        return self.minutes / 60


def outcome_of(first: Status, replacement: Status) -> Outcome:
    """What became of a slot.

    Nothing is taken for granted: a visit whose day is over but whose status is still `booked` is
    not known. A replacement that was cancelled did not come; if somebody else then got the slot,
    that is another filled slot.
    """
    if replacement in _STAYED_AWAY:
        return Outcome.LOST
    if replacement not in ATTENDED:
        return Outcome.UNKNOWN
    if first in ATTENDED:
        return Outcome.COLLISION
    return Outcome.WON if first in _STAYED_AWAY else Outcome.UNKNOWN


def realised(filled: Iterable[Filled], kept: Iterable[Status] = ()) -> Realised:
    """Count filled slots, and the visits of patients who confirmed.

    Args:
        filled: A row for each slot that somebody accepted.
        kept: The status of each visit that its own patient keeps.
    """
    number = dict.fromkeys(Outcome, 0)
    minutes = untimed = 0
    for slot in filled:
        outcome = outcome_of(slot.first, slot.replacement)
        number[outcome] += 1
        sign = {Outcome.WON: 1, Outcome.COLLISION: -1}.get(outcome, 0)
        minutes += sign * (slot.minutes or 0)
        untimed += bool(sign) and not slot.minutes
    keeps = list(kept)
    came = sum(status in ATTENDED for status in keeps)
    return Realised(
        won=number[Outcome.WON],
        collisions=number[Outcome.COLLISION],
        lost=number[Outcome.LOST],
        unknown=number[Outcome.UNKNOWN],
        minutes=minutes,
        untimed=untimed,
        kept=came,
        kept_unknown=sum(status not in ATTENDED | _STAYED_AWAY for status in keeps),
    )
