"""Roles and rights: who may do what. Whatever is not in the table is denied."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What a member is invited as."""

    STAFF = "staff"
    MANAGER = "manager"
    ADMIN = "admin"


class Right(StrEnum):
    """What a command or a press asks for."""

    SEE = "see"
    PROPOSE = "propose"
    DECIDE = "decide"
    CALL = "call"
    CORRECT = "correct"
    AUDIT = "audit"
    IMPORT = "import"
    PEOPLE = "people"
    DELIVERIES = "deliveries"
    MODEL = "model"


RIGHTS: Final = MappingProxyType(
    {
        Role.STAFF: frozenset({Right.SEE, Right.PROPOSE, Right.CALL, Right.CORRECT}),
        Role.MANAGER: frozenset(
            {Right.SEE, Right.PROPOSE, Right.DECIDE, Right.CALL, Right.CORRECT, Right.AUDIT}
        ),
        Role.ADMIN: frozenset(
            {
                *(Right.SEE, Right.AUDIT, Right.IMPORT),
                *(Right.PEOPLE, Right.DELIVERIES, Right.MODEL),
            }
        ),
    }
)
"""The table of rights. An admin runs the system and decides nothing about patients."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The person may not do this.

    Attributes:
        right: What was asked for.
        department: The department's name where the refusal is about one, else `None`.
        who: Who alone may do it, where it takes more than the right.
    """

    def __init__(self, right: Right, department: str | None = None, who: str | None = None) -> None:
        super().__init__(right.value)
        self.right = right
        self.department = department
        self.who = who


@dataclass(frozen=True)
class Member:
    """A person who was invited.

    Attributes:
        id: The key in the store.
        telegram_id: The person's Telegram user id, the only thing they are known by.
        chat_id: The private chat with the bot.
        name: How others see them, e.g. in "Authorized 08:15 by …".
        departments: The departments (ids) they are limited to; empty means all.
        reachable: Whether the bot may write to them, as far as it knows.
    """

    id: int
    telegram_id: int
    chat_id: int
    name: str
    role: Role
    departments: frozenset[int] = field(default_factory=frozenset)
    reachable: bool = field(default=True, compare=False)

    def may(self, right: Right, department_id: int | None = None) -> bool:
        """Whether the table grants `right`, within a department where one is given."""
        return right in RIGHTS[self.role] and (
            department_id is None or not self.departments or department_id in self.departments
        )

    def require(self, right: Right, department_id: int | None = None) -> None:
        """Pass, or raise `Refused`."""
        if not self.may(right, department_id):
            raise Refused(right)

    def sees(self, wanted: Collection[int]) -> frozenset[int]:
        """The departments to look at: those wanted, within those allowed; empty means all.

        Raises:
            Refused: Something was wanted and none of it is allowed.
        """
        if not wanted:
            return self.departments
        seen = frozenset(wanted) & self.departments if self.departments else frozenset(wanted)
        if not seen:
            raise Refused(Right.SEE)
        return seen
