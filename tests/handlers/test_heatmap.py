"""The caption of the heatmap."""

import pandas as pd
import pytest

from domain.density import Measure, density
from handlers.heatmap import worst

COLUMNS = ["department", "age_group", "attended", "no_shows"]
AGES = ("30–39", "40–49")


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (Measure.RATE, "Ears &amp; eyes, 40–49: 40.0 % of 50"),
        (Measure.COUNT, "Cardiology, 30–39: 80 no-shows of 1,000"),
        (Measure.SHARE, "Cardiology, 30–39: 66.7 % of all no-shows"),
        (Measure.EXPECTED, "Cardiology, 30–39: 80 of 1,000"),
    ],
)
def test_what_is_highest_is_told_in_the_measure_that_is_shown(measure: Measure, text: str) -> None:
    rows = [
        ("Cardiology", "30–39", 920, 80),
        ("Cardiology", "40–49", 990, 10),
        ("Ears & eyes", "30–39", 490, 10),
        ("Ears & eyes", "40–49", 30, 20),
    ]
    assert worst(density(pd.DataFrame(rows, columns=COLUMNS), AGES), measure) == text


def test_of_nothing_that_may_be_shown_nothing_is_the_highest() -> None:
    few = pd.DataFrame([("Cardiology", "30–39", 4, 3)], columns=COLUMNS)
    for measure in Measure:
        assert worst(density(few, AGES), measure) == ""
