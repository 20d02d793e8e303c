"""The heatmap: what is in the figure, what must not be, and how the picture comes out."""

import io
import json
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from PIL import Image, ImageColor

from bot.pictures.chromium import ChromiumRenderer, browser_path, font_available
from bot.pictures.heatmap import GREY, INK, NAMES, WHITE, WIDTH, heatmap_figure
from bot.pictures.lettering import escaped, extent, plain, shortened, wrapped
from bot.pictures.scale import LIGHT_FROM, RAMP, Scale
from domain.ages import AGE_GROUPS
from domain.density import Density, Measure, density

HEADING = ("No-show rate · all departments", "1 Mar 2026 – 29 May 2026", "formula", "as of now")
NASTY = '<b>A</b> & &lt; "x" %{z} $y$\n<br>\u202e'


def table(rows: dict[str, list[tuple[int, int]]]) -> Density:
    """Departments, each with (n, no-shows) by age group."""
    cells = [
        (name, age, n - no_shows, no_shows)
        for name, counts in rows.items()
        for age, (n, no_shows) in zip(AGE_GROUPS, counts, strict=False)
    ]
    columns = ["department", "age_group", "attended", "no_shows"]
    return density(pd.DataFrame(cells, columns=columns), AGE_GROUPS)


def usual(departments: int = 12, name: str = "Department {}") -> Density:
    random = np.random.default_rng(departments)
    n = random.integers(150, 900, (departments, 8))
    return table(
        {
            name.format(row): [(int(m), int(m * random.uniform(0.03, 0.13))) for m in n[row]]
            for row in range(departments)
        }
    )


def with_hidden() -> Density:
    """7 is hidden, and with it 7,919, 7,927 and 7,933."""
    return table(
        {
            "A": [(7, 3), (7919, 733), (9000, 800)],
            "B": [(7927, 739), (7933, 743), (9100, 700)],
            "C": [(9200, 900), (9300, 930), (9400, 940)],
        }
    )


def contents(figure: go.Figure) -> Any:
    return json.loads(str(figure.to_json()))


def texts(figure: go.Figure) -> list[str]:
    drawn = [note["text"] for note in contents(figure)["layout"]["annotations"]]
    cells = [cell for trace in contents(figure)["data"] for row in trace["text"] for cell in row]
    return [*drawn, *filter(None, cells)]


def test_each_cell_says_its_value_and_its_n() -> None:
    figure = heatmap_figure(table({"A": [(1000, 124)], "B": [(2000, 100)]}), Measure.RATE, HEADING)
    cells = [text for text in texts(figure) if "1,000" in text]
    assert cells
    assert all("12.4" in text and "<br>" in text for text in cells)
    assert "No-show rate, %" in texts(figure), "the unit stands once, in the legend"


def test_its_head_names_all_it_is_told() -> None:
    found = texts(heatmap_figure(usual(), Measure.RATE, HEADING))
    assert found[: len(HEADING)] == list(HEADING)
    assert "second line: n, appointments<br>with a known outcome" in found


def numbers(figure: go.Figure) -> set[float]:
    """Every number in the figure, drawn or not."""
    found: set[float] = set()

    def look(what: Any) -> None:
        if isinstance(what, dict):
            what = list(what.values())
        if isinstance(what, list):
            for part in what:
                look(part)
        elif isinstance(what, str):
            words = re.findall(r"\d+(?:\.\d+)?", re.sub("<.*?>", " ", what.replace(",", "")))
            found.update(map(float, words))
        elif isinstance(what, int | float):
            found.add(float(what))

    look(contents(figure))
    return found


@pytest.mark.parametrize("measure", list(Measure))
def test_no_hidden_number_is_anywhere_in_the_figure(measure: Measure) -> None:
    density = with_hidden()
    assert density.hidden.sum() == 4
    figure = heatmap_figure(density, measure, HEADING)
    assert 9200 in numbers(figure), "one that is not hidden is found"
    for n, no_shows in ((7919, 733), (7927, 739), (7933, 743)):
        whole = density.no_shows[-1, -1]
        secrets = {n, no_shows, 100 * no_shows / n, 100 * no_shows / whole}
        assert not secrets & numbers(figure)
    assert not {"customdata", "hovertext"} & set(contents(figure)["data"][0])


def test_hidden_cells_are_marked_and_the_mark_is_explained_only_then() -> None:
    explained = "hidden: fewer than 11 appointments, or would give one away"
    assert explained in texts(heatmap_figure(with_hidden(), Measure.RATE, HEADING))
    assert texts(heatmap_figure(with_hidden(), Measure.RATE, HEADING)).count("·") == 4
    assert explained not in texts(heatmap_figure(usual(), Measure.RATE, HEADING))


@pytest.mark.parametrize("departments", [0, 1, 3, 12, 15, 100])
def test_its_size_is_one_that_telegram_takes(departments: int) -> None:
    layout = contents(heatmap_figure(usual(departments), Measure.COUNT, HEADING))["layout"]
    assert layout["width"] == WIDTH
    assert 400 <= layout["height"] <= 2400


def test_nothing_is_smaller_than_a_phone_can_show() -> None:
    long = usual(40, name="The very long name of a department of oral surgery {}")
    layout = contents(heatmap_figure(long, Measure.RATE, HEADING))["layout"]
    sizes = [note["font"]["size"] for note in layout["annotations"]]
    assert min(sizes) >= 24


def test_names_are_shown_literally() -> None:
    figure = heatmap_figure(table({NASTY: [(100, 10)], "B": [(100, 5)]}), Measure.RATE, [NASTY])
    shown = texts(figure)
    assert shown[0] == '&lt;b&gt;A&lt;/b&gt; &amp; &amp;lt; "x" %{z} $y$ &lt;br&gt;'
    assert not any("<b>" in text for text in shown)
    assert not any("\u202e" in text for text in shown)


def test_right_to_left_names_are_isolated() -> None:
    assert escaped("ילדים (3)") == "\u2068ילדים (3)\u2069"
    assert escaped("Cardiology") == "Cardiology"
    assert plain("a\u202eb\u200bc\td") == "abc d"


def test_names_are_wrapped_and_keep_both_their_ends() -> None:
    assert wrapped("Ear Nose and Throat", 26, 188) == ["Ear Nose and", "Throat"]
    broken = wrapped("Otorhinolaryngology clinic", 26, 188)
    assert broken == ["Otorhinola-", "ryngology", "clinic"]
    long = shortened("Regional Child and Adolescent Psychiatry – Northern Clinic", 20, 188, most=3)
    assert len(long) <= 3
    assert long[0].startswith("Regional")
    assert long[-1].endswith("Clinic")
    assert all(extent(line, 20) <= 188 for line in long)


def test_totals_have_colour_only_where_they_are_like_for_like() -> None:
    rate = contents(heatmap_figure(usual(), Measure.RATE, HEADING))["data"]
    count = contents(heatmap_figure(usual(), Measure.COUNT, HEADING))["data"]
    assert not any(cell for trace in rate if trace["name"] == "totals" for cell in trace["text"][0])
    (totals,) = [trace for trace in count if trace["name"] == "totals"]
    assert all(totals["text"][-1][place] for place in range(8))


def luminance(colour: tuple[float, ...]) -> float:
    parts = [part / 255 for part in colour[:3]]
    linear = [part / 12.92 if part <= 0.04 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_the_ramp_only_darkens_and_letters_stand_out_all_along_it() -> None:
    stops = np.array([ImageColor.getrgb(colour)[:3] for colour in RAMP], dtype=float)
    places = np.linspace(0, 1, 101)
    ramp = np.array(
        [np.interp(places * (len(RAMP) - 1), range(len(RAMP)), stops[:, k]) for k in range(3)]
    ).T
    lights = [luminance(tuple(colour)) for colour in ramp]
    assert all(later < earlier for earlier, later in pairwise(lights))
    for place, light in zip(places, lights, strict=True):
        ink = WHITE if place >= LIGHT_FROM else INK
        assert contrast(light, luminance(ImageColor.getrgb(ink))) >= 3.8


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([3.1, 12.6], ["0", "5", "10", "15"]),
        ([5.5, 5.5], ["5.5", "5.6"]),
        ([0, 1], ["0", "1"]),
        ([*range(40), 4000], ["0", "10", "20", "30", "40+"]),
        ([], ["0", "1"]),
    ],
)
def test_the_scale_runs_between_round_numbers(values: list[float], ticks: list[str]) -> None:
    scale = Scale(np.array([*values, np.nan]))
    assert scale.labels == ticks
    assert scale.is_used == bool(values)


@pytest.mark.skipif(
    browser_path() is None or not font_available(), reason="needs Chromium and a font"
)
async def test_the_picture_shows_cells_colours_and_letters() -> None:
    figure = heatmap_figure(with_hidden(), Measure.RATE, HEADING)
    renderer = ChromiumRenderer()
    try:
        picture = await renderer.png(figure)
    finally:
        await renderer.close()
    layout = contents(figure)["layout"]
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    assert image.size == (WIDTH, layout["height"])
    assert len(picture) < 10_000_000

    trace = contents(figure)["data"][0]
    edges, tops = trace["x"], trace["y"]
    corner = {
        (row, column): image.getpixel((int(edges[column]) + 6, int(tops[row]) + 6))
        for row in range(3)
        for column in range(3)
    }
    hidden = ImageColor.getrgb(GREY)
    # The worst department, C, stands first.
    assert [place for place, colour in corner.items() if colour == hidden] == [
        place for place in corner if with_hidden().hidden[place]
    ]
    assert len(set(corner.values())) >= 4
    for box in ((0, 0, WIDTH, 70), (0, int(tops[0]), NAMES, int(tops[1]))):
        darkest = np.asarray(image.crop(box).convert("L")).min()
        assert darkest < 60, "letters are missing"
