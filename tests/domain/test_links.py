"""Links: what was signed is read, and nothing else is."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.links import TOKEN_LENGTH, Link, Purpose, address, opened, read, sign

SECRET = b"only this clinic knows it"
NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=3)

purposes = st.sampled_from(Purpose)
notices = st.integers(1, 2**63 - 1)
moments = st.floats(NOW.timestamp() + 1, 2**32 - 1).map(lambda at: datetime.fromtimestamp(at, UTC))
links = st.builds(Link, purposes, notices, moments)


@given(links)
def test_what_was_signed_is_read_to_the_second(link: Link) -> None:
    token = sign(SECRET, link)
    assert len(token) == TOKEN_LENGTH
    assert token.replace("-", "").replace("_", "").isalnum()
    whole = Link(link.purpose, link.notice_id, link.expires.replace(microsecond=0))
    assert read(SECRET, token, NOW) == whole


@given(links, st.integers(0, 29 * 8 - 1))
def test_a_token_with_any_bit_turned_is_refused(link: Link, bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(sign(SECRET, link) + "="))
    raw[bit // 8] ^= 1 << bit % 8
    forged = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert opened(SECRET, forged) is None


@given(links, st.integers(0, TOKEN_LENGTH - 1), st.characters())
def test_a_token_with_any_character_changed_is_refused(link: Link, place: int, sign_: str) -> None:
    token = sign(SECRET, link)
    changed = token[:place] + sign_ + token[place + 1 :]
    assert (opened(SECRET, changed) is None) is (changed != token)


@given(notices, moments, purposes, purposes)
def test_a_token_of_one_purpose_is_no_token_of_another(
    notice_id: int, until: datetime, one: Purpose, other: Purpose
) -> None:
    raw = base64.urlsafe_b64decode(sign(SECRET, Link(one, notice_id, until)) + "=")
    renamed = base64.urlsafe_b64encode(other.encode() + raw[1:]).rstrip(b"=").decode()
    found = opened(SECRET, renamed)
    assert (found is None) is (one is not other)


@given(links, st.binary(min_size=1, max_size=64))
def test_a_token_of_another_secret_is_refused(link: Link, secret: bytes) -> None:
    assert opened(secret + b"!", sign(SECRET, link)) is None


@given(st.text(max_size=60))
def test_whatever_is_no_token_is_refused_without_a_fuss(text: str) -> None:
    assert opened(SECRET, text) is None


def test_a_link_that_is_over_is_told_from_a_forged_one() -> None:
    link = Link(Purpose.VISIT, 7, LATER)
    token = sign(SECRET, link)
    assert read(SECRET, token, LATER - timedelta(seconds=1)) == link
    assert read(SECRET, token, LATER) is None
    assert opened(SECRET, token) == link


def test_nothing_is_signed_or_read_without_a_secret() -> None:
    link = Link(Purpose.VISIT, 7, LATER)
    with pytest.raises(ValueError, match="secret"):
        sign(b"", link)
    with pytest.raises(ValueError, match="key 0"):
        sign(SECRET, Link(Purpose.VISIT, 0, LATER))
    assert opened(b"", sign(SECRET, link)) is None


def test_an_address_is_short_enough_for_an_sms() -> None:
    link = Link(Purpose.OFFER, 123_456, LATER)
    found = address("https://visits.clinic.example", SECRET, link)
    assert found == f"https://visits.clinic.example/o/{sign(SECRET, link)}"
    assert len(found) <= 75
