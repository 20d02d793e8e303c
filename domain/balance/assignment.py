"""Assignment: the plan that is worth the most, over all slots and departments at once.

Each slot goes to one patient, or stays empty, and each patient gets one slot at most, in however
many departments they wait. Under these rules no other plan is worth more, to a ten-thousandth of
a unit for each slot: `scipy.optimize.linear_sum_assignment` (Crouse 2016, 10.1109/TAES.2016.140952)
solves each part of the problem that shares neither slots nor patients with any other.

Among plans of equal worth the patient counts first for whom a slot is worth most, then the longest
wait, then the smaller id; and who counts first gets the earlier slot.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from domain.balance.fitting import Fitting, Floats, Ints
from domain.balance.plan import Plan

_GRAIN: Final = 1e-4
"""Worths are told apart by so much; all that breaks ties adds up to less."""


def assign(fitting: Fitting, weights: Floats | None = None) -> Plan:
    """The plan that is worth the most.

    Args:
        fitting: Who suits what (`domain.balance.fitting.fit`).
        weights: What each candidate's worth is multiplied by for the choice alone, more than 0;
            `None` is 1. What proposals say they are worth is without it.
    """
    worths = fitting.worths if weights is None else fitting.worths * weights[fitting.candidate]
    values = np.maximum(np.round(worths / _GRAIN), 1) * _GRAIN
    ranks = _ranks(fitting, worths)
    return fitting.plan(
        pair for pairs in _parts(fitting) for pair in _solved(fitting, pairs, values, ranks)
    )


def _ranks(fitting: Fitting, worths: Floats) -> Ints:
    """The place of each candidate, by the most that a slot for them is worth; equals by wait."""
    most = np.zeros(len(fitting.candidates))
    np.maximum.at(most, fitting.candidate, worths)
    ranks = np.empty(len(most), np.int64)
    ranks[np.argsort(-most, kind="stable")] = np.arange(len(most))
    return ranks


def _parts(fitting: Fitting) -> Iterator[Ints]:
    """The pairs of each part: slots and patients that are linked by pairs, and no others."""
    if not len(fitting.slot):
        return
    slots, patients = len(fitting.slots), fitting.patients
    nodes = slots + int(patients.max()) + 1
    link = (np.ones(len(fitting.slot)), (fitting.slot, slots + patients[fitting.candidate]))
    labels = connected_components(coo_array(link, shape=(nodes, nodes)), directed=False)[1]
    part = labels[fitting.slot]
    order = np.argsort(part, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(part[order])) + 1)


def _solved(fitting: Fitting, pairs: Ints, values: Floats, ranks: Ints) -> Iterator[int]:
    """The best choice within one part, as numbers of pairs."""
    # Of a patient's several rows that suit a slot the best is written last, and stays.
    pairs = pairs[np.lexsort((-ranks[fitting.candidate[pairs]], values[pairs]))]
    slot, candidate = fitting.slot[pairs], fitting.candidate[pairs]
    slots, row = np.unique(slot, return_inverse=True)
    people, column = np.unique(fitting.patients[candidate], return_inverse=True)
    gains = np.zeros((len(slots), len(people)))
    written = np.full(gains.shape, -1, np.int64)
    first_comes = (1 - ranks[candidate] / len(ranks)) * (2 - slot / len(fitting.slots)) / 2
    gains[row, column] = values[pairs] + first_comes * _GRAIN / (2 * min(gains.shape))
    written[row, column] = pairs
    columns = _best_columns(gains)
    rows, places = linear_sum_assignment(gains[:, columns], maximize=True)
    chosen = written[rows, columns[places]]
    yield from chosen[chosen >= 0].tolist()  # the others' slots stay empty


def _best_columns(gains: Floats) -> Ints:
    """The columns among which a best choice lies: of `n` slots each needs its best `n` patients.

    If a slot had another one, fewer than `n` of its best would be taken by the other slots, and it
    could have one that is left. That saves most of the time where all compete for the same slots.
    """
    slots, people = gains.shape
    if np.count_nonzero(gains, axis=1).max() <= slots:
        return np.arange(people)
    return np.unique(np.argpartition(gains, people - slots, axis=1)[:, people - slots :])
