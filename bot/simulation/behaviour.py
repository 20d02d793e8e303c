"""How simulated patients behave: what they answer, when, and what they then do.

That one in ten offers is accepted is published (`domain/offers.py`), and who misses visits comes
from the sample (`bot/demo/sample_rates.py`). All other shares are our own choice: nobody has told
us better ones. They are the same in all arms, so what the arms are compared by depends on them far
less than the figures of any one arm.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.simulation.chance import Chance
from domain.answers import Answer
from domain.calls import CallOutcome


class Mind(StrEnum):
    """What a patient would do about a visit that nobody asks them about."""

    COMES = "comes"
    MISSES = "misses"
    CANCELS = "cancels"


@dataclass(frozen=True)
class Reply:
    """What a patient says to a question.

    Attributes:
        turns_up: Whether the question has made them come who would have missed the visit.
    """

    answer: Answer
    turns_up: bool = False


@dataclass(frozen=True)
class Spoken:
    """How a call ends; `turns_up` as with `Reply`."""

    outcome: CallOutcome
    turns_up: bool = False


_REPLIES: Final[Mapping[Mind, Mapping[Reply, float]]] = MappingProxyType(
    {
        Mind.COMES: {Reply(Answer.CONFIRM): 0.6, Reply(Answer.CALL_ME): 0.02},
        Mind.MISSES: {
            Reply(Answer.CANCEL): 0.3,
            Reply(Answer.CONFIRM, turns_up=True): 0.15,
            Reply(Answer.CONFIRM): 0.05,
            Reply(Answer.CALL_ME): 0.02,
        },
        Mind.CANCELS: {Reply(Answer.CANCEL): 0.5},
    }
)
"""Of those who are asked first; who is asked again answers half as often."""

_CALLS: Final[Mapping[Mind, Mapping[Spoken, float]]] = MappingProxyType(
    {
        Mind.COMES: {Spoken(CallOutcome.CONFIRMED): 1.0},
        Mind.MISSES: {
            Spoken(CallOutcome.CANCELS): 0.4,
            Spoken(CallOutcome.CONFIRMED, turns_up=True): 0.3,
            Spoken(CallOutcome.CONFIRMED): 0.3,
        },
        Mind.CANCELS: {Spoken(CallOutcome.CANCELS): 0.6, Spoken(CallOutcome.CONFIRMED): 0.4},
    }
)
"""Of those who pick up the phone."""

_AGAIN: Final = 0.5
_PICKS_UP: Final = 0.55
_READS_IT_IS_GONE: Final = 0.7
_ACCEPTS: Final = MappingProxyType({1: 0.06, 2: 0.08, 3: 0.1, 4: 0.13, 5: 0.16})
_DECLINES: Final = 0.2
_REFUSED, _LOST = 0.02, 0.005
_SHORT_NOTICE: Final = 0.5
"""Who has just taken a slot misses it half as often as their other visits: the sample's own rates
fall with the wait, too."""

_ANSWERS_WITHIN: Final = timedelta(hours=10)
_ACCEPTS_WITHIN: Final = timedelta(hours=6)


class Behaviour:
    """What patients do, by chance.

    Args:
        chance: What is drawn from.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def reply(self, visit: str, mind: Mind, times: int) -> Reply | None:
        """What they say when they are asked for the so-manieth time; `None`: nothing."""
        weight = 1.0 if times == 1 else _AGAIN
        shares = {reply: share * weight for reply, share in _REPLIES[mind].items()}
        return self._chance.pick(shares, "reply", visit, times)

    def spoken(self, visit: str, mind: Mind, times: int) -> Spoken:
        """How the so-manieth call to them ends."""
        if self._chance.of("picks up", visit, times) >= _PICKS_UP:
            return Spoken(CallOutcome.NO_ANSWER)
        said = self._chance.pick(_CALLS[mind], "call", visit)
        return said or Spoken(CallOutcome.CONFIRMED)

    def thinks(self, visit: str, times: int) -> timedelta:
        """How long they take to answer; most answer soon."""
        return _ANSWERS_WITHIN * self._chance.of("thinks", visit, times) ** 2

    def takes(self, place: str, slot: str, urgency: int) -> bool | None:
        """Whether they accept an offer, decline it, or (`None`) say nothing."""
        at = self._chance.of("takes", place, slot)
        if at < _ACCEPTS[urgency]:
            return True
        return False if at < _ACCEPTS[urgency] + _DECLINES else None

    def decides(self, place: str, slot: str) -> timedelta:
        """How long they take to answer an offer."""
        return _ACCEPTS_WITHIN * self._chance.of("decides", place, slot) ** 2

    def knows(self, visit: str) -> bool:
        """Whether they read that their slot went to somebody else."""
        return self._chance.of("knows", visit) < _READS_IT_IS_GONE

    def comes_to(self, place: str, slot: str, misses: float) -> bool:
        """Whether they come to a slot that they took; `misses` is how often they miss others."""
        return self._chance.of("comes", place, slot) >= float(misses) * _SHORT_NOTICE

    def arrives(self, message: str) -> bool | None:
        """Whether the provider takes a message; `None`: nobody knows."""
        at = self._chance.of("arrives", message)
        if at < _REFUSED:
            return False
        return None if at < _REFUSED + _LOST else True
