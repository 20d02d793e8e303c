"""What was won back, in words: on `/efficiency` in full, in a summary on one line."""

from dataclasses import replace
from typing import Final

from sqlmodel import Session

from domain.criteria import Selection
from domain.days import Calendar
from domain.gains import EXPECTED_FORMULA, REALISED_FORMULA, Realised
from handlers import words
from storage import gains

DAYS: Final = 30
"""Days that a summary looks back on."""


def of_late(session: Session, selection: Selection, calendar: Calendar) -> Realised:
    """What was won back in the last `DAYS`, where the selection looks."""
    return gains.realised(session, replace(selection, span=calendar.back(selection.after, DAYS)))


def summary_lines(found: Realised) -> list[str]:
    """`Won back 4 slots, 2.3 h in 30 days (5 filled, 1 did not come)`; nothing without any."""
    if not found.filled:
        return []
    told = [f"{words.number(found.filled)} filled", *_but(found)]
    return [f"Won back {_slots(found)}, {_care(found)} in {DAYS} days ({', '.join(told)})"]


def expected_lines(expected: float | None, scheduled: int) -> list[str]:
    """The no-shows to expect among the actioned slots; nothing while no model can say."""
    if expected is None:
        return []
    return [f"Expected no-shows {words.part_of(expected, scheduled, 1)}", EXPECTED_FORMULA]


def realised_lines(found: Realised, scheduled: int, when: str) -> list[str]:
    """The realised gain with its formula, and what it is made of.

    Args:
        found: What became of the slots.
        scheduled: Appointments on the same days.
        when: The days, such as `last 7 days`.
    """
    lines = [
        f"Realised gain {words.part_of(found.slots, scheduled)} · {when}",
        REALISED_FORMULA,
    ]
    if found.filled:
        told = [f"{words.number(found.won)} won back", *_but(found)]
        lines.append(f"{words.number(found.filled)} filled: {', '.join(told)}; {_care(found)}")
    else:
        lines.append("No slot was given to a waiting patient then.")
    if found.kept or found.kept_unknown:
        lines.append(f"Beside it: {_kept(found)}")
    return lines


def _but(found: Realised) -> list[str]:
    """What became of filled slots that were not won back."""
    return [
        *([words.count(found.collisions, "collision")] if found.collisions else []),
        *([f"{words.number(found.lost)} did not come"] if found.lost else []),
        *([f"{words.number(found.unknown)} not known yet"] if found.unknown else []),
    ]


def _slots(found: Realised) -> str:
    return f"{words.signed(found.slots)} slot{'' if found.slots == 1 else 's'}"


def _care(found: Realised) -> str:
    """`2.3 h`, `2.3 h and 1 of unknown length`."""
    without = f" and {words.number(found.untimed)} of unknown length" if found.untimed else ""
    return f"{words.signed(found.hours, 1)} h{without}"


def _kept(found: Realised) -> str:
    """`12 patients confirmed and came, 3 not known yet`."""
    told = [f"{words.count(found.kept, 'patient')} confirmed and came"]
    if found.kept_unknown:
        told.append(f"{words.number(found.kept_unknown)} not known yet")
    return ", ".join(told)
