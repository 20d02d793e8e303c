"""Overbooking: how many more a department could book for a day, and how often that goes wrong.

Advice to people, never carried out. How many stay away follows the Poisson-binomial distribution,
exact by convolving the chances one by one. With `k` more bookings than seats, the `k` collide with
somebody as far as fewer than `k` stay away:

    P(collision) = P(N < k)        expected collisions = Σ (k − n) × P(N = n) over n < k

Seats are those of the whole day, so a patient may still wait for one to come free.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST_COLLISIONS: Final = 0.05
"""P(collision) of a day that is put up with: our own choice, for the HMO to set."""


@dataclass(frozen=True)
class Advice:
    """How many more could be booked for one day of one department.

    Attributes:
        expected_no_shows: Among those who are booked.
        extra: More bookings than seats.
        p_collision: The chance that more come than there are seats, 0–1.
        expected_collisions: How many more come than there are seats, on average.
    """

    expected_no_shows: float
    extra: int
    p_collision: float
    expected_collisions: float


def no_show_distribution(chances: Iterable[float]) -> NDArray[np.float64]:
    """The chance of 0, 1, 2 … no-shows.

    Args:
        chances: How likely each booked patient stays away, 0–1, each for themselves.

    Raises:
        ValueError: A chance is not within 0–1.
    """
    of_each = np.fromiter(chances, np.float64)
    if not np.all((of_each >= 0) & (of_each <= 1)):
        raise ValueError("a chance is 0 to 1")
    found = np.ones(1)
    for chance in of_each:
        found = np.convolve(found, (1 - chance, chance))
    return found


def with_extra(chances: Iterable[float], extra: int) -> Advice:
    """What `extra` more bookings would mean if all of them come, which is the worst case.

    Raises:
        ValueError: `extra` is negative.
    """
    if extra < 0:
        raise ValueError(f"there are no {extra} more bookings")
    return _advice(no_show_distribution(chances), extra)


def advise(chances: Iterable[float], most_collisions: float = MOST_COLLISIONS) -> Advice:
    """The most bookings beyond the seats whose chance of a collision is put up with.

    Args:
        chances: How likely each booked patient stays away, 0–1.
        most_collisions: P(collision) that is put up with, 0–1.
    """
    distribution = no_show_distribution(chances)
    # P(N < k) for k = 0, 1, 2 …: it never falls, so the last that is put up with is the most.
    fewer = np.concatenate(([0.0], np.cumsum(distribution)[:-1]))
    return _advice(distribution, int(np.searchsorted(fewer, most_collisions, side="right")) - 1)


def _advice(distribution: NDArray[np.float64], extra: int) -> Advice:
    number = np.arange(len(distribution))
    return Advice(
        float(number @ distribution),
        extra,
        min(float(distribution[:extra].sum()), 1.0),
        float(np.maximum(extra - number, 0) @ distribution),
    )
