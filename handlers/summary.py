"""`/summary`: the day at a glance, by role. Everybody gets it pushed once a day.

It is a report as of the time in its first line, and is not kept true afterwards: thousands lie
open at once. Its buttons lead to what holds when they are pressed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from domain.people import Member, Role
from handlers import admin_morning, manager_morning, staff_morning, words
from handlers.addresses import split
from handlers.screens import Screen, Visit, button
from storage.mornings import PUSHED_SUMMARY

SUMMARY: Final = PUSHED_SUMMARY

_PARTS: Final[Mapping[Role, Callable[[Visit], Awaitable[Screen]]]] = MappingProxyType(
    {
        Role.STAFF: staff_morning.summary,
        Role.MANAGER: manager_morning.summary,
        Role.ADMIN: admin_morning.summary,
    }
)


def is_slow(member: Member, address: str) -> bool:
    """Whether the screen is one that may need a picture, so that waiting should be shown."""
    return split(address)[0] == SUMMARY and member.role is Role.MANAGER


async def summary(visit: Visit, _arguments: Sequence[str]) -> Screen:
    """What the visitor's role needs to know at the beginning of a day."""
    now, zone = visit.desk.clock.now(), visit.desk.house.calendar.zone
    heading = f"{words.greeting(now, zone)} · {words.short_moment(now, zone)}"
    part = await _PARTS[visit.member.role](visit)
    return replace(
        part,
        text=f"{words.bold(heading)}\n{part.text}",
        buttons=[*part.buttons, [button("Refresh", SUMMARY)]],
        address=SUMMARY,
    )
