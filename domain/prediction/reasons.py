"""Reasons: what a chance means, in plain words."""

import pandas as pd

from domain.prediction.features import FAMILIES


def reasons(features: pd.Series, contributions: pd.Series, department: str) -> list[str]:
    """The strongest reasons for a chance, strongest first."""
    del department
    sums = {name: contributions[list(names)].sum() for name, names in FAMILIES.items()}
    if sums["lead"] > 0.1 and features["lead"] > 0:
        return [f"booked {int(features['lead'])} days ahead"]
    return []


def chance_words(chance: float) -> str:
    """`about 4 of 10 like this one do not come`, for a chance of 0–1."""
    tenths = round(10 * chance)
    if tenths == 0:
        return "fewer than 1 of 10 like this one do not come"
    return f"about {min(tenths, 9)} of 10 like this one do not come"


def weights(contributions: pd.DataFrame) -> dict[str, float]:
    """The mean absolute share of each family."""
    sums = {name: contributions[list(names)].sum(axis=1) for name, names in FAMILIES.items()}
    means = {name: float(values.abs().mean()) for name, values in sums.items()}
    total = sum(means.values()) or 1.0
    return {name: value / total for name, value in means.items()}
