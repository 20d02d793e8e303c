"""`/trial`: whether reminders help, told by patients who by chance get none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from domain.people import Refused, Right
from domain.trial import (
    SHARES,
    Group,
    Lift,
    Verdict,
    held_out_needed,
    lift,
    still_needed,
    verdict,
)
from handlers import words
from handlers.addresses import UnknownAddress, join, whole
from handlers.no_provider import no_provider_lines
from handlers.screens import Answer, Buttons, Screen, Visit, button
from storage import trials
from storage.trials import TrialReport, TrialView

TRIAL: Final = "trial"
START: Final = "starttrial"
START_NOW: Final = "starttrialnow"
STOP: Final = "stoptrial"
STOP_NOW: Final = "stoptrialnow"

_ABOUT: Final = (
    "A share of the high-risk patients, drawn by chance, gets no reminder; all others do.",
    "Whether they miss more visits tells whether reminders help. Before and after would not: "
    "too much else changes.",
    "Nobody loses anything else: they are still called, asked about their slot, and offered one.",
    "Each patient counts once, in the group they were drawn for, with one visit.",
    "You can stop it at any time.",
)
_VERDICTS: Final = {
    Verdict.HELPS: "Reminders help: patients without one miss more visits.",
    Verdict.HARMS: "Reminders do harm: patients without one miss fewer visits.",
    Verdict.NOT_SHOWN: "No difference was found: what reminders do, if anything, is small.",
}
_NO_REMINDERS: Final = (
    "No department reminds its patients yet, so there is nothing to learn: a manager switches "
    "reminders on in /settings."
)


@dataclass(frozen=True)
class _Found:
    """The trial that runs or ran last, and what came of it."""

    trial: TrialView | None
    report: TrialReport | None
    reminders: bool

    @property
    def runs(self) -> bool:
        """Whether one runs now."""
        return self.trial is not None and self.trial.ended_at is None


async def trial(visit: Visit, _arguments: Sequence[str]) -> Screen:
    """What a trial is, or how the last one stands."""
    visit.member.require(Right.DECIDE)
    found = await visit.desk.store.read(_read, visit.desk.clock.now())
    lines = [words.bold(_heading(found)), *_standing(visit, found)]
    if not found.runs:
        lines += ["", *_ABOUT] if found.trial else _ABOUT
    if nowhere := no_provider_lines(visit.desk.house.manners):
        lines += ["", *nowhere]
    elif not found.reminders:
        lines += ["", _NO_REMINDERS]
    may = trials.may_decide(visit.member)
    if not may:
        lines += ["", f"Only {trials.WHO} start and stop a trial."]
    elif not found.runs:
        lines += ["", "How many of 100 are to get no reminder?"]
    return Screen("\n".join(lines), _buttons(found, may=may), TRIAL)


async def ask_to_start(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Ask once before a trial starts: the share."""
    _require(visit)
    share = _share(arguments[0])
    needed = _about(100 * held_out_needed(share) // share)
    lines = [
        words.bold(f"Hold out {share} % from reminders?"),
        f"Of 100 high-risk patients who would be reminded, {share} are not, in all departments.",
        f"About {needed} visits are needed to tell, at usual rates: a quarter missed without a "
        "reminder, a fifth with one.",
    ]
    row = [button("Confirm", join(START_NOW, share), "success"), button("Cancel", TRIAL)]
    return Screen("\n".join(lines), [row], join(START, share))


async def start(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Start a trial: the share."""
    share, desk = _share(arguments[0]), visit.desk
    now = desk.clock.now()
    done = await desk.store.write(trials.start, visit.member, share, desk.house, now)
    toast = "The trial runs." if done else "Nothing changed: a trial runs already."
    return Answer(await trial(visit, []), toast)


async def ask_to_stop(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Ask once before a trial is stopped: which."""
    _require(visit)
    key = whole(arguments[0])
    lines = [
        words.bold("Stop the trial?"),
        "Everybody is reminded again, so visits from now on no longer count. What it found so far "
        "stays here. It cannot be continued; a new one begins at nothing.",
    ]
    row = [button("Confirm", join(STOP_NOW, key), "danger"), button("Cancel", TRIAL)]
    return Screen("\n".join(lines), [row], join(STOP, key))


async def stop(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Stop a trial: which."""
    key, now = whole(arguments[0]), visit.desk.clock.now()
    done = await visit.desk.store.write(trials.stop, visit.member, key, now)
    toast = "Stopped." if done else "Nothing changed: that trial is over."
    return Answer(await trial(visit, []), toast)


def _read(session: Session, now: datetime) -> _Found:
    found = trials.latest(session)
    report = trials.report(session, found.id, now) if found else None
    return _Found(found, report, trials.are_reminders_on(session))


def _require(visit: Visit) -> None:
    if not trials.may_decide(visit.member):
        raise Refused(Right.DECIDE, who=trials.WHO)


def _share(argument: str) -> int:
    share = whole(argument)
    if share not in SHARES:
        raise UnknownAddress(argument)
    return share


def _heading(found: _Found) -> str:
    if found.runs:
        return "Do reminders help? The trial runs"
    return "Do reminders help? The last trial" if found.trial else "Do reminders help?"


def _standing(visit: Visit, found: _Found) -> list[str]:
    """Since when, the figures, and what may be concluded."""
    if found.trial is None or found.report is None:
        return ["No trial runs: whoever may be reminded is, where their department does so."]
    seen, report, zone = found.trial, found.report, visit.desk.house.calendar.zone
    since = words.full_moment(seen.started_at, zone)
    until = f" until {words.full_moment(seen.ended_at, zone)}" if seen.ended_at else ""
    by = words.plain(seen.started_by)
    return [
        f"{seen.share} % without a reminder since {since}{until}, by {by}",
        words.block(_table(report)),
        *_open_lines(report),
        *_difference_lines(lift(report.held_out, report.reminded)),
        _verdict_line(report, seen.share),
    ]


def _table(report: TrialReport) -> list[str]:
    """Both groups, in lines of at most 34 columns."""
    rows = (("no reminder", report.held_out), ("reminded", report.reminded))
    return [f"{'':<12}{'missed':>8}{'visits':>8}", *(_row(*row) for row in rows)]


def _row(name: str, group: Group) -> str:
    rate = "–" if group.rate is None else f"{100 * group.rate:.1f}%"
    return f"{name:<12}{group.no_shows:>8,}{group.visits:>8,}{rate:>6}"


def _open_lines(report: TrialReport) -> list[str]:
    told = [
        *([f"{words.number(report.to_come)} still to come"] if report.to_come else []),
        *([f"{words.number(report.unknown)} not known yet"] if report.unknown else []),
    ]
    return [f"Visits beside these: {', '.join(told)}"] if told else []


def _difference_lines(found: Lift | None) -> list[str]:
    """`4.6 points more missed without a reminder (95 %: −1.2 to 10.9)`."""
    if found is None:
        return []
    more = "more" if found.difference >= 0 else "fewer"
    ends = " to ".join(words.signed(100 * end, 1) for end in (found.low, found.high))
    points = f"{abs(100 * found.difference):.1f} points {more}"
    return [f"{points} missed without a reminder (95 % interval {ends})"]


def _verdict_line(report: TrialReport, share: int) -> str:
    groups = (report.held_out, report.reminded, share)
    concluded = verdict(*groups)
    if concluded is Verdict.TOO_EARLY:
        needed = _about(max(still_needed(*groups), 1))
        return (
            f"Not known yet: about {needed} more visits needed. Until then chance may say it all."
        )
    return _VERDICTS[concluded]


def _about(value: int) -> str:
    """`5,287` → `5,300`: rounded up to two figures."""
    unit: int = 10 ** max(len(str(value)) - 2, 0)
    return words.number(-(-value // unit) * unit)


def _buttons(found: _Found, *, may: bool) -> Buttons:
    rows: Buttons = []
    if may and found.runs and found.trial:
        rows.append([button("Stop…", join(STOP, found.trial.id))])
    elif may:
        rows.append([button(f"{share} %", join(START, share)) for share in SHARES])
    rows.append([button("Refresh", TRIAL)])
    return rows
