"""Kinds of push: whom each concerns."""

import pytest

from domain.people import Member, Role
from domain.pushes import USUAL, Choice, PushKind, kinds_for


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        (Role.STAFF, [PushKind.SUMMARY, PushKind.DECISION, PushKind.PEOPLE]),
        (
            Role.MANAGER,
            [
                *(PushKind.SUMMARY, PushKind.PROPOSAL, PushKind.DECISION),
                *(PushKind.FILLED, PushKind.PEOPLE),
            ],
        ),
        (Role.ADMIN, [PushKind.SUMMARY, PushKind.PEOPLE, PushKind.ALERT]),
    ],
)
def test_a_role_gets_the_kinds_that_concern_it(role: Role, kinds: list[PushKind]) -> None:
    assert kinds_for(Member(1, 1, 1, "Noa", role)) == kinds


def test_every_kind_comes_unless_somebody_chose_otherwise() -> None:
    assert set(USUAL) == set(PushKind)
    assert Choice.OFF not in USUAL.values()
