"""Answers by SMS: plain words in four languages, and nothing that has to be guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.answers import Answer, Stop, meaning
from domain.notices import same_number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *(("1", Answer.CONFIRM), (" 1. ", Answer.CONFIRM), ("1️⃣", Answer.CONFIRM)),
        *(("YES!", Answer.CONFIRM), ("כן", Answer.CONFIRM), ("مُوافِق", Answer.CONFIRM)),
        *(("Да", Answer.CONFIRM), ("١", Answer.CONFIRM), ("\u200f1", Answer.CONFIRM)),
        *(("2", Answer.CANCEL), ("I can't come.", Answer.CANCEL), ("לא אגיע", Answer.CANCEL)),
        *(("I can’t come", Answer.CANCEL), ("لا", Answer.CANCEL), ("НЕТ", Answer.CANCEL)),
        *(("3", Answer.CALL_ME), ("call me", Answer.CALL_ME), ("התקשרו אליי", None)),
        *(("Stop", Stop.STOP), ("הסר", Stop.STOP), ("إيقاف", Stop.STOP), ("ايقاف", Stop.STOP)),
        ("СТОП", Stop.STOP),
    ],
)
def test_plain_words_are_understood(text: str, said: Answer | Stop | None) -> None:
    assert meaning(text) is said


@pytest.mark.parametrize(
    "text",
    ["", "12", "1 2", "yes but later", "not 1", "who is this?", "no idea", "4", "👍"],
)
def test_whatever_else_is_written_is_left_to_a_person(text: str) -> None:
    assert meaning(text) is None


@given(st.text(max_size=300))
def test_any_text_means_something_or_nothing(text: str) -> None:
    assert meaning(text) in {None, *Answer, *Stop}


@pytest.mark.parametrize("number", ["052-555 0101", "+972525550101", "00972 (52) 5550101"])
def test_a_number_is_the_same_however_it_is_written(number: str) -> None:
    assert same_number(number) == "525550101"
