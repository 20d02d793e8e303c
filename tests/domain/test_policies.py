"""Policies: a patient always has time to answer, or is not asked by message any more."""

from datetime import UTC, datetime, timedelta

from domain.policies import (
    ANSWER_WITHIN,
    ARRIVES_WITHIN,
    OFFER_UNTIL,
    Policy,
    ask_again_at,
    deadline_of,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_the_deadline_is_so_many_hours_before_the_start() -> None:
    start = NOW + timedelta(days=7)
    assert deadline_of(Policy(deadline_hours=48), start, NOW) == start - timedelta(hours=48)


def test_whoever_is_asked_late_still_has_some_hours() -> None:
    start = NOW + timedelta(hours=30)
    assert (
        deadline_of(Policy(deadline_hours=48), start, NOW) == NOW + ARRIVES_WITHIN + ANSWER_WITHIN
    )


def test_too_late_is_too_late() -> None:
    start = NOW + ARRIVES_WITHIN + ANSWER_WITHIN + OFFER_UNTIL
    assert deadline_of(Policy(), start, NOW) == NOW + ARRIVES_WITHIN + ANSWER_WITHIN
    assert deadline_of(Policy(), start - timedelta(minutes=1), NOW) is None


def test_a_silent_patient_is_asked_once_more_on_the_last_day_for_it() -> None:
    start = NOW + timedelta(days=20)
    deadline = start - timedelta(hours=48)
    assert ask_again_at(start, NOW, deadline) == start - timedelta(days=4)
    late = start - timedelta(hours=12)
    assert ask_again_at(start, NOW, late) == start - timedelta(days=1)


def test_a_question_of_today_is_not_put_again_and_never_too_late_to_answer() -> None:
    start = NOW + timedelta(days=4, hours=23)
    deadline = start - timedelta(hours=48)
    assert ask_again_at(start, NOW, deadline) is None
    again = start - timedelta(days=1)
    assert ask_again_at(start, NOW, again + ANSWER_WITHIN) == again
    assert ask_again_at(start, NOW, again + ANSWER_WITHIN - timedelta(seconds=1)) != again
