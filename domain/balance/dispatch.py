"""Dispatch: who of those waiting gets an offer of a slot, when several are asked at once.

Few offers are accepted, so several patients are asked, and the first to accept has the slot. The
one whom the plan has for it comes first. The other seats go round: each slot in turn takes the
patient for whom it is worth most of those who have no seat yet, so that nobody is asked about two
slots at once, and no slot has three in reserve while another has none.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from domain.balance.fitting import Fitting, Ints
from domain.balance.plan import Candidate, FreeSlot, Plan


@dataclass(frozen=True)
class Wave:
    """Whom to offer a slot to at once.

    Attributes:
        candidates: The one whom the plan has for it, then the others by worth.
    """

    slot: FreeSlot
    candidates: tuple[Candidate, ...]


def by_worth(fitting: Fitting) -> Ints:
    """All pairs, those that are worth most first."""
    return np.argsort(-fitting.worths, kind="stable")


def waves(
    fitting: Fitting,
    plan: Plan,
    seats: Callable[[FreeSlot], int],
    following: Callable[[Fitting], Ints] = by_worth,
) -> tuple[Wave, ...]:
    """The first wave of each slot that the plan fills, in the plan's order.

    Args:
        fitting: What the plan was made from.
        plan: Whom each slot is for.
        seats: How many are to be asked about a slot at once; less than one counts as one.
        following: The pairs in the order in which the seats after the first are given.
    """
    asked = {proposal.candidate.patient_id for proposal in plan.proposals}
    others = _in_order(fitting, following(fitting))
    wave = [[proposal.candidate] for proposal in plan.proposals]
    wanted = [max(seats(proposal.slot), 1) for proposal in plan.proposals]
    for seat in range(1, max(wanted, default=1)):
        for proposal, candidates, most in zip(plan.proposals, wave, wanted, strict=True):
            suited = others[proposal.slot.backfill_id]
            one = next((one for one in suited if one.patient_id not in asked), None)
            if one is not None and seat < most:
                asked.add(one.patient_id)
                candidates.append(one)
    return tuple(
        Wave(proposal.slot, tuple(candidates))
        for proposal, candidates in zip(plan.proposals, wave, strict=True)
    )


def _in_order(fitting: Fitting, pairs: Ints) -> dict[int, Iterator[Candidate]]:
    """Whom each slot, told by its backfill, suits, in the order of the pairs; to be taken once."""
    suited: dict[int, list[Candidate]] = defaultdict(list)
    for pair in pairs.tolist():
        slot = fitting.slots[int(fitting.slot[pair])]
        suited[slot.backfill_id].append(fitting.candidates[int(fitting.candidate[pair])])
    return defaultdict(lambda: iter(()), {slot: iter(all_) for slot, all_ in suited.items()})
