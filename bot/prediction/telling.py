"""What the commands about models print, on standard output."""

from collections.abc import Sequence
from typing import Final

from bot.prediction.cards import GROUP_HEADER, figure_rows, group_rows
from bot.prediction.fair import Audited
from bot.prediction.groups import NOTHING_TO_COMPARE
from bot.prediction.reports import Judged, days_in_words, rows_in_words
from bot.printing import say, table
from domain.counting import count
from storage.models import Version

WHO: Final = ("model", "rule", "lead time", "prior rate")
_SHORT: Final = {
    "auc": "AUC",
    "auc_ahead": "AUC, booked ahead",
    "brier_ratio": "Brier ÷ constant's",
    "slope": "calibration slope",
    "precision": "precision at the rule's volume",
}


def report(version: Version) -> None:
    """A model that was just trained."""
    found = version.report
    say(f"{version.name}: {version.kind}, {rows_in_words(found)}")
    say(f"Learned from {found['first_day']} to {found['last_day']}")
    say(f"Judged on {found['judged_on']}, having seen only the days before:")
    names = [name for name in WHO if name in found["judged"]]
    rows = [
        [words, *(_figure(found["judged"][name].get(key)) for name in names)]
        for key, words in _SHORT.items()
    ]
    table(["", *names], rows)


def judged(found: Judged) -> None:
    """How chances did on later days."""
    records = found.records
    missed = count(int(records.outcomes.sum()), "no-show")
    say(
        f"{days_in_words(records.span)}: {count(len(records.outcomes), 'appointment')}, {missed}; "
        f"the rule flags {int(found.flagged.sum()):,}"
    )
    table(["", *found.judgements], figure_rows(found))
    rows = [
        [f"{share:.0%}", _figure(precision), _figure(recall)]
        for share, precision, recall in found.at_capacity
    ]
    table(["called", "precision", "recall"], rows)
    say(found.verdict or "Better than the simple ways: a model like this may be put in charge.")


def versions(found: Sequence[Version]) -> None:
    """All models."""
    rows = [
        [
            each.name,
            each.kind,
            f"{each.made_at:%Y-%m-%d %H:%M}",
            f"{each.report.get('rows', 0):,}",
            _figure(each.report.get("judged", {}).get("model", {}).get("auc")),
            "in charge" if each.in_charge else "",
        ]
        for each in found
    ]
    if rows:
        table(["model", "family", "made (UTC)", "learned from", "AUC", ""], rows)
    else:
        say("There is no model yet: train makes one.")
    if not any(each.in_charge for each in found):
        say("The rule is in charge.")


def fairness(found: Audited) -> None:
    """How groups compare."""
    say(f"{days_in_words(found.span)}: {found.chosen:,} of {found.rows:,} singled out")
    for name, groups in found.groups.items():
        say(f"\nBy {name}")
        if groups:
            table(GROUP_HEADER, group_rows(groups))
        else:
            say(NOTHING_TO_COMPARE)
    if found.cost:
        before, after = found.cost
        say(
            f"\nThe {found.chosen:,} most likely of all days: precision {before:.1%};"
            f" with equal false flags by {found.equalised}, as above: {after:.1%}"
        )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
