"""Rights: what is not in the table is denied."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people import RIGHTS, Member, Refused, Right, Role

GRANTED = {
    (Role.STAFF, Right.SEE),
    (Role.STAFF, Right.PROPOSE),
    (Role.STAFF, Right.CALL),
    (Role.STAFF, Right.CORRECT),
    (Role.MANAGER, Right.SEE),
    (Role.MANAGER, Right.PROPOSE),
    (Role.MANAGER, Right.DECIDE),
    (Role.MANAGER, Right.CALL),
    (Role.MANAGER, Right.CORRECT),
    (Role.MANAGER, Right.AUDIT),
    (Role.ADMIN, Right.SEE),
    (Role.ADMIN, Right.AUDIT),
    (Role.ADMIN, Right.IMPORT),
    (Role.ADMIN, Right.PEOPLE),
    (Role.ADMIN, Right.DELIVERIES),
    (Role.ADMIN, Right.MODEL),
}
"""The table once more, by hand: a change of rights is to be made in both places."""

ids = st.sets(st.integers(1, 9))


def member(role: Role, departments: set[int] | None = None) -> Member:
    return Member(1, 1, 1, "Dana", role, frozenset(departments or ()))


@pytest.mark.parametrize(("role", "right"), list(product(Role, Right)))
def test_a_role_has_the_rights_of_the_table_and_no_other(role: Role, right: Right) -> None:
    assert member(role).may(right) == ((role, right) in GRANTED)
    assert (right in RIGHTS[role]) == ((role, right) in GRANTED)


@given(st.sampled_from(Role), st.sampled_from(Right), ids, st.integers(1, 9))
def test_a_right_holds_in_ones_departments_only(
    role: Role, right: Right, departments: set[int], asked: int
) -> None:
    someone = member(role, departments)
    may = (role, right) in GRANTED and (not departments or asked in departments)
    assert someone.may(right, asked) == may
    if may:
        someone.require(right, asked)
    else:
        with pytest.raises(Refused) as refusal:
            someone.require(right, asked)
        assert refusal.value.right is right


@given(ids, ids)
def test_a_person_looks_at_what_is_wanted_within_what_is_allowed(
    allowed: set[int], wanted: set[int]
) -> None:
    someone = member(Role.STAFF, allowed)
    if not wanted:
        assert someone.sees(wanted) == allowed
    elif not allowed:
        assert someone.sees(wanted) == wanted
    elif allowed & wanted:
        assert someone.sees(wanted) == allowed & wanted
    else:
        with pytest.raises(Refused):
            someone.sees(wanted)


@given(ids.filter(bool), ids.filter(bool))
def test_a_limited_person_never_gets_the_empty_set_that_means_all(
    allowed: set[int], wanted: set[int]
) -> None:
    try:
        seen = member(Role.ADMIN, allowed).sees(wanted)
    except Refused:
        return
    assert seen
    assert seen <= allowed
