"""Membership: an admin always remains, and departments never widen in passing."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.membership import (
    Obstacle,
    applies_at_once,
    limited,
    obstacle_of_role,
    obstacle_of_suspension,
)
from domain.people import Role

STAFF, MANAGER, ADMIN = Role

ids = st.frozensets(st.integers(1, 6))
changes = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([*Role, None])), max_size=40)
"""Who becomes what; `None` suspends."""


@dataclass
class Person:
    role: Role
    suspended: bool = False


def other_admins(people: list[Person], person: Person) -> int:
    others = [other for other in people if other is not person and not other.suspended]
    return sum(other.role is ADMIN for other in others)


@given(changes)
def test_whatever_is_tried_in_whatever_order_an_admin_remains(
    tried: list[tuple[int, Role | None]],
) -> None:
    people = [Person(ADMIN), Person(ADMIN), Person(MANAGER), Person(STAFF)]
    for number, becomes in tried:
        person = people[number]
        others = other_admins(people, person)
        if becomes is None:
            obstacle = obstacle_of_suspension(
                person.role, suspended=person.suspended, other_admins=others
            )
            person.suspended = person.suspended or obstacle is None
        elif (
            obstacle_of_role(person.role, becomes, suspended=person.suspended, other_admins=others)
            is None
        ):
            person.role = becomes
        assert any(found.role is ADMIN and not found.suspended for found in people)


@pytest.mark.parametrize("becomes", [STAFF, MANAGER])
def test_the_last_admin_is_neither_demoted_nor_suspended(becomes: Role) -> None:
    last = Obstacle.LAST_ADMIN
    assert obstacle_of_role(ADMIN, becomes, suspended=False, other_admins=0) is last
    assert obstacle_of_suspension(ADMIN, suspended=False, other_admins=0) is last
    assert obstacle_of_role(ADMIN, becomes, suspended=False, other_admins=1) is None
    assert obstacle_of_suspension(ADMIN, suspended=False, other_admins=1) is None
    assert obstacle_of_role(ADMIN, becomes, suspended=True, other_admins=0) is None


@pytest.mark.parametrize("role", Role)
def test_what_is_so_already_is_no_change(role: Role) -> None:
    assert obstacle_of_role(role, role, suspended=False, other_admins=0) is Obstacle.SAME
    assert obstacle_of_suspension(role, suspended=True, other_admins=0) is Obstacle.SAME


@given(ids, st.integers(1, 6), st.booleans())
def test_departments_change_by_the_one_that_is_named_and_never_become_all(
    before: frozenset[int], department_id: int, in_it: bool
) -> None:
    after = limited(before, department_id, in_it=in_it)
    if isinstance(after, Obstacle):
        only = before == {department_id} and not in_it
        assert after is (Obstacle.ONLY_DEPARTMENT if only else Obstacle.SAME)
    else:
        assert after
        assert before ^ after == {department_id}
        assert limited(after, department_id, in_it=in_it) is Obstacle.SAME


def test_only_a_lower_role_is_asked_about() -> None:
    asked = {(have, offered) for have in Role for offered in Role}
    asked = {pair for pair in asked if not applies_at_once(*pair)}
    assert asked == {(MANAGER, STAFF), (ADMIN, STAFF), (ADMIN, MANAGER)}
