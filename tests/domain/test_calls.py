"""Calls: when an outcome may be noted, what it makes of the slot, and who may undo it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import (
    NOTED_FOR,
    CallBarrier,
    CallOutcome,
    Made,
    Slot,
    barrier_of_call,
    barrier_of_undo,
    status_after,
)
from domain.statuses import Status
from domain.transfers import UNDO_WITHIN

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)

seconds = st.integers(-(10**6), 10**6).map(lambda number: timedelta(seconds=number))
outcomes = st.sampled_from(CallOutcome)
slots = st.builds(
    Slot,
    status=st.sampled_from(Status),
    start=seconds.map(lambda ahead: NOW + ahead),
    given_back=st.just(False),
) | st.builds(
    Slot,
    status=st.just(Status.CANCELLED),
    start=seconds.map(lambda ahead: NOW + ahead),
    given_back=st.just(True),
    filled=st.booleans(),
)


@given(outcomes, slots)
def test_a_call_is_noted_about_what_is_booked_or_was_given_back(
    outcome: CallOutcome, slot: Slot
) -> None:
    barrier = barrier_of_call(outcome, slot, NOW)
    is_coming, is_late = slot.start > NOW, NOW - slot.start > NOTED_FOR
    if slot.given_back:
        noted = outcome is CallOutcome.CONFIRMED and is_coming and not slot.filled
    else:
        noted = slot.status is Status.BOOKED and not is_late
        noted = noted and (is_coming or outcome is not CallOutcome.CANCELS)
    assert (barrier is None) == noted


@given(outcomes, slots)
def test_only_a_cancellation_frees_a_slot_and_only_a_confirmation_takes_it_back(
    outcome: CallOutcome, slot: Slot
) -> None:
    if barrier_of_call(outcome, slot, NOW) is not None:
        return
    becomes = status_after(outcome, slot)
    if becomes is Status.CANCELLED:
        assert (slot.status, outcome) == (Status.BOOKED, CallOutcome.CANCELS)
    elif becomes is Status.BOOKED:
        assert (slot.given_back, outcome) == (True, CallOutcome.CONFIRMED)
    else:
        assert becomes is None
        assert outcome is not CallOutcome.CANCELS


@pytest.mark.parametrize(
    ("outcome", "slot", "barrier"),
    [
        (CallOutcome.CANCELS, Slot(Status.BOOKED, NOW), CallBarrier.STARTED),
        (CallOutcome.NO_ANSWER, Slot(Status.BOOKED, NOW), None),
        (CallOutcome.CONFIRMED, Slot(Status.FULFILLED, NOW), CallBarrier.NOT_BOOKED),
        (CallOutcome.CONFIRMED, Slot(Status.BOOKED, NOW - NOTED_FOR), None),
        (
            CallOutcome.CONFIRMED,
            Slot(Status.BOOKED, NOW - NOTED_FOR - timedelta(seconds=1)),
            CallBarrier.LONG_PAST,
        ),
        (
            CallOutcome.CONFIRMED,
            Slot(Status.CANCELLED, NOW + NOTED_FOR, given_back=True, filled=True),
            CallBarrier.FILLED,
        ),
        (
            CallOutcome.CANCELS,
            Slot(Status.CANCELLED, NOW + NOTED_FOR, given_back=True),
            CallBarrier.GIVEN_BACK,
        ),
    ],
)
def test_what_stands_against_a_call_is_said(
    outcome: CallOutcome, slot: Slot, barrier: CallBarrier | None
) -> None:
    assert barrier_of_call(outcome, slot, NOW) is barrier


@given(
    st.builds(
        Made, st.integers(1, 3), seconds.map(lambda ago: NOW - ago), st.booleans(), st.booleans()
    ),
    st.integers(1, 3),
)
def test_undo_is_for_who_noted_the_call_in_time_and_before_a_manager_decides(
    made: Made, by_id: int
) -> None:
    may = (
        made.in_force and made.by_id == by_id and NOW - made.at <= UNDO_WITHIN and not made.decided
    )
    assert (barrier_of_undo(made, by_id=by_id, now=NOW) is None) == may
