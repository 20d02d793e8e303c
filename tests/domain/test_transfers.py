"""Transfers: the table in the docstring, and that nothing leads out of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import transfers
from domain.people import Right
from domain.statuses import Status
from domain.transfers import (
    MOVES,
    NEEDS,
    OPEN,
    UNDO_WITHIN,
    Act,
    Barrier,
    Decided,
    State,
    barrier_of_appointment,
    barrier_of_undo,
    next_state,
)

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)

seconds = st.integers(-(10**6), 10**6).map(lambda number: timedelta(seconds=number))


def table() -> list[list[str]]:
    """The rows of the table that the module's docstring shows."""
    lines = [line for line in (transfers.__doc__ or "").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_table_that_readers_see_is_the_one_that_holds() -> None:
    written = {
        (None if start == "nothing yet" else State(start), Act(act)): State(end)
        for start, act, end, _, _ in table()
    }
    assert written == MOVES


def test_the_rights_that_readers_see_are_those_that_are_asked_for() -> None:
    assert {Act(act): Right(who) for _, act, _, who, _ in table()} == NEEDS
    assert set(NEEDS) == set(Act)


@given(st.lists(st.sampled_from(Act)))
def test_no_sequence_of_acts_leaves_the_table(acts: list[Act]) -> None:
    state: State | None = None
    for act in acts:
        becomes = next_state(state, act)
        assert becomes == MOVES.get((state, act))
        state = state if becomes is None else becomes


@given(st.sampled_from([None, *State]))
def test_the_same_act_twice_moves_once(state: State | None) -> None:
    for act in Act:
        once = next_state(state, act)
        if once is not None and once in OPEN:
            assert next_state(once, act) is None


def test_what_is_declined_or_undone_is_final() -> None:
    for state in (State.DECLINED, State.REVOKED):
        assert not any(next_state(state, act) for act in Act)


@given(st.sampled_from(Status), seconds, st.booleans())
def test_an_appointment_is_open_while_booked_ahead_and_high_risk(
    status: Status, ahead: timedelta, high_risk: bool
) -> None:
    barrier = barrier_of_appointment(status, NOW + ahead, high_risk=high_risk, now=NOW)
    is_open = status is Status.BOOKED and ahead > timedelta() and high_risk
    assert (barrier is None) == is_open


@given(st.sampled_from(Status), seconds, st.booleans())
def test_a_slot_that_was_given_back_is_open_until_it_starts(
    status: Status, ahead: timedelta, high_risk: bool
) -> None:
    barrier = barrier_of_appointment(status, NOW + ahead, high_risk=high_risk, now=NOW, free=True)
    assert barrier is (None if ahead > timedelta() else Barrier.STARTED)


def test_an_appointment_that_starts_now_has_started() -> None:
    barrier = barrier_of_appointment(Status.BOOKED, NOW, high_risk=True, now=NOW)
    assert barrier is Barrier.STARTED


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10**6))
def test_undo_is_for_who_decided_and_for_the_time_allowed(
    decider: int, presser: int, passed: int
) -> None:
    now = NOW + timedelta(seconds=passed)
    barrier = barrier_of_undo(Decided(decider, NOW), by_id=presser, now=now)
    if decider != presser:
        assert barrier is Barrier.NOT_YOURS
    else:
        assert barrier is (None if now - NOW <= UNDO_WITHIN else Barrier.TOO_LATE)


@pytest.mark.parametrize(("late", "barrier"), [(timedelta(), None), (SECOND, Barrier.TOO_LATE)])
def test_undo_ends_after_exactly_ten_minutes(late: timedelta, barrier: Barrier | None) -> None:
    decided = Decided(1, NOW)
    assert barrier_of_undo(decided, by_id=1, now=NOW + timedelta(minutes=10) + late) is barrier


def test_what_another_patient_has_is_not_undone_however_soon() -> None:
    decided = Decided(1, NOW)
    assert barrier_of_undo(decided, by_id=1, now=NOW, filled=True) is Barrier.FILLED
