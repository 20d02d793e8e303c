"""Efficiency Gain: how much of the schedule was acted on."""

from dataclasses import dataclass
from typing import Final

FORMULA: Final = "actioned ÷ scheduled appointments × 100"


@dataclass(frozen=True)
class Efficiency:
    """The Efficiency Gain within some criteria, always with both of its numbers.

    Attributes:
        actioned: Appointments with an authorised action that was not revoked.
        scheduled: Appointments neither cancelled nor entered in error.
    """

    actioned: int
    scheduled: int

    @property
    def gain(self) -> float | None:
        """Per cent, 0–100; `None` when nothing is scheduled."""
        return 100 * self.actioned / self.scheduled if self.scheduled else None

    def after(self, more: int) -> "Efficiency":
        """The figure once `more` further appointments are actioned."""
        return Efficiency(self.actioned + more, self.scheduled)
