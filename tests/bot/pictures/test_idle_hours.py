"""The picture of idle hours: two bars for each department, both in figures."""

import json
from typing import Any

import plotly.graph_objects as go

from bot.pictures.heatmap import WIDTH
from bot.pictures.idle_hours import idle_hours_figure

ROWS = [("Cardiology & <more>", 12.5, 8.0), ("Dermatology", 3.0, 3.0)]
HEADING = ("Idle hours of free slots · all departments", "now, and as expected with the plan")


def contents(figure: go.Figure) -> Any:
    return json.loads(str(figure.to_json()))


def test_each_department_has_its_hours_before_and_after() -> None:
    found = contents(idle_hours_figure(ROWS, HEADING))
    before, after = found["data"]
    assert (before["x"], after["x"]) == ([12.5, 3.0], [8.0, 3.0])
    assert (before["text"], after["text"]) == ([" 12.5 h", " 3.0 h"], [" 8.0 h", " 3.0 h"])
    assert before["marker"]["color"] != after["marker"]["color"]
    told = " ".join(note["text"] for note in found["layout"]["annotations"])
    assert "Cardiology &amp; &lt;more&gt;" in told
    assert "now" in told


def test_it_is_as_wide_as_a_heatmap_and_as_high_as_it_has_rows() -> None:
    one, many = (
        contents(idle_hours_figure([("Gastroenterology " * 5, 0.0, 0.0)] * n, HEADING))["layout"]
        for n in (1, 12)
    )
    assert one["width"] == many["width"] == WIDTH
    assert one["height"] < many["height"] < 1600
    assert min(note["font"]["size"] for note in many["annotations"]) >= 28
