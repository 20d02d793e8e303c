"""Arms: the ways to run the HMO that are compared."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.simulation.arm_names import ArmName
from domain.balance.ways import BALANCED, GREEDY, LONGEST_WAIT, Way
from domain.policies import Policy, Silence


@dataclass(frozen=True)
class Arm:
    """One of them.

    Attributes:
        policy: What all departments have settled on; `None`: there is no Slotwise.
        way: By which rule managers' plans are made.
        means: What it is, in a few words.
    """

    name: ArmName
    policy: Policy | None
    means: str
    way: Way = BALANCED


_CONFIRMED: Final = Policy(silence=Silence.CALL)
_SILENT: Final = Policy(silence=Silence.RELEASE)

ARMS: Final = MappingProxyType(
    {
        arm.name: arm
        for arm in (
            Arm(ArmName.NOTHING, None, "the HMO without Slotwise"),
            Arm(ArmName.SLOTWISE, _CONFIRMED, "slots are released by their patients' word alone"),
            Arm(ArmName.SILENT_RELEASE, _SILENT, "silence past the deadline releases them, too"),
            Arm(
                ArmName.LONGEST_WAIT_FIRST,
                _CONFIRMED,
                "as slotwise, but each slot goes to who waits longest",
                LONGEST_WAIT,
            ),
            Arm(
                ArmName.GREEDY,
                _CONFIRMED,
                "as slotwise, but slots are planned one after the other",
                GREEDY,
            ),
        )
    }
)
