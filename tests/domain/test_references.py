"""References: drawn at random, read back however a person types them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.references import (
    ALPHABET,
    LENGTH,
    draw_references,
    holds_reference,
    read_reference,
)

references = st.integers(0, 2**32).map(
    lambda seed: draw_references(1, np.random.default_rng(seed))[0]
)


@given(references, st.sampled_from(["P-", "p-", "P–", "P ", "P", ""]), st.data())
def test_what_is_drawn_is_read_back_however_it_is_typed(
    reference: str, prefix: str, data: st.DataObject
) -> None:
    letters = reference.removeprefix("P-")
    typed = "".join(
        letter.lower() if data.draw(st.booleans()) else letter.upper() for letter in letters
    )
    assert read_reference(f"{prefix}{typed}") == reference
    assert read_reference(f"  {prefix}{typed}\n") == reference


def test_no_letter_is_taken_for_another_when_read_aloud() -> None:
    assert not set("01OILU") & set(ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET) == 30


def test_many_are_drawn_at_once_and_hardly_any_twice() -> None:
    drawn = draw_references(20_000, np.random.default_rng(1))
    assert len(set(drawn)) >= 19_990
    assert {len(reference) for reference in drawn} == {len("P-") + LENGTH}
    assert draw_references(0, np.random.default_rng(1)) == []


@given(st.text(max_size=20))
def test_anything_else_is_no_reference(typed: str) -> None:
    found = read_reference(typed)
    assert found is None or (found.startswith("P-") and set(found[2:]) <= set(ALPHABET))


@pytest.mark.parametrize("typed", ["", "P-", "P-7K3MQ", "P-7K3MQDD", "P-7K3MQ0", "Q-7K3MQD"])
def test_what_is_too_short_too_long_or_misread_is_none(typed: str) -> None:
    assert read_reference(typed) is None


@pytest.mark.parametrize(
    ("typed", "holds"),
    [
        ("/find P-7K3MQD", True),
        ("/find p 7k3mqd", True),
        ("she rang about 7K3MQD.", True),
        ("/risk Cardiology 3", False),
        ("/summary", False),
        ("P-7K3MQDX", False),
    ],
)
def test_a_text_that_may_name_a_patient_is_known(typed: str, holds: bool) -> None:
    assert holds_reference(typed) is holds
