"""Criteria: the selection that a list or a figure is computed within."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from domain.ages import AGE_GROUPS
from domain.days import WINDOWS, Calendar, Span
from domain.notices import Manners
from domain.people import Member
from domain.risk import HIGH_RISK_FROM

DEFAULT_WINDOW: Final = 7


@dataclass(frozen=True)
class Criteria:
    """A window ahead, departments and an age group.

    Attributes:
        days: Length of the window in days, today included.
        department_id: One department, or `None` for all that the person may see.
        age_group: A position in `AGE_GROUPS`, or `None` for all ages.
    """

    days: int = DEFAULT_WINDOW
    department_id: int | None = None
    age_group: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.days <= max(WINDOWS):
            raise ValueError(f"a window has 1 to {max(WINDOWS)} days, not {self.days}")
        if self.age_group is not None and not 0 <= self.age_group < len(AGE_GROUPS):
            raise ValueError(f"there is no age group {self.age_group}")

    def in_department(self, department_id: int | None) -> "Criteria":
        """The same criteria for another department."""
        return replace(self, department_id=department_id)

    def in_age_group(self, age_group: int | None) -> "Criteria":
        """The same criteria for another age group."""
        return replace(self, age_group=age_group)

    def in_window(self, days: int) -> "Criteria":
        """The same criteria for another window."""
        return replace(self, days=days)


@dataclass(frozen=True)
class House:
    """What the HMO has settled on.

    Attributes:
        calendar: Its calendar.
        threshold: Earlier no-shows from which a patient is high-risk.
        summary_minute: When the daily summary is due, in minutes after the local midnight.
        manners: How patients are written to.
    """

    calendar: Calendar
    threshold: int = HIGH_RISK_FROM
    summary_minute: int = 7 * 60 + 30
    manners: Manners = field(default_factory=Manners)


@dataclass(frozen=True)
class Selection:
    """Criteria as one person may apply them at one moment; what queries are given.

    Attributes:
        departments: Ids; empty means all.
        age_group: A position in `AGE_GROUPS`, or `None` for all ages.
        span: The local days within which figures are computed.
        after: A risk list begins after this moment, the present (aware, UTC).
        before: … and ends before this one.
        threshold: Earlier no-shows from which a patient is high-risk.
    """

    departments: frozenset[int]
    age_group: int | None
    span: Span
    after: datetime
    before: datetime
    threshold: int


def select(criteria: Criteria, member: Member, house: House, now: datetime) -> Selection:
    """Apply criteria as `member`, at `now`.

    Raises:
        domain.people.Refused: The department is not one of theirs.
    """
    wanted = () if criteria.department_id is None else (criteria.department_id,)
    span = house.calendar.ahead(now, criteria.days)
    return Selection(
        departments=member.sees(wanted),
        age_group=criteria.age_group,
        span=span,
        after=now,
        before=house.calendar.end_of(span),
        threshold=house.threshold,
    )
