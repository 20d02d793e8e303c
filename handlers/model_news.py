"""What admins are told of models: one that cannot be used, is off, or is not put in charge."""

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from domain.people import Right
from handlers import words
from handlers.addresses import UnknownAddress, join, whole
from handlers.screens import Screen, Visit
from storage import models, watching
from storage.models import Version
from storage.watching import PUSHED_NEWS, Watched

NEWS: Final = PUSHED_NEWS


async def news(visit: Visit, arguments: Sequence[str]) -> Screen:
    """What happened, then the model's key."""
    visit.member.require(Right.PEOPLE)
    what, key = arguments[0], whole(arguments[1])
    about, watched, in_charge = await visit.desk.store.read(_read, key)
    if about is None or what not in _LINES:
        raise UnknownAddress(what)
    holds = f"In charge now: {in_charge.name if in_charge else 'the rule'}"
    text = "\n".join([*_LINES[what](about, watched), "", holds])
    return Screen(text, address=join(NEWS, what, key))


def _read(session: Session, key: int) -> tuple[Version | None, Watched | None, Version | None]:
    return (
        models.with_key(session, key),
        watching.watched(session),
        models.version_in_charge(session),
    )


def _refused(about: Version, _watched: Watched | None) -> list[str]:
    return [
        words.bold(f"Model {about.name} cannot be used"),
        "Its file is missing, damaged or another one, so the rule was put in charge. "
        "The log says more.",
        f"Put the file back and run activate {about.name}, or train a new model.",
    ]


def _drift(about: Version, watched: Watched | None) -> list[str]:
    problem = watched.problem if watched and watched.problem else "they were last month"
    return [
        words.bold("Chances do not mean what they say"),
        f"Model {about.name}: {words.plain(problem)}",
        "Training a new model lets it learn from the latest days.",
    ]


def _kept(about: Version, _watched: Watched | None) -> list[str]:
    why = about.report.get("verdict") or "It was not put in charge."
    return [
        words.bold(f"A new model was trained and is not used: {about.name}"),
        words.plain(why),
        "What was in charge stays so. The next try is in a day.",
    ]


_LINES: Final = {"refused": _refused, "drift": _drift, "kept": _kept}
