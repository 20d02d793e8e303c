"""The names of the arms alone, which the command line needs without all that they load."""

from enum import StrEnum


class ArmName(StrEnum):
    """What they are called, in the order in which they are told."""

    NOTHING = "nothing"
    SLOTWISE = "slotwise"
    SILENT_RELEASE = "silent-release"
    LONGEST_WAIT_FIRST = "longest-wait-first"
    GREEDY = "greedy"
