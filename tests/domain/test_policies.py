"""Policies: a patient always has time to answer, or is not asked by message any more."""

from datetime import UTC, datetime, timedelta

from domain.policies import ANSWER_WITHIN, OFFER_UNTIL, Policy, deadline_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_the_deadline_is_so_many_hours_before_the_start() -> None:
    start = NOW + timedelta(days=7)
    assert deadline_of(Policy(deadline_hours=48), start, NOW) == start - timedelta(hours=48)


def test_whoever_is_asked_late_still_has_some_hours() -> None:
    start = NOW + timedelta(hours=30)
    assert deadline_of(Policy(deadline_hours=48), start, NOW) == NOW + ANSWER_WITHIN


def test_too_late_is_too_late() -> None:
    start = NOW + ANSWER_WITHIN + OFFER_UNTIL
    assert deadline_of(Policy(), start, NOW) == NOW + ANSWER_WITHIN
    assert deadline_of(Policy(), start - timedelta(minutes=1), NOW) is None
