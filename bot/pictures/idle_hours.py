"""Idle hours of free slots by department: without a plan, and as expected with it."""

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go

from bot.pictures.heatmap import GREY, INK, MARGIN, SOFT_INK, WIDTH, Heading
from bot.pictures.lettering import extent, shortened
from bot.pictures.sheet import BAR, LETTERS, NAMES, STRONG, Sheet

Rows = Sequence[tuple[str, float, float]]
"""The name of a department, its idle hours before, and after."""

_THICK: Final = 0.36
"""How thick one of two bars is, of the room that both have."""
_SQUARE: Final = "■"


def idle_hours_figure(rows: Rows, heading: Heading) -> go.Figure:
    """Two bars for each department, before above after, both with their hours.

    Args:
        rows: In the order to be shown.
        heading: Plain text, the title first; escaped and wrapped here.
    """
    sheet = _Pairs(heading, rows)
    sheet.legend(((GREY, "now"), (STRONG, "expected once the offers have gone out")))
    return sheet.figure()


class _Pairs(Sheet):
    """A sheet with two bars for each row."""

    def __init__(self, heading: Heading, rows: Rows) -> None:
        super().__init__(heading, BAR * max(len(rows), 1), NAMES)
        for place, (name, _, _) in enumerate(rows):
            lines = shortened(name, LETTERS, NAMES - MARGIN - 20, most=2)
            middle = self._top + BAR * (place + 0.5)
            self._write(lines, MARGIN, middle, LETTERS, yanchor="middle")
        for side, colour, values in (
            (-0.2, GREY, [before for _, before, _ in rows]),
            (0.2, STRONG, [after for _, _, after in rows]),
        ):
            self._traces.append(_bars(values, side, colour))
        most = max((max(before, after) for _, before, after in rows), default=0) or 1
        longest = max((extent(_told(max(row[1:])), LETTERS) for row in rows), default=0)
        room = WIDTH - NAMES - 2 * MARGIN
        self._axes["xaxis"] = {"range": [0, most * room / (room - longest)], "visible": False}
        self._axes["yaxis"] = {"range": [max(len(rows), 1) - 0.5, -0.5], "visible": False}

    def legend(self, colours: Sequence[tuple[str, str]]) -> None:
        """What each colour stands for, a line each."""
        for colour, told in colours:
            self._write([_SQUARE], MARGIN, self._end + 24, LETTERS, color=colour)
            self._write([told], MARGIN + 40, self._end + 24, LETTERS, color=SOFT_INK)
            self._end += LETTERS * 1.4


def _bars(values: Sequence[float], side: float, colour: str) -> go.Bar:
    return go.Bar(
        x=list(values),
        y=[place + side for place in range(len(values))],
        orientation="h",
        width=_THICK,
        marker={"color": colour},
        text=[_told(value) for value in values],
        textposition="outside",
        textfont={"size": LETTERS, "color": INK},
        cliponaxis=False,
    )


def _told(hours: float) -> str:
    return f" {hours:,.1f} h"
