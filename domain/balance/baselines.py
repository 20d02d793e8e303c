"""Baselines: how slots would be given away without balancing, to compare plans with."""

from collections.abc import Iterable

import numpy as np

from domain.balance.fitting import Fitting
from domain.balance.plan import Plan


def greedy(fitting: Fitting) -> Plan:
    """As at a desk: each slot in the order it was given back, to whom it is worth most."""
    given_back = np.array([slot.backfill_id for slot in fitting.slots], np.int64)
    return _in_turn(fitting, np.lexsort((-fitting.worths, given_back[fitting.slot])).tolist())


def longest_wait_first(fitting: Fitting) -> Plan:
    """The longest wait first, and each the earliest slot that is left and suits them."""
    return _in_turn(fitting, range(len(fitting.slot)))


def best_pair_first(fitting: Fitting) -> Plan:
    """The pair that is worth most first, of all slots and patients that are left."""
    return _in_turn(fitting, np.argsort(-fitting.worths, kind="stable").tolist())


def _in_turn(fitting: Fitting, order: Iterable[int]) -> Plan:
    """Each pair in turn, if neither its slot nor its patient is taken."""
    slots, patients = fitting.slot.tolist(), fitting.patients[fitting.candidate].tolist()
    taken: set[int] = set()
    served: set[int] = set()
    chosen: list[int] = []
    for pair in order:
        if slots[pair] not in taken and patients[pair] not in served:
            taken.add(slots[pair])
            served.add(patients[pair])
            chosen.append(pair)
    return fitting.plan(chosen)
