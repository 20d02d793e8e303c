"""`/fairness`: whether some groups are singled out more, or more wrongly, than all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from domain.days import Span
from domain.disclosure import LARGEST_SMALL
from domain.monospace import fit
from domain.people import Right
from domain.prediction.fairness import GroupFigures, audit
from handlers import words
from handlers.addresses import UnknownAddress, join
from handlers.model import FAIRNESS, MODEL
from handlers.moments import told_alike
from handlers.screens import Buttons, Screen, Visit, button
from storage.flagged import AGE, SEX, flagged

DAYS: Final = 90
LEAST: Final = 30
"""Appointments of a group that is shown."""
MOST: Final = 12
"""Groups that are shown, the largest."""

_NAME: Final = 12
_HIDDEN: Final = "·"
_FIGURES: Final = {
    "selected": "selected",
    "false_flags": "false",
    "precision": "right",
    "calibration": "chance ÷ rate",
}


@dataclass(frozen=True)
class _Found:
    """The groups that may be shown, and how many were left out."""

    shown: list[GroupFigures]
    rows: int
    small: int
    more: int


async def fairness(visit: Visit, arguments: Sequence[str]) -> Screen:
    """The figures of each group: by what, `sex`, `age` or the place of a column."""
    visit.member.require(Right.AUDIT)
    by = _by(visit, arguments[0])
    span = visit.desk.house.calendar.back(visit.desk.clock.now(), DAYS)
    found = await told_alike(visit, f"{FAIRNESS} {by}", lambda: _audited(visit, span, by))
    lines = [
        words.bold(f"Fairness · by {words.cut(by, 40)}"),
        f"Appointments of {span.first:%d %b %Y} – {span.last:%d %b %Y}",
        *_text(found),
    ]
    return Screen("\n".join(lines), _buttons(visit, arguments[0]), join(FAIRNESS, arguments[0]))


def _by(visit: Visit, argument: str) -> str:
    """What groups are made by."""
    columns = visit.desk.audit_groups
    if argument in (SEX, AGE):
        return argument
    if not argument.isdecimal() or int(argument) >= len(columns):
        raise UnknownAddress(argument)
    return columns[int(argument)]


async def _audited(visit: Visit, span: Span, by: str) -> _Found:
    past = await visit.desk.store.read(flagged, visit.member.departments, span, by)
    if not len(past.outcomes):
        return _Found([], 0, 0, 0)
    groups = audit(past.outcomes, past.chances, past.chosen, past.groups)
    large = [each for each in groups if each.rows >= LEAST]
    shown = sorted(large, key=lambda each: -each.rows)[:MOST]
    if by == AGE:
        shown.sort(key=lambda each: each.group)
    return _Found(shown, len(past.outcomes), len(groups) - len(large), len(large) - len(shown))


def _text(found: _Found) -> list[str]:
    if not found.shown:
        return [
            "",
            f"No group has {LEAST} past appointments with a chance yet. "
            "A model that is in charge for some weeks fills this.",
        ]
    lines = [
        f"{words.count(found.rows, 'appointment')} that had a chance",
        "",
        "selected: singled out by the chance",
        "false: the same, of those who came",
        "right: of the selected, who stayed away",
        words.block([_HEAD, *map(_row, found.shown)]),
        *_outside(found),
    ]
    return lines + _notes(found)


_HEAD: Final = f"{'%':{_NAME}}{'selected':>9}{'false':>6}{'right':>7}"


def _row(group: GroupFigures) -> str:
    """A line of 34 columns; the shares of few selected would tell of single persons."""
    shares = (group.selected, group.false_flags, group.precision)
    if _is_hidden(group):
        told = [_HIDDEN] * len(shares)
    else:
        told = [f"{100 * each:.1f}" if each == each else "–" for each in shares]  # noqa: PLR0124
    return f"{fit(group.group, _NAME)}{told[0]:>9}{told[1]:>6}{told[2]:>7}"


def _is_hidden(group: GroupFigures) -> bool:
    return 0 < round(group.selected * group.rows) <= LARGEST_SMALL


def _outside(found: _Found) -> list[str]:
    """Who is outside the band that counts as fair, and in what.

    How far is told only where nothing is hidden, or it could be reckoned from that.
    """
    tells_all = not (found.small or found.more or any(map(_is_hidden, found.shown)))
    told = [
        f"{words.plain(words.cut(each.group, 30))}: "
        + ", ".join(_off(name, each.ratios[name], tells_all) for name in each.out_of_band)
        for each in found.shown
        if each.out_of_band and not _is_hidden(each)
    ]
    if not told:
        return ["No group shown is outside 0.8–1.25 times all others."]
    return ["Outside 0.8–1.25 times all others:", *told]


def _off(name: str, ratio: float, tells_all: bool) -> str:
    """`selected 1.62 ×`, or `selected more`."""
    far = f"{ratio:.2f} ×" if tells_all else "more" if ratio > 1 else "less"
    return f"{_FIGURES.get(name, name)} {far}"


def _notes(found: _Found) -> list[str]:
    notes = []
    if any(map(_is_hidden, found.shown)):
        notes.append(f"{_HIDDEN} fewer than {LARGEST_SMALL + 1} selected")
    if found.small:
        few = words.count(found.small, "group")
        notes.append(f"{few} of fewer than {LEAST} appointments left out")
    if found.more:
        notes.append(f"{words.count(found.more, 'smaller group')} not shown")
    return notes


def _buttons(visit: Visit, chosen: str) -> Buttons:
    kinds = {SEX: "Sex", AGE: "Age"}
    kinds |= {str(place): words.cut(name, 18) for place, name in enumerate(visit.desk.audit_groups)}
    choices = [
        button(words.marked(label, key == chosen), join(FAIRNESS, key))
        for key, label in kinds.items()
    ]
    rows: Buttons = [choices[at : at + 3] for at in range(0, len(choices), 3)]
    return [*rows, [button("Model", MODEL), button("Refresh", join(FAIRNESS, chosen))]]
