"""Reasons: why a chance is what it is, in plain words.

They come from what the model's own trees added up for the appointment. A reason is given only if
its family of features raises the chance, and only as a fact that the record bears out. Age is
never one: it would say of people what they are and not what they did.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from domain.counting import count
from domain.prediction.features import FAMILIES

MOST: Final = 3

_LEAST: Final = 0.1
"""Log odds that a family must add to be a reason, …"""
_LEAST_OF_FACT: Final = 0.05
"""… and the features behind the fact that is told of it."""

_WEEKDAYS: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)

Fact = Callable[[Mapping[str, float], str], str | None]
"""Words for what some features of an appointment in a department say; `None` if nothing."""


def reasons(features: pd.Series, contributions: pd.Series, department: str) -> list[str]:
    """Why an appointment's chance is higher than usual: three reasons at most, strongest first.

    Args:
        features: Of the appointment, by name (`domain/prediction/features.py`).
        contributions: What each added, in log odds (`NoShowModel.contributions`).
        department: Its name, as it is to be shown.
    """
    values = {str(name): float(value) for name, value in features.items()}
    added = {str(name): float(value) for name, value in contributions.items()}
    weight = {family: sum(added[name] for name in FAMILIES[family]) for family in _FACTS}
    told = [
        _fact(_FACTS[family], values, added, department)
        for family in sorted(weight, key=lambda family: -weight[family])
        if weight[family] > _LEAST
    ]
    return [words for words in told if words][:MOST]


def chance_words(chance: float) -> str:
    """A chance (0–1) as so many of ten, which is never all of them."""
    if chance < 0.035:
        return "fewer than 1 of 20 like this one do not come"
    if chance < 0.075:
        return "about 1 of 20 like this one does not come"
    tenths = min(int(chance * 10 + 0.5), 9)
    return f"about {tenths} of 10 like this one {'does' if tenths == 1 else 'do'} not come"


def weights(contributions: pd.DataFrame) -> dict[str, float]:
    """How much each family of features counts: its share of all that was added or taken away.

    Returns:
        By family, shares that sum to 1 (all 0 if there is nothing).
    """
    sizes = {
        family: float(contributions[list(names)].sum(axis=1).abs().sum())
        for family, names in FAMILIES.items()
    }
    total = sum(sizes.values())
    return {family: size / total if total else 0.0 for family, size in sizes.items()}


def _fact(
    facts: Mapping[Fact, tuple[str, ...]],
    values: Mapping[str, float],
    added: Mapping[str, float],
    department: str,
) -> str | None:
    """The fact that bears most of a family's weight, of those that can be said."""
    weight = {fact: sum(added[name] for name in names) for fact, names in facts.items()}
    for fact in sorted(facts, key=lambda fact: -weight[fact]):
        words = fact(values, department) if weight[fact] > _LEAST_OF_FACT else None
        if words:
            return words
    return None


def _lead(values: Mapping[str, float], _: str) -> str | None:
    lead = values["lead"]
    return f"booked {count(int(lead), 'day')} ahead" if lead >= 1 else None


def _weekday(values: Mapping[str, float], _: str) -> str:
    return f"on a {_WEEKDAYS[int(values['weekday'])]}"


def _hour(values: Mapping[str, float], _: str) -> str:
    return f"between {_hours(values['hour'])}"


def _booked_weekday(values: Mapping[str, float], _: str) -> str | None:
    day = values["booked_weekday"]
    return None if np.isnan(day) else f"booked on a {_WEEKDAYS[int(day)]}"


def _booked_hour(values: Mapping[str, float], _: str) -> str | None:
    hour = values["booked_hour"]
    return None if np.isnan(hour) else f"booked between {_hours(hour)}"


def _hours(hour: float) -> str:
    return f"{int(hour):02}:00 and {int(hour + 1) % 24:02}:00"


def _misses(values: Mapping[str, float], _: str) -> str | None:
    visits, misses = int(values["visits"]), int(values["misses"])
    if not visits:
        return "no earlier visit on record"
    if not misses:
        return None
    if visits == misses:
        every = {1: "the only earlier visit", 2: "both earlier visits"}
        return f"missed {every.get(visits, f'all {visits:,} earlier visits')}"
    if misses == values["misses_in_a_row"]:
        return "missed the last visit" if misses == 1 else f"missed the last {misses:,} visits"
    return f"missed {misses:,} of {visits:,} earlier visits"


def _days_since(values: Mapping[str, float], _: str) -> str | None:
    days = values["days_since"]
    return None if np.isnan(days) else f"last visit {count(int(days), 'day')} ago"


def _others(feature: str, when: str) -> Fact:
    def words(values: Mapping[str, float], _: str) -> str | None:
        others = int(values[feature])
        return f"{count(others, 'other booking')} {when}" if others else None

    return words


def _made(feature: str, how: str) -> Fact:
    def words(values: Mapping[str, float], _: str) -> str | None:
        made = values[feature]
        return f"{int(made):,} visits booked {how}" if made > 1 else None

    return words


def _department(values: Mapping[str, float], department: str) -> str | None:
    return f"many no-shows in {department} lately" if values["department_rate"] > 0 else None


def _clinician(values: Mapping[str, float], _: str) -> str | None:
    return "many no-shows with this clinician lately" if values["clinician_rate"] > 0 else None


def _reminder(values: Mapping[str, float], _: str) -> str | None:
    return "no reminder sent" if values["reminder"] == 0 else None


_FACTS: Final[Mapping[str, Mapping[Fact, tuple[str, ...]]]] = MappingProxyType(
    {
        "lead": {_lead: ("lead",)},
        "history": {
            _misses: tuple(name for name in FAMILIES["history"] if name != "days_since"),
            _days_since: ("days_since",),
        },
        "other bookings": {
            _others("others_that_day", "that day"): ("others_that_day",),
            _others("others_week_before", "in the week before"): ("others_week_before",),
            _others("others_week_after", "in the week after"): ("others_week_after",),
            _others("open_bookings", "to come"): ("open_bookings",),
            _made("booked_that_day", "on one day"): ("booked_that_day",),
            _made("booked_together", "at once"): ("booked_together",),
        },
        "department": {_department: ("department_rate",)},
        "clinician": {_clinician: ("clinician_rate",)},
        "reminder": {_reminder: ("reminder",)},
        "time": {
            _weekday: ("weekday",),
            _hour: ("hour",),
            _booked_weekday: ("booked_weekday",),
            _booked_hour: ("booked_hour",),
        },
    }
)
"""Of each family the facts that can be told, and the features behind each; not of age."""
