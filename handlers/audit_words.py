"""What the audit trail says, in plain words: a sentence for each event.

Only what has a closed vocabulary gets from a row's detail into a sentence: numbers, roles, kinds.
So nothing that somebody typed, or a feed said, can come out here.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from domain.answers import Answer
from domain.calls import CallOutcome
from domain.corrections import IN_WORDS, Excuse
from domain.people import Right, Role
from domain.pushes import PushKind
from domain.transfers import Kind
from handlers import words
from storage.feeds.report import KindWord
from storage.trail import TrailRow

_SYSTEM: Final = words.SYSTEM
_COMMAND_LINE: Final = "The command line"
_STRANGER: Final = "A stranger"
_SOMEBODY: Final = "somebody"


class _Said(NamedTuple):
    """The words after the name, and the name where no member did it."""

    words: str
    nobody: str = _SYSTEM


SENTENCES: Final[Mapping[str, _Said]] = MappingProxyType(
    {
        "propose": _Said("proposed a {kind}"),
        "authorize": _Said("authorized a {kind}"),
        "decline": _Said("declined a {kind}"),
        "withdraw": _Said("withdrew a {kind}"),
        "undo": _Said("undid a {kind}"),
        "note": _Said("added a note to a proposal"),
        "authorize batch": _Said("authorized a batch: {done}"),
        "undo batch": _Said("undid a batch: {done}"),
        "cancel batch": _Said("cancelled a batch: {size}"),
        "call": _Said("called: {outcome}"),
        "undo call": _Said("took back a call"),
        "correct": _Said("excused a no-show: {reason}"),
        "undo correction": _Said("took back a correction"),
        "import": _Said("imported {file}: {rows}, {rejected} rejected", _COMMAND_LINE),
        "export audit": _Said("exported the audit trail", _COMMAND_LINE),
        "export actions": _Said("exported all actions", _COMMAND_LINE),
        "export references": _Said("exported who each reference is", _COMMAND_LINE),
        "invite": _Said("invited somebody as {role}", _COMMAND_LINE),
        "revoke invitation": _Said("revoked an invitation", _COMMAND_LINE),
        "join": _Said("joined as {role}"),
        "suspend": _Said("suspended {whom}", _COMMAND_LINE),
        "reinstate": _Said("reinstated {whom}", _COMMAND_LINE),
        "change role": _Said("made {whom} {role}", _COMMAND_LINE),
        "change departments": _Said("changed the departments of {whom}", _COMMAND_LINE),
        "change settings": _Said("changed their settings"),
        "change policy": _Said("changed how authorized slots are followed up"),
        "answer": _Said("took a patient's answer: {answer}"),
        "stop messages": _Said("was told by a patient to write no more"),
        "change capacity": _Said("had {capacity} a day singled out by chance"),
        "start trial": _Said("started a trial of reminders: {share} without one"),
        "stop trial": _Said("stopped the trial of reminders"),
        "refused": _Said("was refused: may not {right}"),
        "more refusals": _Said("was refused more often than is recorded one by one"),
        "code refused": _Said("sent a code that is not valid", _STRANGER),
        "stranger refused": _Said("was turned away", _STRANGER),
        "stranger slowed": _Said("tried too often and is ignored for a while", _STRANGER),
        "more strangers": _Said("were turned away, more than are recorded one by one", "Strangers"),
        "delivery failed": _Said("could not deliver a {push} to {whom}"),
        "resend delivery": _Said("sent a {push} to {whom} again"),
        "drop delivery": _Said("let go of a {push} to {whom}"),
        "anonymise": _Said("anonymised patients whose time was up"),
        "tidy": _Said("removed what was past its time"),
        "adopt booking": _Said("found a booking in the HMO's own system too", _COMMAND_LINE),
        "send plan": _Said("had free slots offered: {offers}"),
        "slot to call": _Said("asks for a call about a slot"),
        "slot kept": _Said("noted that a slot is kept by its patient"),
        "slot released": _Said("released a slot"),
        "slot offered": _Said("offered a slot to waiting patients"),
        "slot filled": _Said("gave a slot to a waiting patient who accepted"),
        "slot unfilled": _Said("found nobody for a slot in time"),
        "slot over": _Said("stopped seeking a patient for a slot"),
        "model trained": _Said("trained the model {model}"),
        "model activated": _Said("put {model} in charge of chances"),
        "model refused": _Said("could not use the model {model}"),
        "model drifted": _Said("found that chances were off in {month}"),
    }
)

_RIGHTS: Final = {
    Right.SEE: "see that department",
    Right.PROPOSE: "propose",
    Right.DECIDE: "authorize or decline",
    Right.CALL: "record calls",
    Right.CORRECT: "correct records",
    Right.AUDIT: "see the audit trail",
    Right.MODEL: "put another model in charge",
    Right.IMPORT: "load data",
    Right.PEOPLE: "manage people",
    Right.DELIVERIES: "see deliveries",
}
_MODEL: Final = re.compile(r"\d{4}-\d\d-\d\d-\d{1,6}")
_FILES: Final = {word: word.file for word in KindWord} | {KindWord.APPOINTMENTS: "a file"}
_PUSHES: Final = {
    PushKind.PEOPLE: "message about people",
    PushKind.FILLED: "message about a filled slot",
}


def sentence(row: TrailRow) -> str:
    """`Noa authorized a transfer`, on one line and not escaped; an unknown event by its name."""
    said = SENTENCES.get(row.event)
    if said is None:
        return f"{row.who or words.SYSTEM}: {row.event}"
    values = {name: tell(row.detail) for name, tell in _TOLD.items()}
    whom = words.cut(row.whom, 40) if row.whom else _SOMEBODY
    who = words.cut(row.who, 40) if row.who else said.nobody
    return f"{who} {said.words.format(whom=whom, **values)}"


def _one_of(vocabulary: type[StrEnum], key: str, said: Mapping[Any, str], else_: str) -> "_Teller":
    """What `key` of a detail says, if it is a word of the vocabulary."""

    def tell(detail: Mapping[str, Any]) -> str:
        found = detail.get(key)
        if not isinstance(found, str) or found not in set(vocabulary):
            return else_
        word = vocabulary(found)
        return said.get(word, word.value.replace("-", " "))

    return tell


def _counted(key: str, one: str) -> "_Teller":
    """`12 appointments`."""

    def tell(detail: Mapping[str, Any]) -> str:
        found = detail.get(key)
        return words.count(found, one) if isinstance(found, int) else f"some {one}s"

    return tell


def _share(detail: Mapping[str, Any]) -> str:
    found = detail.get("share")
    return f"{found} %" if isinstance(found, int) else "some"


def _rejected(detail: Mapping[str, Any]) -> str:
    found = detail.get("rejected")
    return words.number(found) if isinstance(found, int) else "some"


def _model(detail: Mapping[str, Any]) -> str:
    """A name as training gives it."""
    found = detail.get("model", "")
    if found is None:
        return "the rule"
    return found if isinstance(found, str) and _MODEL.fullmatch(found) else "a model"


def _month(detail: Mapping[str, Any]) -> str:
    """`October 2026`, from the month's first day."""
    try:
        return f"{date.fromisoformat(detail['month']):%B %Y}"
    except (KeyError, TypeError, ValueError):
        return "some month"


_Teller = Callable[[Mapping[str, Any]], str]

_TOLD: Final[Mapping[str, _Teller]] = {
    "kind": _one_of(Kind, "kind", words.KINDS, "transfer or call"),
    "push": _one_of(PushKind, "kind", _PUSHES, "message"),
    "role": _one_of(Role, "role", {}, "a member"),
    "right": _one_of(Right, "right", _RIGHTS, "do that"),
    "answer": _one_of(Answer, "answer", {}, "unknown"),
    "outcome": _one_of(CallOutcome, "outcome", {}, "outcome unknown"),
    "reason": _one_of(Excuse, "reason", IN_WORDS, "reason unknown"),
    "done": _counted("done", "appointment"),
    "size": _counted("size", "appointment"),
    "offers": _counted("offers", "offer"),
    "capacity": _counted("capacity", "appointment"),
    "rows": _counted("rows", "row"),
    "rejected": _rejected,
    "share": _share,
    "file": _one_of(KindWord, "kind", _FILES, "a file"),
    "model": _model,
    "month": _month,
}
