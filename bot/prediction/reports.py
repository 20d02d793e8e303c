"""Reports: what is told of a model, as figures that are kept with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pandas as pd

from bot.prediction.records import Bools, Records
from domain.counting import count
from domain.days import Span
from domain.prediction.guard import verdict
from domain.prediction.judging import Judgement, at_capacity, calibration, gains, judge
from domain.prediction.reasons import weights
from domain.prediction.training import Trained
from domain.prediction.visits import Floats

SHARES: Final = (0.02, 0.05, 0.1, 0.2)
"""Of all appointments, how many are called, for precision and recall."""


@dataclass(frozen=True)
class Judged:
    """Appointments with what the model and the baselines said of them.

    Attributes:
        records: The appointments.
        chances: By who said it: `model`, `rule`, `lead time`, `prior rate`.
        constant: The one chance all are compared with: the rate of the days before.
        flagged: Which the rule flags.
    """

    records: Records
    chances: Mapping[str, Floats]
    constant: float
    flagged: Bools

    @cached_property
    def judgements(self) -> dict[str, Judgement]:
        """How good each was."""
        return {
            name: judge(
                self.records.outcomes,
                said,
                ahead=self.records.ahead,
                flagged=self.flagged,
                constant=self.constant,
            )
            for name, said in self.chances.items()
        }

    @property
    def verdict(self) -> str | None:
        """Why the model should not be put in charge; `None` if it may."""
        return verdict(self.judgements)

    @property
    def at_capacity(self) -> list[list[float]]:
        """For each of `SHARES`: the share, the model's precision and its recall."""
        outcomes, chances = self.records.outcomes, self.chances["model"]
        return [
            [share, *at_capacity(outcomes, chances, round(share * len(outcomes)))]
            for share in SHARES
        ]


def report(
    records: Records, trained: Trained, judged: Judged, sample: pd.DataFrame
) -> dict[str, Any]:
    """The report of a model, as it is kept in the register.

    Args:
        records: What it was learned from.
        trained: The model.
        judged: How it did on the choosing days.
        sample: Features of appointments on which is measured what counts.
    """
    outcomes, chances = judged.records.outcomes, judged.chances["model"]
    span = records.span
    return {
        "first_day": span.first.isoformat(),
        "last_day": span.last.isoformat(),
        "rows": len(records.outcomes),
        "no_shows": int(records.outcomes.sum()),
        "kind": trained.model.kind.value,
        "compared": {kind.value: dict(figures) for kind, figures in trained.compared.items()},
        "judged": {name: found.figures() for name, found in judged.judgements.items()},
        "calibration": calibration(outcomes, chances).to_numpy().tolist(),
        "gains": gains(outcomes, chances).to_numpy().tolist(),
        "weights": weights(trained.model.contributions(sample)),
        "at_capacity": judged.at_capacity,
        "verdict": judged.verdict,
        "judged_on": days_in_words(judged.records.span),
    }


def days_in_words(span: Span) -> str:
    """`12 May to 20 May 2016`."""
    first, last = span.first, span.last
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{year} to {last.day} {last:%b %Y}"


def rows_in_words(found: Mapping[str, Any]) -> str:
    """`67,365 appointments, 14,213 no-shows`, of a report."""
    return f"{count(found['rows'], 'appointment')}, {count(found['no_shows'], 'no-show')}"
