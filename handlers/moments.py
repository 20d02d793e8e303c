"""Moments: in the same minute and of the same data, people of one role are told alike."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlmodel import Session

from handlers.screens import Visit
from storage.density import outcomes_version
from storage.efficiency import figures_version

T = TypeVar("T")


async def told_alike(visit: Visit, what: str, make: Callable[[], Awaitable[T]]) -> T:
    """What `make` finds, made once for all who see the same departments in the same role.

    Args:
        visit: Who asks.
        what: The name of what is asked for.
        make: Finds what depends on role, departments, data and the minute alone.
    """
    versions = await visit.desk.store.read(_versions)
    minute = int(visit.desk.clock.now().timestamp()) // 60
    key = (what, visit.member.role, visit.member.departments, versions, minute)
    return await visit.desk.shared.get(key, make)


def _versions(session: Session) -> tuple[int, int]:
    return figures_version(session, None), outcomes_version(session)
