"""Overload: departments whose waiting patients need more time than is free, and who could help.

Hours are set off within each department first, narrow uses before broad ones. What is then short
in one department is matched with what is still free elsewhere, for the same kind of visit. These
are proposals to people: nobody is moved by them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from domain.days import Span

SHORTEST_MOVE: Final = 1.0
"""Hours below which it is not worth asking anybody to work elsewhere: our own choice."""

_GRAIN: Final = 1e-6
"""Hours that are lost when thirds of them are added up and taken away."""


@dataclass(frozen=True)
class Need:
    """Time that patients wait for in a department.

    Attributes:
        visit_type: What they wait for; `None`: any visit of the department.
        hours: Needed within the days that are looked at.
    """

    department_id: int
    visit_type: str | None
    hours: float


@dataclass(frozen=True)
class OpenSession:
    """A clinician's session that has time left.

    Attributes:
        department_id: Where it is held.
        day: Of the HMO's calendar.
        free_hours: Not booked, and not among the slots being offered.
        visit_types: What the clinician offers in it; empty: any visit of its own department.
    """

    session_id: int
    clinician_id: int
    department_id: int
    day: date
    free_hours: float
    visit_types: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Overload:
    """Hours of a kind of visit that a department is short of; `None`: of any."""

    department_id: int
    visit_type: str | None
    hours: float


@dataclass(frozen=True)
class Move:
    """A clinician who could work elsewhere for some hours of a session.

    Attributes:
        to: The department that is short.
        visit_type: Of what.
    """

    session_id: int
    clinician_id: int
    from_department: int
    to: int
    day: date
    visit_type: str
    hours: float


@dataclass(frozen=True)
class Relief:
    """Who is overloaded, and who could help.

    Attributes:
        overloads: The worst first.
        moves: In the order of overloads, then days; together no more than is short or free.
    """

    overloads: tuple[Overload, ...]
    moves: tuple[Move, ...]


def relief(needs: Iterable[Need], sessions: Iterable[OpenSession], span: Span) -> Relief:
    """Find overloaded departments, and clinicians elsewhere who have time for the same visits.

    Args:
        needs: Of all departments; equal ones are added up.
        sessions: Of all departments; those outside `span` are left out.
        span: The days to look at.
    """
    within = [session for session in sessions if span.first <= session.day <= span.last]
    # Narrow sessions first, so that the broad ones are left for what only they can do.
    within.sort(key=lambda one: (not one.visit_types, len(one.visit_types), *_by_day(one)))
    free = {session.session_id: session.free_hours for session in within}
    overloads = _overloads(needs, within, free)
    moves = [move for overload in overloads for move in _moves(overload, within, free)]
    return Relief(tuple(overloads), tuple(moves))


def _overloads(
    needs: Iterable[Need], sessions: Sequence[OpenSession], free: dict[int, float]
) -> list[Overload]:
    """What is short once each department has used its own time, which is taken from `free`."""
    wanted: dict[tuple[int, str | None], float] = {}
    for need in needs:
        key = need.department_id, need.visit_type
        wanted[key] = wanted.get(key, 0.0) + need.hours
    # A need for anything comes last, and takes first what can least be used elsewhere.
    for key in sorted(wanted, key=lambda key: (key[0], key[1] is None, key[1] or "")):
        department, kind = key
        for session in sessions if kind else reversed(sessions):
            takes = not session.visit_types or kind is None or kind in session.visit_types
            if session.department_id == department and takes:
                used = min(free[session.session_id], wanted[key])
                free[session.session_id] -= used
                wanted[key] -= used
    short = [Overload(*key, hours) for key, hours in wanted.items() if hours > _GRAIN]
    return sorted(short, key=lambda one: (-one.hours, one.department_id, one.visit_type or ""))


def _moves(
    overload: Overload, sessions: Sequence[OpenSession], free: dict[int, float]
) -> Iterable[Move]:
    """Sessions elsewhere that name the kind of visit, the earliest day first."""
    short, kind = overload.hours, overload.visit_type
    for session in sorted(sessions, key=_by_day):
        hours = min(short, free[session.session_id])
        elsewhere = session.department_id != overload.department_id
        if kind is None or kind not in session.visit_types or not elsewhere:
            continue
        if hours < SHORTEST_MOVE - _GRAIN:
            continue
        short -= hours
        free[session.session_id] -= hours
        yield Move(
            session.session_id,
            session.clinician_id,
            session.department_id,
            overload.department_id,
            session.day,
            kind,
            hours,
        )


def _by_day(session: OpenSession) -> tuple[date, int]:
    return session.day, session.session_id
