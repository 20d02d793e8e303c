"""What patients read is there in each language, whatever a feed calls it."""

import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.patients.texts import (
    WORDS,
    language_of,
    language_of_browser,
    long_moment,
    short_moment,
)
from handlers.patients.vocabulary import Language
from tests.hmo import ZONE

ENGLISH, HEBREW, ARABIC, RUSSIAN = Language
SUNDAY = datetime(2026, 11, 29, 7, 20, tzinfo=UTC)


@pytest.mark.parametrize("language", Language)
def test_all_there_is_to_say_can_be_said_in_each_language(language: Language) -> None:
    words = WORDS[language]
    assert words.language is language
    assert words.is_rtl == (language in {HEBREW, ARABIC})
    english = dict(texts(WORDS[ENGLISH]))
    said = dict(texts(words))
    assert said.keys() == english.keys()
    for name, text in said.items():
        assert text.strip() == text != "", name
        if not name.startswith("calendar"):
            assert places(text) == places(english[name]), name
        if language is not ENGLISH and any(sign.isalpha() for sign in english[name]):
            assert text != english[name], name
    lengths = [len(getattr(words.calendar, it)) for it in ("weekdays", "weekdays_short", "months")]
    assert lengths == [7, 7, 12]


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ("he", HEBREW),
        ("he-IL", HEBREW),
        ("HE_il", HEBREW),
        ("iw", HEBREW),
        ("Hebrew", HEBREW),
        ("עברית", HEBREW),
        ("ara", ARABIC),
        ("ar-Latn", ARABIC),
        ("العربية", ARABIC),
        ("Arabic (Palestinian)", ARABIC),
        ("RU", RUSSIAN),
        ("Русский", RUSSIAN),
        ("en-GB", ENGLISH),
        ("Amharic", ENGLISH),
        ("fr", ENGLISH),
        ("", ENGLISH),
        (None, ENGLISH),
    ],
)
def test_a_language_is_known_by_whatever_a_feed_calls_it(
    told: str | None, language: Language
) -> None:
    assert language_of(told) is language


def test_a_browser_is_answered_in_its_first_language_that_we_speak() -> None:
    assert language_of_browser("fr-CH, he-IL;q=0.9, en;q=0.8") is HEBREW
    assert language_of_browser("ru") is RUSSIAN
    assert language_of_browser("*;q=0.1") is ENGLISH
    assert language_of_browser("," * 100_000) is ENGLISH


def test_times_are_the_hmos_with_the_weekday_named() -> None:
    assert [long_moment(SUNDAY, ZONE, WORDS[language]) for language in Language] == [
        "Sunday 29 November, 09:20",
        "יום ראשון, 29 בנובמבר, בשעה 09:20",
        "الأحد 29 نوفمبر، الساعة 09:20",
        "воскресенье, 29 ноября, 09:20",
    ]
    assert [short_moment(SUNDAY, ZONE, WORDS[language]) for language in Language] == [
        "Sun 29 Nov 09:20",
        "יום א' 29.11 09:20",
        "الأحد 29.11 09:20",
        "вс 29.11 09:20",
    ]


def texts(said: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """All texts within words, each by where it stands."""
    for field in fields(said):
        value = getattr(said, field.name)
        where = f"{name}.{field.name}".lstrip(".")
        if is_dataclass(value):
            yield from texts(value, where)
        elif isinstance(value, str) and field.name != "language":
            yield where, value


def places(text: str) -> list[str]:
    """What is filled into a text."""
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})
