"""How time is taken: medians of many rounds, rivals in turn, so both meet the same noise."""

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter

Work = Callable[[], object]


def medians(*works: Work, rounds: int) -> list[float]:
    """The median milliseconds of each work, done in turn."""
    taken: list[list[float]] = [[] for _ in works]
    warm_up = max(2, rounds // 10)
    for number in range(-warm_up, rounds):
        for work, times in zip(works, taken, strict=True):
            began = perf_counter()
            work()
            if number >= 0:
                times.append((perf_counter() - began) * 1000)
    return [median(times) for times in taken]


async def medians_of_tasks(*works: Callable[[], Awaitable[object]], rounds: int) -> list[float]:
    """The same for what has to be awaited."""
    taken: list[list[float]] = [[] for _ in works]
    warm_up = max(1, rounds // 10)
    for number in range(-warm_up, rounds):
        for work, times in zip(works, taken, strict=True):
            began = perf_counter()
            await work()
            if number >= 0:
                times.append((perf_counter() - began) * 1000)
    return [median(times) for times in taken]


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, on one core, where the system can do that.

    The threads of a Python program take turns. If they wander between cores, each turn costs more,
    and how much depends on who else is busy.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[number % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
