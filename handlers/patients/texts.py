"""In which language a patient is spoken to, and how times are written in it."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from handlers.patients import arabic, english, hebrew, russian
from handlers.patients.vocabulary import Language, Words

WORDS: Final[Mapping[Language, Words]] = MappingProxyType(
    {it.language: it for it in (english.WORDS, hebrew.WORDS, arabic.WORDS, russian.WORDS)}
)
"""What there is to say, by language."""

_NAMES: Final = MappingProxyType(
    {
        **dict.fromkeys(("en", "eng", "english", "אנגלית", "إنجليزية"), Language.ENGLISH),
        **dict.fromkeys(("he", "iw", "heb", "hebrew", "ivrit", "עברית"), Language.HEBREW),
        **dict.fromkeys(("ar", "ara", "arabic", "ערבית", "عربي", "عربية"), Language.ARABIC),
        **dict.fromkeys(("ru", "rus", "russian", "רוסית", "русский"), Language.RUSSIAN),
    }
)
_WORD: Final = re.compile(r"[^\W\d_]+")


def language_of(told: str | None) -> Language:
    """The language that a feed tells of, such as `he-IL` or `Hebrew`, or else English."""
    return _known(told or "") or Language.ENGLISH


def language_of_browser(accepted: str) -> Language:
    """The first of a browser's languages that we speak, for whom nothing else is known.

    Args:
        accepted: The header `Accept-Language`, such as `he-IL,he;q=0.9,en;q=0.8`.
    """
    for preferred in accepted[:200].split(","):
        if found := _known(preferred.partition(";")[0]):
            return found
    return Language.ENGLISH


def long_moment(moment: datetime, zone: ZoneInfo, words: Words) -> str:
    """`Monday 30 November, 09:20`, in the HMO's time."""
    local, calendar = moment.astimezone(zone), words.calendar
    return calendar.long.format(
        weekday=calendar.weekdays[local.weekday()],
        day=local.day,
        month=calendar.months[local.month - 1],
        time=f"{local:%H:%M}",
    )


def short_moment(moment: datetime, zone: ZoneInfo, words: Words) -> str:
    """`Mon 30 Nov 09:20`, in the HMO's time: for an SMS."""
    local, calendar = moment.astimezone(zone), words.calendar
    return calendar.short.format(
        weekday=calendar.weekdays_short[local.weekday()],
        day=local.day,
        month=calendar.months[local.month - 1],
        number=local.month,
        time=f"{local:%H:%M}",
    )


def _known(told: str) -> Language | None:
    words = (word.removeprefix("ال") for word in _WORD.findall(told.lower()))
    return next((_NAMES[word] for word in words if word in _NAMES), None)
