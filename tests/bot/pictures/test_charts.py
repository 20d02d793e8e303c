"""The pictures of a model: what they say, that a phone can show it, and how they come out."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image, ImageColor

from bot.pictures.charts import FIGURES, calibration_figure, gain_figure, weights_figure
from bot.pictures.chromium import ChromiumRenderer, browser_path, font_available
from bot.pictures.heatmap import WIDTH
from bot.pictures.saving import save_charts
from bot.pictures.studio import Studio
from domain.prediction.features import FAMILIES
from domain.prediction.judging import calibration, gains, judge
from handlers.desk import ChartRequest

HEADING = ("Whom calling reaches", "Model 2026-11-23-1, judged on 2 Nov to 12 Nov 2026")
STRONG = ImageColor.getrgb("#cf4d17")

needs_chromium = pytest.mark.skipif(
    browser_path() is None or not font_available(), reason="needs Chromium and a font"
)


def report(flagged: float = 0.05) -> dict[str, Any]:
    """A report of 20,000 appointments whose chances mean what they say."""
    draw = np.random.default_rng(3)
    chances = draw.beta(1.2, 5, 20_000)
    outcomes = (draw.random(20_000) < chances).astype(np.float64)
    rule = draw.random(20_000) < flagged
    found = judge(outcomes, chances, ahead=chances > 0.1, flagged=rule, constant=0.2)
    return {
        "judged": {"model": found.figures()},
        "judged_on": "2 Nov to 12 Nov 2026",
        "calibration": calibration(outcomes, chances).to_numpy().tolist(),
        "gains": gains(outcomes, chances).to_numpy().tolist(),
        "weights": {name: 0.5 / (place + 1) for place, name in enumerate(FAMILIES)},
    }


def contents(figure: go.Figure) -> Any:
    return json.loads(str(figure.to_json()))


def words(figure: go.Figure) -> list[str]:
    return [note["text"] for note in contents(figure)["layout"]["annotations"]]


@pytest.mark.parametrize("kind", FIGURES)
def test_a_picture_is_as_wide_as_a_heatmap_and_its_letters_are_large_enough(kind: str) -> None:
    layout = contents(FIGURES[kind](report(), HEADING))["layout"]
    assert layout["width"] == WIDTH
    assert 600 <= layout["height"] <= 1600
    sizes = [note["font"]["size"] for note in layout["annotations"]]
    sizes += [layout[axis].get("tickfont", {"size": 26})["size"] for axis in ("xaxis", "yaxis")]
    assert min(sizes) >= 26


@pytest.mark.parametrize("kind", FIGURES)
def test_its_head_is_shown_literally(kind: str) -> None:
    assert words(FIGURES[kind](report(), ("<b>A</b> & B", "as of now")))[:2] == [
        "&lt;b&gt;A&lt;/b&gt; &amp; B",
        "as of now",
    ]


def test_the_calibration_shows_each_tenth_and_ends_at_round_per_cents() -> None:
    found = contents(calibration_figure(report(), HEADING))
    dots = next(trace for trace in found["data"] if trace["mode"] == "markers")
    assert len(dots["x"]) == 10
    assert dots["x"][0] == pytest.approx(100 * report()["calibration"][0][0])
    low, high = found["layout"]["xaxis"]["range"]
    assert (low, high % 10) == (0, 0)
    assert max(dots["x"] + dots["y"]) <= high
    assert found["layout"]["yaxis"]["range"] == [low, high]


def test_the_gain_says_what_calling_a_tenth_reaches_and_what_the_rule_does() -> None:
    reached = dict(map(tuple, report()["gains"]))[0.1]
    found = words(gain_figure(report(), HEADING))
    assert f"10 % → {100 * reached:.0f} %" in found
    model = report()["judged"]["model"]
    called = model["flags"] / model["rows"]
    by_rule = called * model["rule_precision"] / model["rate"]
    rule = f"Black: the rule calls {100 * called:.1f} % and reaches {100 * by_rule:.1f} %."
    assert rule in found


def test_a_rule_that_flags_nobody_has_no_dot() -> None:
    assert not any("the rule" in text for text in words(gain_figure(report(0), HEADING)))


def test_what_counts_is_named_in_plain_words_with_the_strongest_on_top() -> None:
    figure = weights_figure(report(), HEADING)
    (bars,) = contents(figure)["data"]
    assert bars["text"][:2] == [" 50 %", " 25 %"]
    named = " ".join(words(figure)).replace("<br>", " ")
    assert "Days from booking to visit" in named
    assert not any("_" in text for text in words(figure))
    low, high = contents(figure)["layout"]["yaxis"]["range"]
    assert low > high, "the first is on top"


@needs_chromium
async def test_the_studio_renders_each_kind_once_for_all_who_ask() -> None:
    renderer = ChromiumRenderer()
    studio = Studio(renderer)
    try:
        for kind in ("calibration", "gain", "weights"):
            request = ChartRequest(("model", 1, kind), kind, report(), HEADING)
            picture = await studio.chart(request)
            assert isinstance(picture, bytes)
            shown = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
            assert shown.shape[1] == WIDTH
            assert (shown == STRONG).all(axis=2).sum() > 2_000, "what is plotted is missing"
            assert (shown[:, :100] < 60).any(), "letters are missing"
            studio.remember(request.key, f"file {kind}")
            assert await studio.chart(request) == f"file {kind}"
        assert renderer.renders == 3
    finally:
        await renderer.close()


@needs_chromium
async def test_pictures_are_saved_beside_the_card(tmp_path: Path) -> None:
    saved = await save_charts(report(), tmp_path, "2026-11-23-1")
    assert [path.name for path in saved] == [f"2026-11-23-1-{kind}.png" for kind in FIGURES]
    for path in saved:
        with Image.open(path) as picture:
            assert picture.size[0] == WIDTH


async def test_without_chromium_nothing_is_saved_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    assert await save_charts(report(), tmp_path, "2026-11-23-1") == []
    assert not any(tmp_path.glob("*"))  # noqa: ASYNC240
