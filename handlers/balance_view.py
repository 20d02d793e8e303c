"""What `/balance` and the screens around it are asked for, and what their buttons carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from domain.balance.plan import digest
from handlers.addresses import UnknownAddress, join, maybe_whole, whole
from storage.balance import Draft

BALANCE: Final = "balance"
SLOTS: Final = "balanceslots"
BY_DEPARTMENT: Final = "balancedep"
LEAVE: Final = "balanceoff"
SEND: Final = "sendplan"
SENT: Final = "sentplan"
ADVICE: Final = "advice"
ADVICE_BY_DEPARTMENT: Final = "advicedep"

CAPS: Final = (0, 30, 60)
"""Days that the worst-off age group may wait on average; 0 is no cap."""

_DIGITS: Final = frozenset("0123456789abcdef")
_LONGEST: Final = 16


@dataclass(frozen=True)
class View:
    """A plan that is asked for.

    Attributes:
        department_id: Of one department, or `None` for all that the visitor may see.
        cap: One of `CAPS`.
    """

    department_id: int | None = None
    cap: int = 0

    @classmethod
    def read(cls, arguments: Sequence[str]) -> "View":
        """The view that an address asks for.

        Raises:
            UnknownAddress: There is no such cap.
        """
        cap = whole(arguments[1])
        if cap not in CAPS:
            raise UnknownAddress(arguments[1])
        return cls(maybe_whole(arguments[0]), cap)

    def with_cap(self, cap: int) -> "View":
        """The same under another cap."""
        return replace(self, cap=cap)

    def address(self, word: str = BALANCE, *more: object) -> str:
        """Where this view is, or with another `word` what belongs to it."""
        return join(word, self.department_id, self.cap, *more)


@dataclass(frozen=True)
class Shown:
    """What a manager was shown of a plan: all that `Confirm` carries.

    Attributes:
        digest: The plan's.
        slots: How many were free.
        proposals: How many of them somebody was proposed for.
        offers: How many patients were to be asked.
    """

    digest: str
    slots: int
    proposals: int
    offers: int

    @classmethod
    def of(cls, draft: Draft) -> "Shown":
        """What is shown of a draft."""
        plan = draft.plan
        return cls(digest(plan), draft.slots, len(plan.proposals), draft.offers)

    @classmethod
    def read(cls, arguments: Sequence[str]) -> "Shown":
        """What an address carries.

        Raises:
            UnknownAddress: It carries no digest, or other than three numbers.
        """
        found, numbers = arguments[0], arguments[1].split(".")
        if not found or len(found) > _LONGEST or not set(found) <= _DIGITS or len(numbers) != 3:
            raise UnknownAddress(":".join(arguments))
        return cls(found, *map(whole, numbers))

    def packed(self) -> tuple[str, str]:
        """The same as two arguments of an address."""
        return self.digest, f"{self.slots}.{self.proposals}.{self.offers}"
