"""Pictures of a model: what its chances are worth, whom one reaches by calling, what counts.

They are as wide as the heatmap and share its head. The heading and all notes are laid out in px
from the top left corner; what is plotted has axes of its own below them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import plotly.graph_objects as go

from bot.pictures.heatmap import INK, MARGIN, SOFT_INK, WHITE, WIDTH, Heading
from bot.pictures.sheet import BAR, LETTERS, NAMES, STRONG, Sheet

Report = Mapping[str, Any]
"""What a model's card tells, see `storage.models.Version`."""

Points = Sequence[tuple[float, float]]

_PLOT: Final = 800
"""Height of what is plotted (px)."""
_LEFT: Final = 124
_AXIS: Final = 56
"""Room for the numbers along an axis, or for a line that says what they are (px)."""
_GRID: Final = "#dedee3"
_DOT: Final = 22

_FAMILIES: Final = {
    "lead": "Days from booking to visit",
    "time": "Weekday and hour",
    "age": "Age",
    "history": "Earlier visits and no-shows",
    "other bookings": "Other bookings of the patient",
    "department": "Latest no-shows in the department",
    "clinician": "Latest no-shows with the clinician",
    "reminder": "Reminder sent or not",
}
"""The families of features (`domain.prediction.features.FAMILIES`) as people call them."""


def calibration_figure(report: Report, heading: Heading) -> go.Figure:
    """What was foretold against what came of it, each dot a tenth of the appointments."""
    points = [(100 * chance, 100 * rate) for chance, rate, _ in report["calibration"]]
    end = _round_up(max([10.0, *(value for point in points for value in point)]))
    plane = _Plane(heading, "foretold chance of a no-show, %", "stayed away, %", end)
    plane.line([(0, 0), (end, end)], SOFT_INK, dash="dash")
    plane.line(points, STRONG)
    plane.dots(points, STRONG)
    plane.say("as foretold", 0.84 * end, 0.93 * end, xanchor="right")
    plane.note("Each dot is a tenth of the appointments.")
    plane.note("Above the dashed line more stayed away than foretold, below it fewer.")
    return plane.figure()


def gain_figure(report: Report, heading: Heading) -> go.Figure:
    """How many of the no-shows are reached by calling the most likely ones."""
    curve = [(100 * called, 100 * reached) for called, reached in report["gains"]]
    plane = _Plane(heading, "appointments called, % of all", "no-shows reached, % of all", 100)
    plane.line([(0, 0), (100, 100)], SOFT_INK, dash="dash")
    plane.say("called at random", 73, 64)
    plane.line(curve, STRONG)
    told = [(called, reached) for called, reached in curve if round(called) in _TOLD]
    plane.dots(told, STRONG)
    for called, reached in told:
        plane.say(f"{called:.0f} % → {reached:.0f} %", called + 2.5, reached - 2, color=INK)
    plane.note("The most likely no-shows are called first.")
    for called, reached in told[:1]:
        plane.note(f"Who calls {called:.0f} of 100 so reaches {reached:.0f} % of the no-shows.")
    for called, reached in _by_the_rule(report):
        plane.dots([(called, reached)], INK)
        plane.note(f"Black: the rule calls {called:.1f} % and reaches {reached:.1f} %.")
    return plane.figure()


def weights_figure(report: Report, heading: Heading) -> go.Figure:
    """How much each family of features moves chances, the strongest first."""
    weights = sorted(report["weights"].items(), key=lambda item: -item[1])
    sheet = Sheet(heading, BAR * max(len(weights), 1), left=NAMES)
    sheet.bars([(_FAMILIES.get(name, name), 100 * share) for name, share in weights])
    sheet.note("Share of all that moves chances up or down.")
    return sheet.figure()


FIGURES: Final[Mapping[str, Callable[[Report, Heading], go.Figure]]] = MappingProxyType(
    {"calibration": calibration_figure, "gain": gain_figure, "weights": weights_figure}
)
"""The pictures by kind, as `handlers.desk.ChartRequest` names them."""

_TOLD: Final = (10, 20, 40)
"""Shares called of which the picture says in figures what they reach, in per cent."""


def _by_the_rule(report: Report) -> list[tuple[float, float]]:
    """Which share of all the rule calls, and of the no-shows it reaches so; none without flags."""
    found = report["judged"]["model"]
    if not found["flags"] or not found["rate"]:
        return []
    called = found["flags"] / found["rows"]
    return [(100 * called, 100 * called * found["rule_precision"] / found["rate"])]


def _round_up(value: float) -> float:
    """The next multiple of ten, in per cent."""
    return min(math.ceil(value / 10) * 10, 100)


class _Plane(Sheet):
    """A sheet with two axes from 0 to the same end, the upward one named at its head."""

    def __init__(self, heading: Heading, across: str, upwards: str, end: float) -> None:
        super().__init__(heading, _PLOT, _LEFT)
        self._write([f"↑ {upwards}"], MARGIN, self._top, LETTERS)
        self._top += _AXIS
        self._end += 2 * _AXIS
        self._write([f"{across} →"], WIDTH - MARGIN, self._end, LETTERS, xanchor="right")
        self._end += _AXIS
        axis = {
            "range": [0, end],
            "dtick": 20 if end > 50 else 10,
            "gridcolor": _GRID,
            "zeroline": False,
            "tickfont": {"size": LETTERS},
            "ticks": "outside",
            "ticklen": 10,
            "tickcolor": WHITE,
        }
        self._axes = {"xaxis": {**axis}, "yaxis": {**axis}}

    def line(self, points: Points, colour: str, dash: str = "solid") -> None:
        """A line through points."""
        self._draw(points, mode="lines", line={"color": colour, "width": 5, "dash": dash})

    def dots(self, points: Points, colour: str) -> None:
        """Points."""
        self._draw(points, mode="markers", marker={"size": _DOT, "color": colour})

    def say(self, text: str, x: float, y: float, xanchor: str = "left", color: str = "") -> None:
        """Words at a point; what lies below them does not disturb them."""
        self._notes.append(
            {
                "text": text,
                "x": x,
                "y": y,
                "xref": "x",
                "yref": "y",
                "xanchor": xanchor,
                "yanchor": "middle",
                "showarrow": False,
                "bgcolor": WHITE,
                "font": {"size": LETTERS, "color": color or SOFT_INK},
            }
        )

    def _draw(self, points: Points, **style: Any) -> None:
        across, upwards = [x for x, _ in points], [y for _, y in points]
        self._traces.append(go.Scatter(x=across, y=upwards, cliponaxis=False, **style))
