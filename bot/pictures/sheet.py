"""A sheet: a heading, something plotted below it, and notes at its foot.

The heading and all notes are laid out in px from the top left corner, as wide as the heatmap; what
is plotted has axes of its own below them.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from bot.pictures.heatmap import INK, LINE, MARGIN, SOFT_INK, TITLE, WHITE, WIDTH, Heading
from bot.pictures.lettering import FONT, stacked, wrapped

LETTERS: Final = 28
"""Size of what is written in a plot and along its axes."""
BAR: Final = 92
"""Room for a bar (px)."""
NAMES: Final = 420
"""Room for the names of bars, margin included (px)."""
STRONG: Final = "#cf4d17"


class Sheet:
    """A page with a heading, a plot below it, and notes at its foot.

    Args:
        heading: Plain text, the title first; escaped and wrapped here.
        plot: Height of what is plotted (px).
        left: Where it begins (px).
    """

    def __init__(self, heading: Heading, plot: float, left: float) -> None:
        self._traces: list[go.Scatter | go.Bar] = []
        self._notes: list[dict[str, Any]] = []
        self._axes: dict[str, dict[str, Any]] = {"xaxis": {}, "yaxis": {}}
        self._left, self._plot = left, plot
        self._top = self._write_heading(heading) + 24
        self._end = self._top + plot

    def bars(self, shares: Sequence[tuple[str, float]]) -> None:
        """Bars from the left, the first on top, each with its name and its per cent."""
        for place, (name, _) in enumerate(shares):
            lines = wrapped(name, LETTERS, self._left - MARGIN - 20, most=2)
            middle = self._top + BAR * (place + 0.5)
            self._write(lines, MARGIN, middle, LETTERS, yanchor="middle")
        self._traces.append(
            go.Bar(
                x=[share for _, share in shares],
                y=list(range(len(shares))),
                orientation="h",
                width=0.62,
                marker={"color": STRONG},
                text=[f" {share:.0f} %" for _, share in shares],
                textposition="outside",
                textfont={"size": LETTERS, "color": INK},
                cliponaxis=False,
            )
        )
        most = max((share for _, share in shares), default=0) or 1
        self._axes["xaxis"] = {"range": [0, most * 1.25], "visible": False}
        self._axes["yaxis"] = {"range": [max(len(shares), 1) - 0.5, -0.5], "visible": False}

    def note(self, text: str) -> None:
        """A sentence at the foot."""
        for line in wrapped(text, LETTERS, WIDTH - 2 * MARGIN):
            self._write([line], MARGIN, self._end + 24, LETTERS, color=SOFT_INK)
            self._end += LETTERS * 1.4

    def figure(self) -> go.Figure:
        """The figure, when all is on it."""
        height = math.ceil(self._end + 48)
        bottom = self._top + self._plot
        self._axes["xaxis"]["domain"] = [self._left / WIDTH, 1 - 2 * MARGIN / WIDTH]
        self._axes["yaxis"]["domain"] = [1 - bottom / height, 1 - self._top / height]
        for note in self._notes:
            if note["yref"] == "paper":
                note["y"] = 1 - note["y"] / height
        figure = go.Figure(self._traces)
        figure.update_layout(
            width=WIDTH,
            height=height,
            margin={"l": 0, "r": 0, "t": 0, "b": 0},
            paper_bgcolor=WHITE,
            plot_bgcolor=WHITE,
            font={"family": FONT, "color": INK},
            showlegend=False,
            annotations=self._notes,
            **self._axes,
        )
        return figure

    def _write_heading(self, heading: Heading) -> float:
        """The lines at the top; returns where they end."""
        top = 18.0
        for place, text in enumerate(heading):
            size = LINE if place else TITLE
            for line in wrapped(text, size, WIDTH - 2 * MARGIN, most=3):
                style = {"color": SOFT_INK} if place else {"weight": 700}
                self._write([line], MARGIN, top, size, **style)
                top += size * 1.4
        return top

    def _write(self, lines: Sequence[str], x: float, y: float, size: float, **style: Any) -> None:
        """Lines of text, their top left corner at (x, y) unless told otherwise."""
        anchors = {"xanchor": "left", "yanchor": "top"}
        anchors |= {key: style.pop(key) for key in anchors if key in style}
        self._notes.append(
            {
                "text": stacked(lines),
                "x": x / WIDTH,
                "y": y,  # turned around when the height is known
                "xref": "paper",
                "yref": "paper",
                "align": "left",
                "showarrow": False,
                "borderpad": 0,
                "font": {"size": size, "color": INK, **style},
                **anchors,
            }
        )
