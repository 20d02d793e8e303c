"""`/heatmap`: where no-shows concentrate, departments × age groups, as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sqlmodel import Session

from domain.ages import AGE_GROUPS
from domain.days import PERIODS, Calendar, Span
from domain.density import Density, Measure, density, text_table
from handlers import words
from handlers.addresses import UnknownAddress, join, maybe_whole, split, whole
from handlers.desk import HeatmapRequest, PictureUnavailable
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Picture, Screen, Visit, button
from storage import risk
from storage.density import Outcomes, outcomes
from storage.expectations import expected_by_cell
from storage.model_uses import has_model

HEATMAP: Final = "heat"
BY_DEPARTMENT: Final = "heatdep"
PAGE: Final = 10
AHEAD: Final = (7, 14, 30)
"""The lengths of a look ahead in days, the present day included."""


def periods(measure: Measure) -> tuple[int, ...]:
    """The lengths in days that a measure is shown over."""
    return AHEAD if measure.looks_ahead else PERIODS


@dataclass(frozen=True)
class View:
    """What a heatmap is asked for: days back or ahead, measure, one department or none for all."""

    days: int
    measure: Measure
    department_id: int | None

    @classmethod
    def read(cls, arguments: Sequence[str]) -> "View":
        """The view that an address asks for.

        Raises:
            UnknownAddress: There is no such period or measure.
        """
        days = whole(arguments[0])
        if arguments[1] not in set(Measure) or days not in periods(Measure(arguments[1])):
            raise UnknownAddress(":".join(arguments))
        return cls(days, Measure(arguments[1]), maybe_whole(arguments[2]))

    def in_measure(self, measure: Measure) -> "View":
        """The same view of another measure, over a period that it has."""
        ahead = measure.looks_ahead
        if ahead is self.measure.looks_ahead:
            return replace(self, measure=measure)
        return replace(self, measure=measure, days=AHEAD[0] if ahead else USUAL.days)

    def address(self, word: str = HEATMAP) -> str:
        """Where this view is, or with another `word` what is chosen for it."""
        return join(word, self.days, self.measure.value, self.department_id)


USUAL: Final = View(90, Measure.RATE, None)
"""What is shown to who has chosen nothing."""

DEFAULT: Final = USUAL.address()


@dataclass(frozen=True)
class DensityMap:
    """What a view holds.

    Attributes:
        where: The departments in words.
        has_model: Whether a model is in charge, so that no-shows can be expected.
        picture: `None` if it was not asked for, if there is nothing to show, or …
        reason: … if it cannot be made now, why.
    """

    request: HeatmapRequest
    span: Span
    where: str
    has_model: bool
    picture: Picture | None = None
    reason: str = ""

    @property
    def table(self) -> Density:
        """The figures."""
        return self.request.density


def is_slow(address: str) -> bool:
    """Whether a screen may need a picture to be rendered, so that waiting should be shown."""
    return split(address)[0] == HEATMAP


async def heatmap(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The picture: days back (or ahead), measure, department."""
    view = View.read(arguments)
    shown = await with_picture(visit, await density_map(visit, view))
    if shown.table.is_empty:
        return Screen(_nothing(view, shown), _buttons(view, shown), view.address())
    if shown.picture is None:
        return _as_text(view, shown)
    highest = worst(shown.table, view.measure)
    lines = [
        words.bold(shown.request.heading[0]),
        _period(shown.span),
        f"Highest: {highest}" if highest else "Too few appointments to show a number",
    ]
    return Screen("\n".join(lines), _buttons(view, shown), view.address(), picture=shown.picture)


async def density_map(visit: Visit, view: View = USUAL) -> DensityMap:
    """The figures that a view holds, without their picture."""
    calendar, now = visit.desk.house.calendar, visit.desk.clock.now()
    ahead = view.measure.looks_ahead
    span = calendar.ahead(now, view.days) if ahead else calendar.back(now, view.days)
    seen = visit.member.sees(() if view.department_id is None else (view.department_id,))
    found, names, has_model = await visit.desk.store.read(_read, view.measure, span, calendar)
    chosen = None if not seen else {names[key] for key in seen if key in names}
    where = _where(visit, view, names)
    heading = (
        f"{view.measure.heading} · {where}",
        f"{_period(span)} · all ages",
        view.measure.formula,
    )
    key = (found.version, span.first, span.last, view.measure, tuple(sorted(seen)), where)
    table = density(found.table, AGE_GROUPS, chosen)
    return DensityMap(HeatmapRequest(key, table, view.measure, heading), span, where, has_model)


async def with_picture(visit: Visit, shown: DensityMap) -> DensityMap:
    """The same with its picture, or with the reason why there can be none."""
    if shown.table.is_empty:
        return shown

    async def draw() -> bytes | str:
        return await visit.desk.pictures.heatmap(shown.request)

    try:
        return replace(shown, picture=Picture(shown.request.key, await draw(), draw))
    except PictureUnavailable as reason:
        return replace(shown, reason=str(reason))


async def choose_department(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The departments to choose from: days back, measure, department, page."""
    view, page = View.read(arguments), whole(arguments[3])
    names = await visit.desk.store.read(risk.departments)
    seen = visit.member.sees(())
    found = sorted((name, key) for key, name in names.items() if not seen or key in seen)
    pages = Pages(page, len(found), PAGE)
    every = "Your departments" if seen else "All departments"
    rows: Buttons = [[button(every, join(HEATMAP, view.days, view.measure.value, None))]]
    rows += [
        [button(words.cut(name, words.LABEL), join(HEATMAP, view.days, view.measure.value, key))]
        for name, key in pages.cut(found)
    ]
    rows += pager(pages, lambda to: f"{view.address(BY_DEPARTMENT)}:{to}")
    rows.append([button("‹ Heatmap", view.address())])
    return Screen(
        words.bold("Choose a department"),
        rows,
        join(view.address(BY_DEPARTMENT), page),
        keeps_picture=True,
    )


def _read(
    session: Session, measure: Measure, span: Span, calendar: Calendar
) -> tuple[Outcomes, dict[int, str], bool]:
    found = (
        expected_by_cell(session, span, calendar)
        if measure.looks_ahead
        else outcomes(session, span)
    )
    return found, risk.departments(session), has_model(session)


def _nothing(view: View, shown: DensityMap) -> str:
    """What is said where there is nothing to show, and what would fill it."""
    where = f"in {words.plain(shown.where)}, {_period(shown.span)}"
    if not view.measure.looks_ahead:
        return (
            f"{words.bold('No-show density')}\nNo appointment with a known outcome {where}. "
            "A longer period or new data may hold some."
        )
    filled = (
        "A longer period or new data may hold some."
        if shown.has_model
        else "No model is in charge; once one is, coming appointments get a chance."
    )
    heading = words.bold(view.measure.heading)
    return f"{heading}\nNo coming appointment with a chance {where}. {filled}"


def _as_text(view: View, shown: DensityMap) -> Screen:
    lines = [
        words.bold(shown.request.heading[0]),
        *(words.plain(line) for line in shown.request.heading[1:]),
    ]
    return Screen(
        "\n".join(lines)
        + "\n"
        + words.block(text_table(shown.table, view.measure))
        + f"\nAs text, because {words.plain(shown.reason)}",
        _buttons(view, shown),
        view.address(),
    )


def _buttons(view: View, shown: DensityMap) -> Buttons:
    measures = {
        measure: button(
            words.marked(label, measure is view.measure), view.in_measure(measure).address()
        )
        for measure, label in _MEASURES.items()
    }
    expected = measures.pop(Measure.EXPECTED)
    lengths = [
        button(words.marked(_length(days, view.measure), days == view.days), there.address())
        for days in periods(view.measure)
        for there in [replace(view, days=days)]
    ]
    departments = button("Department", f"{view.address(BY_DEPARTMENT)}:0")
    return [
        list(measures.values()),
        *([[expected]] if shown.has_model or view.measure.looks_ahead else []),
        lengths,
        [departments, button("Refresh", view.address())],
    ]


def _length(days: int, measure: Measure) -> str:
    return f"Next {days} d" if measure.looks_ahead else f"{days} d"


_MEASURES: Final = {
    Measure.RATE: "Rate",
    Measure.COUNT: "Count",
    Measure.SHARE: "Share",
    Measure.EXPECTED: "Expected no-shows",
}


def _where(visit: Visit, view: View, names: dict[int, str]) -> str:
    if view.department_id is not None:
        return names.get(view.department_id, "?")
    return "your departments" if visit.member.departments else "all departments"


def _period(span: Span) -> str:
    return f"{span.first:%d %b %Y} – {span.last:%d %b %Y}"


def worst(table: Density, measure: Measure = Measure.RATE) -> str:
    """The cell with the highest value: `Cardiology, 40–49: 38.0 % of 50`; "" if none is shown."""
    values = table.values(measure)[: len(table.departments) - bool(table.merged), :-1]
    if not np.isfinite(values).any():
        return ""
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    value, n = measure.text(values[row, column]), words.number(int(table.n[row, column]))
    told = {
        Measure.RATE: f"{value} % of {n}",
        Measure.COUNT: f"{words.count(int(table.no_shows[row, column]), 'no-show')} of {n}",
        Measure.SHARE: f"{value} % of all no-shows",
        Measure.EXPECTED: f"{value} of {n}",
    }[measure]
    return f"{words.plain(table.departments[row])}, {table.age_groups[column]}: {told}"
