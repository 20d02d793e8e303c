"""Offers: as many at once as make it likely that one accepts, and for half of the time left."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.offers import (
    ANSWERABLE,
    AT_LEAST,
    AT_MOST,
    ENOUGH,
    OfferBarrier,
    OfferState,
    Seen,
    barrier_of_offer,
    expiry,
    too_late_from,
    wave_size,
)
from domain.policies import OFFER_UNTIL

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_with_nothing_seen_the_published_rate_holds() -> None:
    assert Seen().rate == pytest.approx(0.10)
    assert wave_size(Seen()) == AT_MOST


def test_the_more_are_accepted_the_fewer_are_asked() -> None:
    sizes = [wave_size(Seen(1_000, accepted)) for accepted in range(0, 1_001, 50)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == AT_MOST
    assert sizes[-1] == AT_LEAST


def test_a_wave_is_the_smallest_that_is_likely_enough() -> None:
    seen = Seen(1_000, 300)
    size = wave_size(seen)
    assert 1 - (1 - seen.rate) ** size >= ENOUGH > 1 - (1 - seen.rate) ** (size - 1)


def test_an_offer_holds_for_half_of_the_time_that_is_left() -> None:
    start = NOW + OFFER_UNTIL + timedelta(hours=10)
    assert expiry(start, NOW) == NOW + timedelta(hours=5)


def test_an_offer_holds_for_half_a_day_at_most() -> None:
    assert expiry(NOW + timedelta(days=9), NOW) == NOW + timedelta(hours=12)


def test_a_slot_that_starts_soon_is_offered_to_nobody() -> None:
    assert expiry(NOW + OFFER_UNTIL + timedelta(minutes=29), NOW) is None


def test_a_slot_is_offered_until_it_is_too_late_and_no_longer() -> None:
    start = NOW + timedelta(days=1)
    too_late = too_late_from(start)
    assert expiry(start, too_late) is None
    assert expiry(start, too_late - timedelta(seconds=1)) is not None


@pytest.mark.parametrize(
    ("state", "barrier"),
    [
        (OfferState.OPEN, None),
        (OfferState.DECLINED, None),
        (OfferState.ACCEPTED, OfferBarrier.YOURS),
        (OfferState.GONE, OfferBarrier.GONE),
        (OfferState.WITHDRAWN, OfferBarrier.WITHDRAWN),
        (OfferState.EXPIRED, OfferBarrier.EXPIRED),
    ],
)
def test_an_offer_says_what_holds_whenever_it_is_answered(
    state: OfferState, barrier: OfferBarrier | None
) -> None:
    assert barrier_of_offer(state, NOW + timedelta(seconds=1), NOW) is barrier
    assert (state in ANSWERABLE) is (barrier is None)
    assert barrier_of_offer(state, NOW, NOW) is (barrier or OfferBarrier.EXPIRED)
