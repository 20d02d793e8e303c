"""Outcome: what a plan is expected to change, before anything is sent.

A slot that is proposed is used with the chance that its patient accepts and comes:

    idle hours after = hours × (1 − chance)

A patient's wait ends with what they have booked, or else on the day of the last slot that there
is to give: nobody knows what comes later. With a proposal it ends with that slot, as likely:

    wait after = chance × (slot − since) + (1 − chance) × wait before
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from domain.balance.plan import Candidate, Plan, Proposal
from domain.disclosure import LARGEST_SMALL

FEWEST_OF_A_GROUP: Final = LARGEST_SMALL + 1
"""Waiting patients from which on a group's mean wait says something of the group."""

_DAY: Final = timedelta(days=1)

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Change:
    """A figure without the plan, and as it is expected with it."""

    before: float
    after: float


@dataclass(frozen=True)
class Outcome:
    """What a plan is expected to change.

    Attributes:
        idle_hours: Of the free slots, by department; expected hours.
        waits_by_urgency: Mean wait, by urgency (1–5); days.
        waits_by_group: Mean wait, by age group; days. Small groups are among them.
        worst_group: The group with the longest mean wait after, of those with at least
            `FEWEST_OF_A_GROUP`; `None` if there is none.
    """

    idle_hours: Mapping[int, Change]
    waits_by_urgency: Mapping[int, Change]
    waits_by_group: Mapping[str, Change]
    worst_group: str | None

    @property
    def worst_wait(self) -> float:
        """The mean wait after of the worst-off group (days); 0 if there is none."""
        return 0.0 if self.worst_group is None else self.waits_by_group[self.worst_group].after


def outcome(plan: Plan, now: datetime) -> Outcome:
    """What `plan` is expected to change, as of `now` (aware)."""
    waits = list(_waits(plan, now))
    groups: dict[str, list[Change]] = _gathered((one.group, wait) for one, wait in waits)
    by_group = {group: _mean(of) for group, of in groups.items()}
    large = [group for group, of in groups.items() if len(of) >= FEWEST_OF_A_GROUP]
    urgencies = _gathered((one.urgency, wait) for one, wait in waits)
    return Outcome(
        {department: _sum(of) for department, of in _gathered(_idle(plan)).items()},
        {urgency: _mean(of) for urgency, of in urgencies.items()},
        by_group,
        max(large, key=lambda group: by_group[group].after, default=None),
    )


def _idle(plan: Plan) -> Iterable[tuple[int, Change]]:
    for proposal in plan.proposals:
        slot = proposal.slot
        yield slot.department_id, Change(slot.hours, slot.hours * (1 - proposal.chance))
    for slot in plan.unfilled:
        yield slot.department_id, Change(slot.hours, slot.hours)


def _waits(plan: Plan, now: datetime) -> Iterable[tuple[Candidate, Change]]:
    slots = [*(proposal.slot for proposal in plan.proposals), *plan.unfilled]
    until = max((slot.start for slot in slots), default=now)
    for proposal in plan.proposals:
        yield proposal.candidate, _shortened(proposal, until)
    for one in plan.left:
        wait = _wait(one, one.has_booking_on or until)
        yield one, Change(wait, wait)


def _shortened(proposal: Proposal, until: datetime) -> Change:
    one, chance = proposal.candidate, proposal.chance
    wait = _wait(one, one.has_booking_on or until)
    return Change(wait, chance * _wait(one, proposal.slot.start) + (1 - chance) * wait)


def _wait(one: Candidate, until: datetime) -> float:
    return max((until - one.since) / _DAY, 0.0)


def _gathered(pairs: Iterable[tuple[Key, Change]]) -> dict[Key, list[Change]]:
    """The changes of each key, keys in their order."""
    found: dict[Key, list[Change]] = defaultdict(list)
    for key, change in pairs:
        found[key].append(change)
    return dict(sorted(found.items(), key=lambda item: str(item[0])))


def _sum(changes: list[Change]) -> Change:
    return Change(sum(one.before for one in changes), sum(one.after for one in changes))


def _mean(changes: list[Change]) -> Change:
    total = _sum(changes)
    return Change(total.before / len(changes), total.after / len(changes))
