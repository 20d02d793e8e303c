"""Cards: a page beside each model that tells what it is, what it was made of, and its limits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from bot.prediction.groups import NOTHING_TO_COMPARE, at_top, compared
from bot.prediction.reports import Judged, rows_in_words
from domain.prediction.fairness import GroupFigures
from domain.prediction.features import FAMILIES

CALLED: Final = 0.1
"""The share at the top by which groups are compared on a card."""

_FIGURES: Final = {
    "auc": "AUC",
    "auc_ahead": "AUC, booked ahead",
    "average_precision": "average precision",
    "brier": "Brier",
    "brier_ratio": "Brier ÷ constant's",
    "slope": "calibration slope",
    "intercept": "calibration intercept",
    "precision": "precision at the rule's volume",
    "recall": "recall at the rule's volume",
}


def card(
    name: str, now: datetime, found: Mapping[str, Any], judged: Judged, groups: pd.DataFrame
) -> str:
    """The card as Markdown.

    Args:
        name: The model's.
        now: When it was made.
        found: Its report.
        judged: How it did on the choosing days.
        groups: Of which groups each judged appointment is, see `storage.learning.groups`.
    """
    parts = [
        f"# Model {name}",
        f"Made {now:%Y-%m-%d %H:%M} UTC. It gives each coming appointment the chance that the "
        "patient does not come. People decide what follows; nothing is given away on a chance.",
        "## What it was made of",
        f"{rows_in_words(found)}, {found['first_day']} to {found['last_day']}; each as it was "
        "known on the evening before. "
        f"Family: {found['kind']}, chosen by log loss on {found['judged_on']}: "
        + ", ".join(f"{kind} {row['log_loss']:.4f}" for kind, row in found["compared"].items())
        + ".",
        f"It looks at: {', '.join(FAMILIES)}. Neither sex nor any audited column is among them.",
        "## How good it is",
        f"Judged on {found['judged_on']}, by trees that had seen only the days before.",
        _figures(judged),
        _capacities(judged.at_capacity),
        f"**{found['verdict'] or 'It may be put in charge.'}**",
        "## By group",
        f"The {CALLED:.0%} with the highest chance are taken as called. False flags: called among "
        "those who came. Calibration: mean chance ÷ share of no-shows.",
        *(_group(name, judged, groups[name].to_numpy()) for name in groups.columns),
        "## Limits",
        _LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


_LIMITS: Final = """\
- A chance is about many alike, not about one person: most with a high chance do come.
- Single days differ: a good model has bad days, and figures of few appointments say little.
- It knows of each patient what this HMO recorded, and nothing of why they stayed away.
- What changes the habits of a clinic (reminders, new hours, a new department) makes chances
  wrong until a model has learned from the days after it."""


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def figure_rows(judged: Judged) -> list[list[str]]:
    """A row for each figure: its name, and what it is of each who was judged."""
    found = {name: judgement.figures() for name, judgement in judged.judgements.items()}
    return [
        [words, *(f"{of[key]:.3f}" if key in of else "–" for of in found.values())]
        for key, words in _FIGURES.items()
    ]


def group_rows(found: Sequence[GroupFigures]) -> list[list[str]]:
    """A row for each group, as cells."""
    return [
        [
            each.group,
            f"{each.rows:,}",
            *map(_share, (each.selected, each.false_flags, each.precision)),
            _ratio(each.calibration),
            ", ".join(each.out_of_band).replace("_", " ") or "–",
        ]
        for each in found
    ]


GROUP_HEADER: Final = (
    *("group", "rows", "called", "false flags", "precision", "calibration"),
    "outside 0.8–1.25",
)


def _figures(judged: Judged) -> str:
    return markdown(["", *judged.judgements], figure_rows(judged))


def _capacities(rows: Sequence[Sequence[float]]) -> str:
    cells = [
        [f"{share:.0%}", _share(precision), _share(recall)] for share, precision, recall in rows
    ]
    return markdown(["called", "precision", "recall"], cells)


def _group(name: str, judged: Judged, groups: Any) -> str:
    chances = judged.chances["model"]
    found = compared(judged.records.outcomes, chances, at_top(chances, CALLED), groups)
    table = markdown(GROUP_HEADER, group_rows(found)) if found else NOTHING_TO_COMPARE
    return f"### {name}\n\n{table}"


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1%}"


def _ratio(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"
