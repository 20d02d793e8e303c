"""`/heatmap`: where no-shows concentrate, departments × age groups, as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sqlmodel import Session

from domain.ages import AGE_GROUPS
from domain.days import PERIODS, Span
from domain.density import Density, Measure, density, text_table
from handlers import words
from handlers.addresses import UnknownAddress, join, maybe_whole, split, whole
from handlers.desk import HeatmapRequest, PictureUnavailable
from handlers.paging import Pages, pager
from handlers.screens import Buttons, Picture, Screen, Visit, button
from storage import risk
from storage.density import Outcomes, outcomes

HEATMAP: Final = "heat"
BY_DEPARTMENT: Final = "heatdep"
PAGE: Final = 10


@dataclass(frozen=True)
class View:
    """What a heatmap is asked for: days back, measure, and one department or none for all."""

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
        if days not in PERIODS or arguments[1] not in set(Measure):
            raise UnknownAddress(":".join(arguments))
        return cls(days, Measure(arguments[1]), maybe_whole(arguments[2]))

    def address(
        self, *, days: int | None = None, measure: Measure | None = None, word: str = HEATMAP
    ) -> str:
        """Where this view is, or one that differs from it in what is given."""
        return join(word, days or self.days, (measure or self.measure).value, self.department_id)


USUAL: Final = View(90, Measure.RATE, None)
"""What is shown to who has chosen nothing."""

DEFAULT: Final = USUAL.address()


@dataclass(frozen=True)
class DensityMap:
    """What a view holds.

    Attributes:
        where: The departments in words.
        picture: `None` if it was not asked for, if there is nothing to show, or …
        reason: … if it cannot be made now, why.
    """

    request: HeatmapRequest
    span: Span
    where: str
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
    """The picture: days back, measure, department."""
    view = View.read(arguments)
    shown = await with_picture(visit, await density_map(visit, view))
    if shown.table.is_empty:
        return Screen(
            f"{words.bold('No-show density')}\nNo appointment with a known outcome in "
            f"{words.plain(shown.where)}, {_period(shown.span)}. "
            "A longer period or new data may hold some.",
            _buttons(view),
            view.address(),
        )
    if shown.picture is None:
        return _as_text(view, shown)
    highest = worst(shown.table, view.measure)
    lines = [
        words.bold(shown.request.heading[0]),
        _period(shown.span),
        f"Highest: {highest}" if highest else "Too few appointments to show a number",
    ]
    return Screen("\n".join(lines), _buttons(view), view.address(), picture=shown.picture)


async def density_map(visit: Visit, view: View = USUAL) -> DensityMap:
    """The figures that a view holds, without their picture."""
    span = visit.desk.house.calendar.back(visit.desk.clock.now(), view.days)
    seen = visit.member.sees(() if view.department_id is None else (view.department_id,))
    found, names = await visit.desk.store.read(_read, span)
    chosen = None if not seen else {names[key] for key in seen if key in names}
    where = _where(visit, view, names)
    heading = (
        f"{view.measure.heading} · {where}",
        f"{_period(span)} · all ages",
        view.measure.formula,
    )
    key = (found.version, span.first, span.last, view.measure, tuple(sorted(seen)), where)
    table = density(found.table, AGE_GROUPS, chosen)
    return DensityMap(HeatmapRequest(key, table, view.measure, heading), span, where)


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
    rows += pager(pages, lambda to: f"{view.address(word=BY_DEPARTMENT)}:{to}")
    rows.append([button("‹ Heatmap", view.address())])
    return Screen(
        words.bold("Choose a department"),
        rows,
        join(view.address(word=BY_DEPARTMENT), page),
        keeps_picture=True,
    )


def _read(session: Session, span: Span) -> tuple[Outcomes, dict[int, str]]:
    return outcomes(session, span), risk.departments(session)


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
        _buttons(view),
        view.address(),
    )


def _buttons(view: View) -> Buttons:
    measures = [
        button(
            words.marked(_MEASURES[measure], measure is view.measure), view.address(measure=measure)
        )
        for measure in Measure
    ]
    periods = [
        button(words.marked(f"{days} d", days == view.days), view.address(days=days))
        for days in PERIODS
    ]
    departments = button("Department", f"{view.address(word=BY_DEPARTMENT)}:0")
    return [measures, periods, [departments, button("Refresh", view.address())]]


_MEASURES: Final = {Measure.RATE: "Rate", Measure.COUNT: "Count", Measure.SHARE: "Share"}


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
    }[measure]
    return f"{words.plain(table.departments[row])}, {table.age_groups[column]}: {told}"
