"""`/model`: what is in charge of the chances, how good it is, and for admins the way back."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal

from sqlmodel import Session

from domain.people import Right
from handlers import words
from handlers.addresses import UnknownAddress, join, split, whole
from handlers.desk import ChartRequest, PictureUnavailable
from handlers.screens import Answer, Buttons, Picture, Screen, Visit, button
from storage import model_uses, models, watching
from storage.flagged import SEX
from storage.model_uses import Use
from storage.models import Version
from storage.watching import Watched

MODEL: Final = "model"
CHART: Final = "chart"
FAIRNESS: Final = "fairness"
ROLL_BACK: Final = "rollback"
ROLL_BACK_NOW: Final = "rollbacknow"

Kind = Literal["calibration", "gain", "weights"]
CHARTS: Final[Mapping[Kind, str]] = {
    "calibration": "Calibration",
    "gain": "Gain",
    "weights": "What counts",
}
"""The pictures of a model, by their button."""

FAMILIES: Final = {
    "lead": "how long ahead it was booked",
    "time": "weekday and hour",
    "age": "age",
    "history": "earlier visits",
    "other bookings": "other bookings",
    "department": "the department of late",
    "clinician": "the clinician of late",
    "reminder": "a reminder",
}
"""What the features are about (`domain.prediction.features.FAMILIES`), in words."""

_ORDERS: Final = "Nobody loses a slot because of a chance: it orders who is looked at first."


def is_slow(address: str) -> bool:
    """Whether a screen may need a picture to be rendered, so that waiting should be shown."""
    return split(address)[0] == CHART


async def model(visit: Visit, _arguments: Sequence[str]) -> Screen:
    """What is in charge, since when, and how good it is."""
    visit.member.require(Right.AUDIT)
    use, last, watched = await visit.desk.store.read(_read)
    if use is None or use.version is None:
        lines = _of_the_rule(visit, use, last)
        rows: Buttons = []
    else:
        lines = _of_the_model(visit, use, use.version, watched)
        charts = [button(label, join(CHART, kind)) for kind, label in CHARTS.items()]
        rows = [charts, [button("Fairness", join(FAIRNESS, SEX))]]
    if use is not None and visit.member.may(Right.MODEL):
        rows.append([button("Roll back…", join(ROLL_BACK, use.id))])
    return Screen("\n".join(lines), [*rows, [button("Refresh", MODEL)]], MODEL)


async def chart(visit: Visit, arguments: Sequence[str]) -> Screen:
    """A picture of the model in charge, or the same in text: which."""
    visit.member.require(Right.AUDIT)
    kind = _kind(arguments[0])
    found = await visit.desk.store.read(models.version_in_charge)
    if found is None:
        back: Buttons = [[button("‹ Model", MODEL)]]
        return Screen(
            "No model is in charge, so there is nothing to draw.", back, join(CHART, kind)
        )
    judged_on = found.report.get("judged_on", "")
    heading = (f"{CHARTS[kind]} · model {found.name}", f"judged on {judged_on}")
    request = ChartRequest((MODEL, found.name, kind), kind, found.report, heading)
    others = [
        button(words.marked(label, other == kind), join(CHART, other))
        for other, label in CHARTS.items()
    ]
    rows = [others, [button("‹ Model", MODEL)]]
    lines = [words.bold(heading[0]), *_caption(kind, found.report)]

    async def draw() -> bytes | str:
        return await visit.desk.pictures.chart(request)

    try:
        picture = Picture(request.key, await draw(), draw)
    except PictureUnavailable as reason:
        block = words.block(_table(kind, found.report))
        lines += [block, f"As text, because {words.plain(str(reason))}"]
        return Screen("\n".join(lines), rows, join(CHART, kind))
    return Screen("\n".join(lines), rows, join(CHART, kind), picture=picture)


async def ask_to_roll_back(visit: Visit, arguments: Sequence[str]) -> Screen:
    """Ask once before another model, or the rule, is put in charge: what is in charge."""
    visit.member.require(Right.MODEL)
    key = whole(arguments[0])
    use, *_ = await visit.desk.store.read(_read)
    if use is None or use.id != key:
        return await model(visit, [])
    now, before = _name(use.version.name if use.version else None), _name(use.before)
    return Screen(
        f"{words.bold('Roll back?')}\n"
        f"In charge now: {words.plain(now)}\n"
        f"Then: {words.plain(before)}\n\n"
        "All coming appointments get their chances anew, and lists their order, within minutes.",
        [
            [
                button("Confirm", join(ROLL_BACK_NOW, key), "danger"),
                button("‹ Back", MODEL),
            ]
        ],
        join(ROLL_BACK, key),
    )


async def roll_back(visit: Visit, arguments: Sequence[str]) -> Answer:
    """Put in charge what was before: what was in charge when it was asked."""
    visit.member.require(Right.MODEL)
    now, key = visit.desk.clock.now(), whole(arguments[0])
    done = await visit.desk.store.write(model_uses.roll_back_from, key, now, visit.member.id)
    visit.desk.changed.set()
    toast = "Rolled back." if done else "Nothing changed: something else is in charge by now."
    return Answer(await model(visit, []), toast)


def _read(session: Session) -> tuple[Use | None, Version | None, Watched | None]:
    """What is in charge, the model that was trained last, and how the latest chances did."""
    last = next(iter(models.versions(session)), None)
    return model_uses.latest_use(session), last, watching.watched(session)


def _kind(argument: str) -> Kind:
    for kind in CHARTS:
        if kind == argument:
            return kind
    raise UnknownAddress(argument)


def _name(model_name: str | None) -> str:
    return f"the model {model_name}" if model_name else "the rule alone"


def _since(visit: Visit, use: Use) -> str:
    when = words.full_moment(use.since, visit.desk.house.calendar.zone)
    return f"since {when}, by {words.plain(use.by) if use.by else 'the command line or by itself'}"


def _of_the_rule(visit: Visit, use: Use | None, last: Version | None) -> list[str]:
    missed = words.count(visit.desk.house.threshold, "earlier no-show")
    lines = [words.bold("The rule is in charge")]
    if use is not None:
        lines.append(_since(visit, use))
    lines += [f"Whoever has {missed} or more is high-risk; there are no chances.", ""]
    if last is not None:
        why = last.report.get("verdict")
        lines.append(f"Trained last: {words.plain(last.name)}, not in charge")
        if why:
            lines.append(words.plain(str(why)))
    lines.append(
        "A model is trained on the server: python -m bot train. It is put in charge if it "
        "tells better than the rule who stays away."
    )
    return lines


def _of_the_model(visit: Visit, use: Use, found: Version, watched: Watched | None) -> list[str]:
    report = found.report
    return [
        words.bold(f"The model {found.name} is in charge"),
        _since(visit, use),
        "",
        *_learned(report),
        "",
        *_figures(report),
        "",
        *_latest(watched),
        _ORDERS,
    ]


def _latest(found: Watched | None) -> list[str]:
    """What became of the chances of the latest month that was looked at, and an empty line."""
    if found is None or found.foretold is None or found.missed is None:
        return []
    month = f"{date.fromisoformat(found.month):%B %Y}"
    figures = f"{100 * found.foretold:.1f} % foretold, {100 * found.missed:.1f} % stayed away"
    if found.auc is not None and found.slope is not None:
        figures += f"; AUC {found.auc:.2f}, calibration slope {found.slope:.2f}"
    if found.problem:
        verdict = f"Out of the band: {words.plain(found.problem)}"
    elif found.is_enough:
        verdict = "All within the band."
    else:
        verdict = "Too few to say whether that is within the band."
    return [
        f"Chances of {month}, {words.count(found.rows, 'outcome')}:",
        figures,
        verdict,
        "",
    ]


def _learned(report: Mapping[str, Any]) -> list[str]:
    """What it has learned from: `88,208 appointments of 24 Nov 2025 – 22 Nov 2026`."""
    rows, missed = int(report.get("rows", 0)), int(report.get("no_shows", 0))
    days = [date.fromisoformat(report[key]) for key in ("first_day", "last_day") if key in report]
    period = " – ".join(f"{day:%d %b %Y}" for day in days)
    return [
        f"Learned from {words.count(rows, 'appointment')}{f' of {period}' if period else ''}, "
        f"{words.number(missed)} of them missed"
    ]


def _figures(report: Mapping[str, Any]) -> list[str]:
    """How good it is, in words, as far as the report tells."""
    judged = report.get("judged", {})
    own, rule = judged.get("model", {}), judged.get("rule", {})
    lead = judged.get("lead time", {})
    lines = []
    if "precision" in own:
        beside = _beside("by the rule", rule, "precision")
        lines.append(f"Of 100 called, {_of_100(own['precision'])} would have stayed away{beside}")
    if "recall" in own:
        beside = _beside("by the rule", rule, "recall")
        lines.append(f"Of 100 no-shows, {_of_100(own['recall'])} would have been called{beside}")
    if "auc" in own:
        beside = _beside("by days ahead alone", lead, "auc")
        lines.append(
            f"Of 100 pairs of who came and who did not, {_of_100(own['auc'])} in the right "
            f"order{beside}; 50 is guessing"
        )
    if lines and report.get("judged_on"):
        on = words.plain(str(report["judged_on"]))
        lines.insert(0, f"Judged on {on}, which it had not learned from:")
    return lines or ["It has not been judged."]


def _beside(what: str, figures: Mapping[str, Any], name: str) -> str:
    return f"; {what} {_of_100(figures[name])}" if name in figures else ""


def _of_100(share: float) -> int:
    return round(100 * share)


def _caption(kind: Kind, report: Mapping[str, Any]) -> list[str]:
    """What a picture shows, in a line or two."""
    if kind == "calibration":
        return ["How many stayed away of those who got about the same chance; ideally as many."]
    if kind == "gain":
        near = min(report.get("gains", []), key=lambda row: abs(row[0] - 0.2), default=None)
        if near is None:
            return []
        called, reached = _of_100(near[0]), _of_100(near[1])
        return [f"Calling the {called} % most likely reaches {reached} % of all no-shows."]
    return ["How much each has moved the chances, of all that moved them."]


def _table(kind: Kind, report: Mapping[str, Any]) -> list[str]:
    """The same as a table of at most 34 columns."""
    if kind == "calibration":
        rows = [
            f"{chance:>8.0%}{rate:>13.0%}{words.number(int(number)):>13}"
            for chance, rate, number in report.get("calibration", [])
        ]
        return [f"{'chance':>8}{'stayed away':>13}{'n':>13}", *rows]
    if kind == "gain":
        tenths = [row for row in report.get("gains", []) if _is_tenth(row[0])]
        rows = [f"{called:>8.0%}{reached:>20.0%}" for called, reached in tenths]
        return [f"{'called':>8}{'no-shows reached':>20}", *rows]
    ordered = sorted(report.get("weights", {}).items(), key=lambda each: -each[1])
    return [f"{words.cut(FAMILIES.get(key, key), 28):<29}{share:>5.0%}" for key, share in ordered]


def _is_tenth(share: float) -> bool:
    return abs(10 * share - round(10 * share)) < 0.01
