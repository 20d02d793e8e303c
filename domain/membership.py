"""Membership: what may become of a member, and what an invitation changes at once."""

from enum import StrEnum
from typing import Final

from domain.people import Role


class Obstacle(StrEnum):
    """Why a member stays as they are."""

    LAST_ADMIN = "the last admin stays one; make somebody else admin first"
    SAME = "that is how it was already"
    ONLY_DEPARTMENT = "one department stays; add another first, or press All departments"


ORDER: Final = tuple(Role)
"""Roles from the lowest to the highest."""


def obstacle_of_role(
    role: Role, becomes: Role, *, suspended: bool, other_admins: int
) -> Obstacle | None:
    """Why a member does not get another role, or `None` if they do.

    Args:
        role: What they are.
        becomes: What they are to be.
        suspended: Whether they are suspended: then they count as no admin.
        other_admins: How many other admins are not suspended.
    """
    if becomes is role:
        return Obstacle.SAME
    return None if suspended else _obstacle_of_leaving(role, other_admins)


def obstacle_of_suspension(role: Role, *, suspended: bool, other_admins: int) -> Obstacle | None:
    """Why a member is not suspended, or `None` if they are."""
    return Obstacle.SAME if suspended else _obstacle_of_leaving(role, other_admins)


def _obstacle_of_leaving(role: Role, other_admins: int) -> Obstacle | None:
    return Obstacle.LAST_ADMIN if role is Role.ADMIN and not other_admins else None


def limited(
    departments: frozenset[int], department_id: int, *, in_it: bool
) -> frozenset[int] | Obstacle:
    """The departments that somebody is limited to, after one is put in or taken out.

    Whoever is limited to none sees all; so the last one is not taken out in passing.
    """
    if in_it == (department_id in departments):
        return Obstacle.SAME
    if in_it:
        return departments | {department_id}
    left = departments - {department_id}
    return left or Obstacle.ONLY_DEPARTMENT


def applies_at_once(role: Role, offered: Role) -> bool:
    """Whether a member's invitation is taken without asking: it does not lower their role."""
    return ORDER.index(offered) >= ORDER.index(role)
