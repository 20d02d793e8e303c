"""Reasons: plain words that the record bears out, strongest first, and never age."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from domain.prediction.features import FAMILIES, FEATURES
from domain.prediction.reasons import MOST, chance_words, reasons, weights
from domain.prediction.training import Trained
from tests.clinic_record import Past

USUAL = {"visits": 5.0, "misses": 0.0, "misses_in_a_row": 0.0, "reminder": 1.0}


def told(added: dict[str, float], **values: float) -> list[str]:
    """Reasons where some features were added to, and all others are 0."""
    features = pd.Series(dict.fromkeys(FEATURES, 0.0) | USUAL | values)
    return reasons(features, pd.Series(dict.fromkeys(FEATURES, 0.0) | added), "Cardiology")


@pytest.mark.parametrize(
    ("feature", "values", "words"),
    [
        ("lead", {"lead": 41}, "booked 41 days ahead"),
        ("lead", {"lead": 1}, "booked 1 day ahead"),
        ("misses", {"misses": 3, "misses_in_a_row": 1}, "missed 3 of 5 earlier visits"),
        ("missed_last", {"misses": 1, "misses_in_a_row": 1}, "missed the last visit"),
        ("excess", {"misses": 2, "misses_in_a_row": 2}, "missed the last 2 visits"),
        ("miss_rate", {"visits": 1, "misses": 1}, "missed the only earlier visit"),
        ("miss_rate", {"visits": 2, "misses": 2}, "missed both earlier visits"),
        ("miss_rate", {"visits": 3, "misses": 3}, "missed all 3 earlier visits"),
        ("visits", {"visits": 0}, "no earlier visit on record"),
        ("days_since", {"days_since": 400}, "last visit 400 days ago"),
        ("others_that_day", {"others_that_day": 1}, "1 other booking that day"),
        ("others_week_before", {"others_week_before": 2}, "2 other bookings in the week before"),
        ("others_week_after", {"others_week_after": 2}, "2 other bookings in the week after"),
        ("open_bookings", {"open_bookings": 3}, "3 other bookings to come"),
        ("booked_that_day", {"booked_that_day": 4}, "4 visits booked on one day"),
        ("booked_together", {"booked_together": 4}, "4 visits booked at once"),
        ("department_rate", {"department_rate": 0.02}, "many no-shows in Cardiology lately"),
        ("clinician_rate", {"clinician_rate": 0.02}, "many no-shows with this clinician lately"),
        ("reminder", {"reminder": 0}, "no reminder sent"),
        ("weekday", {"weekday": 6}, "on a Sunday"),
        ("hour", {"hour": 7}, "between 07:00 and 08:00"),
        ("hour", {"hour": 23}, "between 23:00 and 00:00"),
        ("booked_weekday", {"booked_weekday": 0}, "booked on a Monday"),
        ("booked_hour", {"booked_hour": 9}, "booked between 09:00 and 10:00"),
    ],
)
def test_each_feature_that_adds_to_a_chance_is_told_as_a_fact(
    feature: str, values: dict[str, float], words: str
) -> None:
    assert told({feature: 0.3}, **values) == [words]
    assert told({feature: -0.3}, **values) == []
    assert told({feature: 0.04}, **values) == []


@pytest.mark.parametrize(
    ("feature", "values"),
    [
        ("lead", {"lead": 0}),
        ("lead", {"lead": np.nan}),
        ("misses", {"misses": 0}),
        ("days_since", {"days_since": np.nan}),
        ("others_that_day", {"others_that_day": 0}),
        ("booked_together", {"booked_together": 1}),
        ("booked_that_day", {"booked_that_day": np.nan}),
        ("department_rate", {"department_rate": -0.01}),
        ("clinician_rate", {"clinician_rate": np.nan}),
        ("reminder", {"reminder": 1}),
        ("reminder", {"reminder": np.nan}),
        ("booked_weekday", {"booked_weekday": np.nan}),
        ("booked_hour", {"booked_hour": np.nan}),
        ("age", {"age": 20}),
    ],
)
def test_what_the_record_does_not_bear_out_is_not_told(
    feature: str, values: dict[str, float]
) -> None:
    assert told({feature: 0.9}, **values) == []


def test_the_strongest_come_first_and_three_at_most() -> None:
    added = {"lead": 0.3, "reminder": 0.2, "misses": 0.9, "department_rate": 0.4, "age": 2.0}
    found = told(added, lead=9, reminder=0, misses=2, department_rate=0.1)
    assert found == [
        "missed 2 of 5 earlier visits",
        "many no-shows in Cardiology lately",
        "booked 9 days ahead",
    ]
    assert len(found) == MOST


def test_features_of_a_family_count_together() -> None:
    small = {"misses": 0.06, "miss_rate": 0.06, "excess": 0.06}
    assert told(small, misses=2) == ["missed 2 of 5 earlier visits"]
    assert told(small | {"days_since": -0.2}, misses=2, days_since=3) == []


def test_a_fact_that_cannot_be_told_gives_way_to_the_next_of_its_family() -> None:
    added = {"others_that_day": 0.5, "open_bookings": 0.2}
    assert told(added, others_that_day=0, open_bookings=2) == ["2 other bookings to come"]


def test_reasons_of_a_model_agree_with_the_record(trained: Trained, later: Past) -> None:
    top = np.argsort(-trained.model.chances(later.features))[:150]
    contributions = trained.model.contributions(later.features.iloc[top])
    numbers = []
    for place, row in enumerate(top):
        seen = later.features.iloc[row]
        found = reasons(seen, contributions.iloc[place], "Neurology")
        numbers.append(len(found))
        for words in found:
            _agrees(words, seen)
    assert min(numbers) >= 1
    assert np.mean(numbers) > 2


def _agrees(words: str, seen: "pd.Series[float]") -> None:
    """The words mean what the record holds."""
    for pattern, names in _TOLD.items():
        found = re.fullmatch(pattern, words)
        if found:
            said = [_DAYS.index(each) if each in _DAYS else int(each) for each in found.groups()]
            assert said == seen[list(names)].tolist()
            break
    else:
        assert _HOLDS[words](seen)


_TOLD = {
    r"booked (\d+) days? ahead": ("lead",),
    r"missed (\d+) of (\d+) earlier visits": ("misses", "visits"),
    r"missed the last (\d+) visits": ("misses_in_a_row",),
    r"missed all (\d+) earlier visits": ("misses",),
    r"last visit (\d+) days? ago": ("days_since",),
    r"on a (\w+day)": ("weekday",),
    r"booked on a (\w+day)": ("booked_weekday",),
    r"between (\d+):00 and \d+:00": ("hour",),
    r"booked between (\d+):00 and \d+:00": ("booked_hour",),
    r"(\d+) other bookings? that day": ("others_that_day",),
    r"(\d+) other bookings? in the week before": ("others_week_before",),
    r"(\d+) other bookings? in the week after": ("others_week_after",),
    r"(\d+) other bookings? to come": ("open_bookings",),
    r"(\d+) visits booked on one day": ("booked_that_day",),
    r"(\d+) visits booked at once": ("booked_together",),
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOLDS: dict[str, Callable[["pd.Series[float]"], bool]] = {
    "missed the last visit": lambda seen: seen["misses"] == seen["misses_in_a_row"] == 1,
    "missed the only earlier visit": lambda seen: seen["misses"] == seen["visits"] == 1,
    "missed both earlier visits": lambda seen: seen["misses"] == seen["visits"] == 2,
    "no earlier visit on record": lambda seen: seen["visits"] == 0,
    "no reminder sent": lambda seen: seen["reminder"] == 0,
    "many no-shows in Neurology lately": lambda seen: seen["department_rate"] > 0,
    "many no-shows with this clinician lately": lambda seen: seen["clinician_rate"] > 0,
}


@pytest.mark.parametrize(
    ("chance", "words"),
    [
        (0.001, "fewer than 1 of 20 like this one do not come"),
        (0.05, "about 1 of 20 like this one does not come"),
        (0.08, "about 1 of 10 like this one does not come"),
        (0.14, "about 1 of 10 like this one does not come"),
        (0.41, "about 4 of 10 like this one do not come"),
        (0.45, "about 5 of 10 like this one do not come"),
        (0.999, "about 9 of 10 like this one do not come"),
    ],
)
def test_a_chance_is_so_many_of_ten_and_never_a_certainty(chance: float, words: str) -> None:
    assert chance_words(chance) == words


def test_weights_are_shares_of_families(trained: Trained, later: Past) -> None:
    found = weights(trained.model.contributions(later.features[:200]))
    assert list(found) == list(FAMILIES)
    assert sum(found.values()) == pytest.approx(1)
    assert found["lead"] > found["other bookings"]
    none = pd.DataFrame(columns=list(FEATURES), dtype=np.float64)
    assert weights(none) == dict.fromkeys(FAMILIES, 0.0)


def test_what_features_of_a_family_add_and_take_away_cancels_out() -> None:
    row = dict.fromkeys(FEATURES, 0.0) | {"misses": 1.0, "visits": -0.5, "lead": -0.5}
    found = weights(pd.DataFrame([row]))
    assert (found["history"], found["lead"]) == (0.5, 0.5)
