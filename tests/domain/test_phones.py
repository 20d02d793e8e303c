"""A phone number has one form, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.phones import E164, normal

MOBILE = "+972501234567"


@pytest.mark.parametrize(
    "written",
    [
        "+972501234567",
        "+972 50-123-4567",
        "+972 (0)50 1234567",
        "00972 50 123 4567",
        "050-1234567",
        "050.123.45.67",
        "(050) 123/4567",
        "0501234567",
        "501234567",
        "972501234567",
        "\u200e+972\u00a050\u2011123\u20114567\u202c",
        "٠٥٠-١٢٣٤٥٦٧",
    ],
)
def test_one_number_however_it_is_written(written: str) -> None:
    assert normal(written, "972") == MOBILE


@pytest.mark.parametrize(
    ("written", "country", "expected"),
    [
        ("+1 212 555 0123", "972", "+12125550123"),
        ("(212) 555-0123", "1", "+12125550123"),
        ("1-212-555-0123", "1", "+12125550123"),
        ("020 7946 0018", "44", "+442079460018"),
        ("06 1234 5678", "39", "+390612345678"),
        ("03-1234567", "972", "+97231234567"),
    ],
)
def test_a_country_is_the_numbers_own_or_the_one_that_is_set(
    written: str, country: str, expected: str
) -> None:
    assert normal(written, country) == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "+",
        "none",
        "noa@example.org",
        "+0501234567",
        "+1234567",
        "100",
        "050-1234567 ext 12",
        "050-1234567, 052-7654321",
        "0501234567/0527654321",
        "++972501234567",
        "+972501234567\nBcc: 1",
        "½501234567",
    ],
)
def test_what_is_no_number_or_more_than_one_is_none(written: str) -> None:
    assert normal(written, "972") is None


@given(st.text(max_size=30), st.sampled_from(["972", "1", "39"]))
def test_whatever_comes_out_is_e164_and_stays_as_it_is(written: str, country: str) -> None:
    found = normal(written, country)
    assert found is None or (E164.fullmatch(found) and normal(found, country) == found)
