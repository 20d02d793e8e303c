"""Answers: what a patient can say about their visit, by page, by SMS or by phone."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Answer(StrEnum):
    """What a patient says about their own visit."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    CALL_ME = "call-me"


class Stop(StrEnum):
    """That a patient wants no more messages."""

    STOP = "stop"


class Source(StrEnum):
    """How an answer came."""

    PAGE = "page"
    SMS = "sms"


class Holds(StrEnum):
    """What holds of a visit, as its patient is told."""

    UNANSWERED = "unanswered"
    COMING = "coming"
    GIVEN_BACK = "given back"
    TO_BE_CALLED = "to be called"
    TAKEN = "another patient has the slot"
    STARTED = "the visit has started"
    CHANGED = "the HMO has changed it"


ANSWERABLE: Final = frozenset(
    {Holds.UNANSWERED, Holds.COMING, Holds.GIVEN_BACK, Holds.TO_BE_CALLED}
)
"""While one of these holds, the patient can still say something else."""


@dataclass(frozen=True)
class Told:
    """What a patient is told of their visit.

    Attributes:
        holds: What holds now.
        start: When the visit starts (aware, UTC).
        changed: Whether the answer that was just given has changed it.
    """

    holds: Holds
    start: datetime
    changed: bool = False


class Reply(StrEnum):
    """What became of an SMS from a patient."""

    ANSWERED = "answered"
    REPEATED = "taken before"
    STOPPED = "stopped"
    NOT_UNDERSTOOD = "not understood: a person calls"
    NOBODY = "from nobody who was written to"


_WORDS: Final[Mapping[Answer | Stop, str]] = MappingProxyType(
    {
        Answer.CONFIRM: "1, yes, y, ok, confirm, i come, i am coming, כן, אגיע, מגיע, מגיעה, מאשר, "
        "מאשרת, نعم, سأحضر, موافق, أؤكد, да, приду, подтверждаю",
        Answer.CANCEL: "2, no, n, cancel, i cannot come, i can't come, לא, לא אגיע, לא מגיע, "
        "לא מגיעה, לבטל, ביטול, لا, لن أحضر, إلغاء, нет, не приду, отмена, отменить",
        Answer.CALL_ME: "3, call, call me, התקשרו, התקשרו אלי, תתקשרו, اتصلوا بي, اتصل بي, "
        "позвоните, позвоните мне, перезвоните",
        Stop.STOP: "stop, stop all, stopall, unsubscribe, הסר, הסירו, הסרה, עצור, עצרו, "
        "توقف, إيقاف, قف, стоп, отписаться",
    }
)
"""The words of an SMS in English, Hebrew, Arabic and Russian: the whole text must be one of them.
A guess would give a slot away, so that whatever else is written is left to a person."""


def meaning(text: str) -> Answer | Stop | None:
    """What the text of an SMS says, or `None`: a person has to ask."""
    return _MEANINGS.get(_plain(text))


def _plain(text: str) -> str:
    """The letters and digits alone, without accents, points and case, digits of any script as 0–9.

    A mark inside a word, as in "can't", leaves no gap; others separate words.
    """
    letters = []
    for sign in unicodedata.normalize("NFKD", text.casefold()):
        kind = unicodedata.category(sign)
        if kind == "Nd":
            letters.append(str(unicodedata.digit(sign)))
        elif kind[0] == "L":
            letters.append(sign)
        elif kind not in {"Mn", "Cf"} and sign not in "'’":
            letters.append(" ")
    return " ".join("".join(letters).split())


_MEANINGS: Final = {
    _plain(word): said for said, listed in _WORDS.items() for word in listed.split(",")
}
