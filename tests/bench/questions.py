"""The questions of the day on large histories: the risk list, its count, the density."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from domain.ages import AGE_GROUPS
from domain.criteria import Criteria, Selection, select
from domain.density import Density, density
from domain.people import Member, Role
from storage.density import outcomes
from storage.risk import (
    RiskPage,
    RiskRow,
    risk_by_age_group,
    risk_by_department,
    risk_page,
    risk_rows,
    risk_totals,
)
from storage.store import Store
from tests.bench.databases import POSTGRESQL, SQLITE, Databases
from tests.bench.history import NOW
from tests.bench.measuring import medians
from tests.bench.results import Result, Target, at_most, short
from tests.hmo import HOUSE

PAGE: Final = 8
SOMEBODY: Final = Member(1, 1, 1, "Noa", Role.MANAGER)
RATIO: Final = at_most(1.5)


def selection(criteria: Criteria) -> Selection:
    """Criteria as somebody who sees everything may apply them."""
    return select(criteria, SOMEBODY, HOUSE, NOW)


MONTH: Final = selection(Criteria(days=30))
"""The longest list there is: 61,000 of 10 million appointments."""
ONE_DEPARTMENT: Final = selection(Criteria(days=30, department_id=7))


@dataclass(frozen=True)
class Question:
    """Something that is asked of a store.

    Attributes:
        ratio: Whether the answer may take longer on the large history, or `None`.
    """

    work: str
    ask: Callable[[Store], object]
    target: Target | None = None
    ratio: Target | None = None


def first_page(store: Store) -> list[RiskRow]:
    return store.read_now(risk_rows, MONTH, 0, PAGE)


def last_page(store: Store) -> list[RiskRow]:
    total, _ = store.read_now(risk_totals, MONTH)
    return store.read_now(risk_rows, MONTH, max(0, total - PAGE), PAGE)


def whole_page(store: Store) -> RiskPage:
    return store.read_now(risk_page, MONTH, 0, PAGE)


def density_of_90_days(store: Store) -> Density:
    span = HOUSE.calendar.back(NOW, 90)
    return density(store.read_now(outcomes, span).table, AGE_GROUPS)


def risk_list(databases: Databases, rounds: int) -> Iterator[Result]:
    """The first page and the count; then whatever else is asked of the list."""
    for where, limit in ((SQLITE, 1.0), (POSTGRESQL, 2.0)):
        for question in (
            Question("risk list: first page", first_page, at_most(limit), RATIO),
            Question(
                "risk list: count", lambda store: store.read_now(risk_totals, MONTH), at_most(10)
            ),
            Question("risk list: count, last page", last_page, at_most(50)),
            Question("risk list: page, count, Efficiency Gain", whole_page),
            Question(
                "risk list: a department, first page",
                lambda store: store.read_now(risk_rows, ONE_DEPARTMENT, 0, PAGE),
            ),
            Question(
                "risk list: a department, count",
                lambda store: store.read_now(risk_totals, ONE_DEPARTMENT),
                at_most(10),
            ),
            Question(
                "risk list: by department",
                lambda store: store.read_now(risk_by_department, MONTH),
                at_most(50),
            ),
            Question(
                "risk list: by age group",
                lambda store: store.read_now(risk_by_age_group, MONTH),
                at_most(50),
            ),
        ):
            yield from _asked(databases, where, question, rounds)


def density_table(databases: Databases, rounds: int) -> Iterator[Result]:
    """The density of 90 days."""
    question = Question("density of 90 days", density_of_90_days, at_most(10), RATIO)
    for where in (SQLITE, POSTGRESQL):
        yield from _asked(databases, where, question, rounds)


def _asked(databases: Databases, where: str, question: Question, rounds: int) -> Iterator[Result]:
    """A question asked of both histories in turn."""
    stores = databases.pair(where)
    small, large = medians(*(partial(question.ask, store) for store in stores), rounds=rounds)
    sizes = short(databases.small), short(databases.large)
    for size, taken in zip(sizes, (small, large), strict=True):
        yield Result(f"{question.work}, {size}", where, taken, "ms", question.target)
    if question.ratio:
        work = f"{question.work}, {sizes[1]} ÷ {sizes[0]}"
        yield Result(work, where, large / small, "×", question.ratio)
