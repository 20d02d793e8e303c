"""The heatmap: a density table as a figure that reads well on a phone held at arm's length.

The picture is 1080 px wide, about three times what a phone gives it, and is laid out in px
from its top left corner: both axes run over the whole picture, y downwards.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from bot.pictures.lettering import FONT, extent, shortened, stacked, wrapped
from bot.pictures.scale import LIGHT_FROM, RAMP, Grid, Scale
from domain.density import HIDDEN_BECAUSE, MARK, Density, Measure
from domain.disclosure import Mask

Heading = Sequence[str]
"""The lines at the head of a picture: its title, then period, criteria, formula, as-of time."""

WIDTH: Final = 1080
HEIGHT: Final = 1350
MARGIN: Final = 24
NAMES: Final = 284
"""Room for the departments' names, margin included (px)."""
GAP: Final = 16
"""Between the cells and the totals (px)."""
ROW_HEIGHTS: Final = (78, 106, 114)
"""The least, the least where a name takes three lines, the most (px)."""
AGES: Final = 46
"""Room for the line of age groups (px)."""
FOOT: Final = 136
LEGEND: Final = 56
"""What the legend of hidden cells adds to the foot (px)."""

TITLE: Final = 40
LINE: Final = 29
VALUE: Final = 32
NAME_SIZES: Final = (30.0, 28.0, 26.0)
"""In which a name may take two lines; in the least of them also three."""
LEGEND_SIZE: Final = 26
NUMBER: Final = 0.76
"""Size of the number below a value."""
DOT: Final = 56

INK: Final = "#1c1c1e"
SOFT_INK: Final = "#55555c"
GREY: Final = "#c9c9cf"
PALE: Final = "#eeeef1"
WHITE: Final = "#ffffff"


def heatmap_figure(density: Density, measure: Measure, heading: Heading) -> go.Figure:
    """The figure of one measure of `density`.

    Args:
        density: What to show; it holds no hidden number, so neither does the figure.
        measure: What a cell says.
        heading: Plain text, the title first; escaped and wrapped here.
    """
    return _Sheet(density, measure, heading).figure()


class _Sheet:
    def __init__(self, density: Density, measure: Measure, heading: Heading) -> None:
        self._density, self._measure = density, measure
        self._values = density.values(measure)
        self._annotations: list[dict[str, Any]] = []
        self._top = self._write_heading(heading) + AGES
        rows, columns = self._values.shape
        self._names = [_fitted(name, NAMES - MARGIN - 10) for name in density.departments]
        tallest = max((len(lines) for lines, _ in self._names), default=1)
        self._foot = FOOT + (LEGEND if density.hidden.any() else 0)
        fair = (HEIGHT - self._top - GAP - self._foot) / rows
        self._row = float(np.clip(fair, ROW_HEIGHTS[tallest > 2], ROW_HEIGHTS[-1]))
        self._column = (WIDTH - MARGIN - NAMES - GAP) / columns
        # The gap before the totals is a row and a column of its own, in which nothing is drawn.
        self._x = NAMES + np.cumsum([0, *[self._column] * (columns - 1), GAP, self._column])
        self._y = self._top + np.cumsum([0, *[self._row] * (rows - 1), GAP, self._row])
        self._scale = Scale(self._coloured())
        self._size = self._value_size()

    def figure(self) -> go.Figure:
        self._write_names()
        self._write_ages()
        figure = go.Figure(list(self._traces()))
        bottom = float(self._y[-1])
        self._write_foot(bottom)
        height = math.ceil(bottom + self._foot)
        figure.update_layout(
            width=WIDTH,
            height=height,
            margin={"l": 0, "r": 0, "t": 0, "b": 0},
            paper_bgcolor=WHITE,
            plot_bgcolor=WHITE,
            font={"family": FONT, "color": INK},
            xaxis={"range": [0, WIDTH], "visible": False, "fixedrange": True},
            yaxis={"range": [height, 0], "visible": False, "fixedrange": True},
            coloraxis=self._colour_axis(height),
            annotations=self._annotations,
            shapes=[self._swatch(bottom)] if self._density.hidden.any() else [],
        )
        return figure

    def _coloured(self) -> Grid:
        """The values that are told by colour. Sums are left out where they are no like for like."""
        if self._measure is Measure.RATE:
            return self._values
        inner = np.full_like(self._values, np.nan)
        inner[:-1, :-1] = self._values[:-1, :-1]
        return inner

    def _traces(self) -> Iterator[go.Heatmap]:
        coloured, hidden = np.isfinite(self._coloured()), self._density.hidden
        pale = ~coloured & ~hidden & (self._density.n > 0)
        with np.errstate(invalid="ignore"):
            light = coloured & (self._scale.place(self._values) >= LIGHT_FROM)
        for cells, ink in ((coloured & ~light, INK), (light, WHITE)):
            yield self._trace("values", cells, ink, z=self._values, coloraxis="coloraxis")
        for name, cells, fill in (
            ("totals", pale, PALE),
            ("hidden", hidden, GREY),
            ("empty", ~(coloured | pale | hidden), WHITE),
        ):
            one_colour = {"colorscale": [[0, fill], [1, fill]], "showscale": False}
            yield self._trace(name, cells, INK, z=np.zeros(cells.shape), **one_colour)

    def _trace(self, name: str, cells: Mask, ink: str, z: Grid, **colours: Any) -> go.Heatmap:
        """Some of the cells; the others of this trace hold nothing."""
        values = z.astype(object)
        values[~cells] = None
        text = np.full(cells.shape, "", dtype=object)
        for row, column in np.argwhere(cells):
            text[row, column] = self._cell_text(row, column)
        return go.Heatmap(
            name=name,
            x=self._x.tolist(),
            y=self._y.tolist(),
            z=_with_gap(values, None),
            text=_with_gap(text, ""),
            texttemplate="%{text}",
            # Without a size of its own plotly drops the lines of other sizes.
            textfont={"size": DOT if name == "hidden" else self._size, "color": ink},
            hoverinfo="skip",
            xgap=3,
            ygap=3,
            **colours,
        )

    def _cell_text(self, row: int, column: int) -> str:
        if self._density.hidden[row, column]:
            return MARK
        value = self._measure.text(self._values[row, column])
        n = int(self._density.n[row, column])
        if n == 0:
            return value
        room = self._column - 8
        # Totals are longer than the cells: a size for all would make all small.
        size = min(self._size, room / extent(value, 1))
        number = f"{n:,}"
        below = _sized(number, _largest(number, room, NUMBER * self._size))
        return f"{_sized(value, size)}<br>{below}"

    def _value_size(self) -> float:
        """The size in which each value that is no total goes into its cell."""
        inner = self._values[:-1, :-1]
        texts = map(self._measure.text, inner[np.isfinite(inner)])
        return float(min([VALUE, *((self._column - 8) / extent(text, 1) for text in texts)]))

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

    def _write_names(self) -> None:
        for place, (lines, size) in enumerate(self._names):
            self._write_name(lines, size, self._y[place])
        self._write_name(["all"], NAME_SIZES[0], self._y[-2], weight=700)

    def _write_name(self, lines: Sequence[str], size: float, top: float, **style: Any) -> None:
        middle = float(top) + self._row / 2
        self._write(lines, MARGIN, middle, size, yanchor="middle", **style)

    def _write_ages(self) -> None:
        for column, label in enumerate(self._density.age_groups):
            self._write_age(label, self._x[column])
        self._write_age("all", self._x[-2], weight=700)

    def _write_age(self, label: str, left: float, **style: Any) -> None:
        middle = float(left) + self._column / 2
        size = _largest(label, self._column - 6, 28)
        anchors = {"xanchor": "center", "yanchor": "bottom"}
        self._write([label], middle, self._top - 8, size, **anchors, **style)

    def _write_foot(self, bottom: float) -> None:
        top = bottom + 20
        unit = f", {self._measure.unit}" if self._measure.unit else ""
        named = f"{self._measure.heading}{unit}"
        if self._scale.is_used:
            self._write([named], MARGIN, top, LEGEND_SIZE)
        explained = ["second line: n, appointments", self._measure.counted]
        self._write(explained, WIDTH / 2 + MARGIN, top, LEGEND_SIZE)
        if self._density.hidden.any():
            because = [f"hidden: {HIDDEN_BECAUSE}"]
            self._write(because, MARGIN + 58, bottom + FOOT + 2, LEGEND_SIZE)

    def _swatch(self, bottom: float) -> dict[str, Any]:
        """The sample of a hidden cell in the legend."""
        top = bottom + FOOT
        return {
            "type": "rect",
            "x0": MARGIN,
            "x1": MARGIN + 46,
            "y0": top,
            "y1": top + 34,
            "fillcolor": GREY,
            "line": {"width": 0},
            "label": {"text": MARK, "font": {"size": DOT}},
        }

    def _colour_axis(self, height: int) -> dict[str, Any]:
        scale = self._scale
        bar = {
            "orientation": "h",
            "x": (MARGIN + 6) / WIDTH,
            "xanchor": "left",
            "xpad": 0,
            "y": (self._foot - 58) / height,
            "yanchor": "top",
            "ypad": 0,
            "len": WIDTH / 2 - 2 * MARGIN,
            "lenmode": "pixels",
            "thickness": 26,
            "outlinewidth": 0,
            "tickvals": scale.ticks,
            "ticktext": scale.labels,
            "tickfont": {"size": 24},
        }
        colours = [[place / (len(RAMP) - 1), colour] for place, colour in enumerate(RAMP)]
        return {
            "colorscale": colours,
            "cmin": scale.low,
            "cmax": scale.high,
            "showscale": scale.is_used,
            "colorbar": bar,
        }

    def _write(self, lines: Sequence[str], x: float, y: float, size: float, **style: Any) -> None:
        """Lines of text, their top left corner at (x, y) unless told otherwise."""
        anchors = {"xanchor": "left", "yanchor": "top"}
        anchors |= {key: style.pop(key) for key in anchors if key in style}
        self._annotations.append(
            {
                "text": stacked(lines),
                "x": x,
                "y": y,
                "xref": "x",
                "yref": "y",
                "align": "left",
                "showarrow": False,
                "borderpad": 0,
                "font": {"size": size, "color": INK, **style},
                **anchors,
            }
        )


def _fitted(name: str, room: float) -> tuple[list[str], float]:
    """A name in two lines as large as may be, otherwise in three small ones."""
    for size in NAME_SIZES:
        lines = wrapped(name, size, room)
        if len(lines) <= 2:
            return lines, size
    return shortened(name, NAME_SIZES[-1], room, most=3), NAME_SIZES[-1]


def _largest(text: str, room: float, most: float) -> float:
    """The size, at most `most`, in which `text` takes at most `room` px."""
    return min(most, room / extent(text, 1))


def _sized(text: str, size: float) -> str:
    return f"<span style='font-size:{size:.1f}px'>{text}</span>" if text else ""


def _with_gap(cells: NDArray[Any], nothing: object) -> list[list[Any]]:
    """The cells with an empty row and column before the totals."""
    rows: list[list[Any]] = [[*row[:-1], nothing, row[-1]] for row in cells.tolist()]
    rows.insert(-1, [nothing] * len(rows[0]))
    return rows
