"""Fairness on the command line: whom the model would have singled out, group by group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import typer
from sqlalchemy import select
from sqlmodel import Session, col

from bot.prediction.groups import at_top, compared
from bot.prediction.records import Bools, Records
from bot.prediction.reports import Judged
from domain.days import Span
from domain.prediction.fairness import GroupFigures, cost, equalised
from domain.prediction.visits import Floats
from storage import learning
from storage.rescoring import USUAL_CAPACITY
from storage.store import Store
from storage.tables import Department


@dataclass(frozen=True)
class Audited:
    """What an audit found.

    Attributes:
        span: The days.
        rows: Appointments.
        chosen: How many of them were singled out.
        groups: By what they were grouped, the figures of each group.
        equalised: By which groups false flags were made equal, if so.
        cost: Precision of as many at the top of all days, and of those.
    """

    span: Span
    rows: int
    chosen: int
    groups: Mapping[str, Sequence[GroupFigures]]
    equalised: str | None = None
    cost: tuple[float, float] | None = field(default=None)


def audited(
    store: Store, judged: Judged, columns: Sequence[str], by: Sequence[str], equal: str | None
) -> Audited:
    """Compare groups among those whom the capacity of each day and department singles out.

    Args:
        store: Where the groups are looked up.
        judged: Appointments with chances and outcomes.
        columns: Of the feed, beside sex and age.
        by: The groups wanted; empty for all.
        equal: Groups whose false flags are made equal.

    Raises:
        typer.BadParameter: There are no such groups.
    """
    records, chances = judged.records, judged.chances["model"]
    known = [learning.SEX, learning.AGE, *columns]
    for name in [*by, *([equal] if equal else [])]:
        if name not in known:
            raise typer.BadParameter(f"no groups by {name}; there are: {', '.join(known)}")
    found = store.read_now(learning.groups, records.span, columns).loc[records.appointments]
    chosen = singled_out(records, chances, store.read_now(_capacities))
    wanted = {name: found[name].to_numpy() for name in by or known}
    price = None
    if equal:
        fair = equalised(chances, found[equal].to_numpy(), int(chosen.sum()))
        top = at_top(chances, chosen.mean())
        price = cost(records.outcomes, top, fair)
        chosen = fair
    return Audited(
        records.span,
        len(chosen),
        int(chosen.sum()),
        {name: compared(records.outcomes, chances, chosen, of) for name, of in wanted.items()},
        equal,
        price,
    )


def singled_out(records: Records, chances: Floats, capacities: Mapping[int, int]) -> Bools:
    """Which are among the most likely of their day and department."""
    table = pd.DataFrame({"day": records.days, "department": records.departments, "c": chances})
    rank = table.groupby(["day", "department"])["c"].rank(method="first", ascending=False)
    room = table["department"].map(lambda key: capacities.get(key, USUAL_CAPACITY))
    return np.asarray(rank <= room)


def _capacities(session: Session) -> dict[int, int]:
    rows = session.execute(select(col(Department.id), col(Department.capacity)))
    return {key: USUAL_CAPACITY if capacity is None else capacity for key, capacity in rows}
