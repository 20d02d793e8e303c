"""Assignment: no plan is worth more, and none breaks a rule."""

from datetime import date, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.balance.assignment import assign
from domain.balance.baselines import best_pair_first, greedy, longest_wait_first
from domain.balance.fitting import Fitting
from domain.balance.plan import Candidate, FreeSlot, Plan
from tests.hmo import HOUSE
from tests.waitlist import NOW, candidate, fitted, slot

TODAY = HOUSE.calendar.day_of(NOW)
seeds = st.integers(0, 2**32 - 1)


def waitlist(seed: int) -> tuple[list[FreeSlot], list[Candidate]]:
    """Up to four slots and six rows of at most four or six patients, in two departments."""
    random = Random(seed)  # noqa: S311 - nothing to guess
    most = random.choice((4, 6))
    slots = [
        slot(
            number,
            random.choice((1, 1.2, 2, 3.2, 4)),  # at 11:00 or 15:48
            department_id=random.randint(1, 2),
            visit_types=frozenset(random.choice(("", "", "a", "ab"))),
        )
        for number in range(random.randint(2, 4))
    ]
    waiting = [
        candidate(
            number,
            random.randint(0, 40),
            patient_id=random.randint(1, most),
            department_id=random.randint(1, 2),
            urgency=random.randint(1, 5),
            latest=random.choice((None, None, TODAY + timedelta(days=2))),
            notice_hours=random.choice((0, 0, 48)),
            visit_type=random.choice(("a", "b", None)),
            p_accept_and_come=random.choice((0.1, 0.4, 0.5, 1.0)),
            times=random.choice(((1.0, 1.0, 1.0), (1.0, 0.5, 0.25), (0.3, 1.0, 0.3))),
            barred=frozenset(random.choice(((), (), (0,), (1,)))),
        )
        for number in range(random.randint(3, 6))
    ]
    return slots, waiting


def best_of_all(found: Fitting) -> float:
    """The most that any plan is worth, by trying each."""
    pairs = zip(found.slot.tolist(), found.candidate.tolist(), strict=True)
    worths = dict(zip(pairs, found.worths.tolist(), strict=True))
    empty = [None] * len(found.slots)
    most = 0.0
    for order in set(permutations([*range(len(found.candidates)), *empty], len(found.slots))):
        chosen = [(place, one) for place, one in enumerate(order) if one is not None]
        patients = [found.candidates[one].patient_id for _, one in chosen]
        if len(set(patients)) == len(patients) and worths.keys() >= set(chosen):
            most = max(most, sum(worths[pair] for pair in chosen))
    return most


def keeps_the_rules(plan: Plan, found: Fitting) -> bool:
    pairs = {
        (found.slots[place].backfill_id, found.candidates[one].waiting_id)
        for place, one in zip(found.slot, found.candidate, strict=True)
    }
    chosen = [(one.slot.backfill_id, one.candidate.waiting_id) for one in plan.proposals]
    patients = [one.candidate.patient_id for one in plan.proposals]
    used = [backfill for backfill, _ in chosen] + [one.backfill_id for one in plan.unfilled]
    return (
        pairs.issuperset(chosen)
        and len(set(patients)) == len(patients)
        and sorted(used) == sorted(one.backfill_id for one in found.slots)
        and len(plan.proposals) + len(plan.left) == len(found.candidates)
    )


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_the_plan_is_worth_as_much_as_the_best_of_all(seed: int) -> None:
    found = fitted(*waitlist(seed))
    plan = assign(found)
    assert keeps_the_rules(plan, found)
    assert plan.worth == pytest.approx(best_of_all(found), abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_where_all_compete_for_a_few_slots_no_plan_is_worth_more(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - nothing to guess
    times = [(random.random(), 1.0, random.random()) for _ in range(6)]
    waiting = [candidate(number, times=each) for number, each in enumerate(times)]
    found = fitted([slot(1), slot(2, days=8), slot(3, days=7.2)], waiting)
    assert assign(found).worth == pytest.approx(best_of_all(found), abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    free, waiting = waitlist(seed)
    assert assign(fitted(free[::-1], waiting[::-1])) == assign(fitted(free, waiting))


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_simpler_ways_keep_the_rules_and_are_worth_no_more(seed: int) -> None:
    found = fitted(*waitlist(seed))
    best = assign(found).worth
    for way in (greedy, longest_wait_first, best_pair_first):
        plan = way(found)
        assert keeps_the_rules(plan, found)
        assert plan.worth <= best + 1e-3


def chosen(plan: Plan) -> dict[int, int]:
    return {one.slot.backfill_id: one.candidate.waiting_id for one in plan.proposals}


def test_a_slot_is_left_to_whom_no_other_suits() -> None:
    tomorrow, later = slot(1, days=1), slot(2, days=5)
    flexible = candidate(7, waited=30)
    in_a_hurry = candidate(8, waited=3, latest=date(2026, 12, 1))
    found = fitted([tomorrow, later], [flexible, in_a_hurry])
    assert chosen(assign(found)) == {1: 8, 2: 7}
    assert chosen(greedy(found)) == {1: 7}


def test_each_gets_the_slot_at_the_time_that_suits_them() -> None:
    morning, afternoon = slot(1), slot(2, days=7.2)
    early = candidate(7, times=(1, 1, 0.5))
    late = candidate(8, waited=40, times=(0.9, 0.9, 1))
    found = fitted([morning, afternoon], [early, late])
    assert chosen(assign(found)) == {1: 7, 2: 8}
    assert chosen(greedy(found)) == {1: 8, 2: 7}


def test_simpler_ways_take_slots_as_given_back_waits_or_pairs_in_turn() -> None:
    given_back_later, sooner = slot(2, days=7), slot(1, days=7.2)
    waiting = [
        candidate(7, waited=30, times=(1, 1, 0.9)),  # 9.43 or 8.49
        candidate(8, waited=20, times=(0.3, 1, 1)),  # 2.19 or 7.29
        candidate(9, waited=40, urgency=1, times=(0.5, 1, 1)),  # 0.83 or 1.67
    ]
    found = fitted([given_back_later, sooner], waiting)
    assert chosen(greedy(found)) == {1: 7, 2: 8}
    assert chosen(longest_wait_first(found)) == {2: 9, 1: 7}
    assert chosen(best_pair_first(found)) == {2: 7, 1: 8}


def test_of_equals_the_longest_wait_counts_first_then_the_smaller_id() -> None:
    # Worth is by whole days, so an hour more makes no difference to it.
    earlier, later, same = candidate(9, waited=5.04), candidate(4, waited=5), candidate(3, waited=5)
    assert chosen(assign(fitted([slot(1)], [later, earlier, same]))) == {1: 9}
    assert chosen(assign(fitted([slot(1)], [later, same]))) == {1: 3}


def test_who_counts_most_gets_the_earlier_slot() -> None:
    found = fitted([slot(1, days=9), slot(2, days=2)], [candidate(5, waited=90), candidate(6)])
    assert chosen(assign(found)) == {2: 5, 1: 6}


def test_who_waits_in_two_departments_gets_one_slot_the_one_that_is_best_for_all() -> None:
    both = [candidate(5, patient_id=1, urgency=5), candidate(6, patient_id=1, department_id=2)]
    other = candidate(7, patient_id=2, urgency=4)
    found = fitted([slot(1), slot(2, department_id=2)], [*both, other])
    # 30 and an empty slot are more than 9.71 and 5.14.
    assert chosen(assign(found)) == {1: 5}
    calmer = [candidate(5, patient_id=1), candidate(6, patient_id=1, department_id=2)]
    found = fitted([slot(1), slot(2, department_id=2)], [*calmer, other])
    assert chosen(assign(found)) == {1: 7, 2: 6}


def test_what_breaks_ties_never_costs_worth() -> None:
    both = [
        candidate(5, patient_id=1),
        candidate(6, patient_id=1, department_id=2, p_accept_and_come=0.49),
    ]
    other = candidate(7, patient_id=2, p_accept_and_come=0.5)
    elsewhere = [candidate(number, 1, urgency=1, department_id=3) for number in range(10, 20)]
    found = fitted([slot(1), slot(2, department_id=2)], [*both, other, *elsewhere])
    assert chosen(assign(found)) == {1: 5}  # 1 is more than 0.49 + 0.5


def test_an_empty_plan_is_a_plan() -> None:
    assert assign(fitted([], [])).proposals == ()
    assert [one.backfill_id for one in assign(fitted([slot(1)], [])).unfilled] == [1]
    assert [one.waiting_id for one in assign(fitted([], [candidate(5)])).left] == [5]
