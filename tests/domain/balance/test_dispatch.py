"""Dispatch: who is asked about a slot at once."""

from domain.balance.assignment import assign
from domain.balance.dispatch import waves
from domain.balance.plan import Candidate, FreeSlot
from tests.waitlist import candidate, fitted, slot


def asked(slots: list[FreeSlot], waiting: list[Candidate], *seats: int) -> dict[int, list[int]]:
    """Waiting ids by backfill, with so many seats for backfill 1, 2 …"""
    found = fitted(slots, waiting)
    return {
        wave.slot.backfill_id: [one.waiting_id for one in wave.candidates]
        for wave in waves(found, assign(found), lambda slot: seats[slot.backfill_id - 1])
    }


def test_the_planned_patient_comes_first_and_then_the_most_worthy_others() -> None:
    waiting = [candidate(number, waited=number) for number in range(1, 6)]
    assert asked([slot(1)], waiting, 3) == {1: [5, 4, 3]}
    assert asked([slot(1)], waiting, 9) == {1: [5, 4, 3, 2, 1]}
    assert asked([slot(1)], waiting, 0) == {1: [5]}


def test_others_are_asked_by_what_this_slot_is_worth_to_them() -> None:
    waiting = [candidate(5, waited=30), candidate(6, waited=20, times=(0.5, 1, 1)), candidate(7)]
    assert asked([slot(1)], waiting, 3) == {1: [5, 7, 6]}
    assert asked([slot(1, days=7.2)], waiting, 3) == {1: [5, 6, 7]}


def test_seats_go_round_and_nobody_is_asked_about_two_slots() -> None:
    waiting = [candidate(number, waited=number) for number in range(1, 7)]
    assert asked([slot(1, days=2), slot(2, days=3)], waiting, 3, 2) == {1: [6, 4, 2], 2: [5, 3]}


def test_whoever_waits_in_two_departments_is_asked_once() -> None:
    twice = [candidate(5, patient_id=1), candidate(6, patient_id=1, department_id=2)]
    others = [candidate(7, waited=40), candidate(8, waited=40, department_id=2)]
    seats = asked([slot(1, days=2), slot(2, department_id=2)], [*twice, *others], 2, 2)
    assert seats == {1: [7, 5], 2: [8]}


def test_others_are_asked_only_about_what_suits_them() -> None:
    waiting = [candidate(5, waited=30), candidate(6, barred=frozenset({1})), candidate(7, waited=1)]
    assert asked([slot(1)], waiting, 2) == {1: [5, 7]}
    assert asked([slot(1)], [candidate(6, barred=frozenset({1}))], 2) == {}
