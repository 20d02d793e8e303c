"""Overload: who is short of time, and who could help."""

from datetime import date, timedelta
from typing import Any

from domain.balance.overload import Move, Need, OpenSession, Overload, relief
from domain.days import Span

MONDAY = date(2026, 11, 30)
WEEK = Span(MONDAY, MONDAY + timedelta(days=6))
HEART, SKIN, EYES = 1, 2, 3


def session(number: int, department: int, hours: float, *kinds: str, day: int = 0) -> OpenSession:
    on = MONDAY + timedelta(days=day)
    return OpenSession(number, 50 + number, department, on, hours, frozenset(kinds))


def move(number: int, of: int, hours: float, day: int = 0, **facts: Any) -> Move:
    on = MONDAY + timedelta(days=day)
    usual: dict[str, Any] = {"to": HEART, "visit_type": "echo"}
    return Move(number, 50 + number, of, day=on, hours=hours, **(usual | facts))


def test_a_department_with_time_enough_is_not_overloaded() -> None:
    found = relief([Need(HEART, "echo", 3), Need(HEART, None, 1)], [session(1, HEART, 4)], WEEK)
    assert (found.overloads, found.moves) == ((), ())


def test_clinicians_elsewhere_with_time_for_the_same_visits_could_help_the_soonest_first() -> None:
    sessions = [
        session(1, HEART, 2, "echo"),
        session(2, SKIN, 1.5, "echo", "biopsy", day=4),
        session(3, EYES, 3, "echo", day=2),
        session(4, SKIN, 8, "biopsy"),
        session(5, SKIN, 8),
    ]
    found = relief([Need(HEART, "echo", 4), Need(HEART, "echo", 2)], sessions, WEEK)
    assert found.overloads == (Overload(HEART, "echo", 4),)
    assert found.moves == (move(3, EYES, 3, day=2), move(2, SKIN, 1, day=4))


def test_a_department_lends_only_what_its_own_patients_leave() -> None:
    sessions = [session(1, SKIN, 5, "echo"), session(2, SKIN, 2, "biopsy")]
    needs = [Need(SKIN, None, 3), Need(SKIN, "biopsy", 1), Need(HEART, "echo", 6)]
    found = relief(needs, sessions, WEEK)
    assert found.overloads == (Overload(HEART, "echo", 6),)
    assert found.moves == (move(1, SKIN, 3),)
    assert relief([Need(SKIN, "echo", 5), needs[2]], sessions, WEEK).moves == ()


def test_the_worst_overload_is_helped_first_and_no_hour_is_lent_twice() -> None:
    sessions = [session(1, SKIN, 5, "echo")]
    found = relief([Need(EYES, "echo", 2), Need(HEART, "echo", 4)], sessions, WEEK)
    assert [one.department_id for one in found.overloads] == [HEART, EYES]
    assert found.moves == (move(1, SKIN, 4), move(1, SKIN, 1, to=EYES))


def test_days_outside_and_less_than_an_hour_are_left_out() -> None:
    sessions = [session(1, SKIN, 5, "echo", day=7), session(2, SKIN, 0.9, "echo")]
    assert relief([Need(HEART, "echo", 4)], sessions, WEEK).moves == ()


def test_a_narrow_session_is_used_before_one_that_others_need_too() -> None:
    sessions = [session(1, HEART, 2, "echo", "ecg"), session(2, HEART, 2, "echo")]
    needs = [Need(HEART, "echo", 2), Need(HEART, "ecg", 2)]
    assert relief(needs, sessions, WEEK).overloads == ()


def test_a_need_for_any_visit_is_told_but_nobody_elsewhere_is_known_to_serve_it() -> None:
    found = relief([Need(HEART, None, 2)], [session(1, SKIN, 5, "echo"), session(2, SKIN, 5)], WEEK)
    assert (found.overloads, found.moves) == ((Overload(HEART, None, 2),), ())
